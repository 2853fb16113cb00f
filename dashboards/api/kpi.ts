import { Type } from 'typebox'
import { Conflict, Invalid, NotFound } from '../../core/errors.ts'
import { KpiDefinitionSchema } from '../../core/kpi.ts'
import type { Measures } from '../../core/measures.ts'
import { ModeSchema } from '../../core/mode.ts'
import { IdSchema } from '../../core/registry.ts'
import { callerOf, onlySeen, sees, type Api, type Context } from '../context.ts'

const DAY = 86_400_000
const MOST_POINTS = 100_000

const QuerySchema = Type.Object({
  day: Type.Optional(
    Type.String({
      pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
      description: 'a day of the deployment’s zone; default today, so far',
      examples: ['2026-01-31'],
    }),
  ),
  region: Type.Optional(
    Type.String({ pattern: '^[0-9]{2,12}$', description: 'a division code or a prefix of one', examples: ['330106'] }),
  ),
  sector: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })),
  enterpriseId: Type.Optional(IdSchema),
  mode: Type.Optional(ModeSchema),
})

const PutSchema = Type.Object(
  {
    version: Type.Integer({ minimum: 0, description: 'the version you saw', examples: [1] }),
    definitions: Type.Array(KpiDefinitionSchema, { maxItems: 200 }),
  },
  { additionalProperties: false },
)

export function kpiCalls(api: Api, context: Context, measures: Measures): void {
  const { config, recorder } = context

  api.get(
    '/kpi',
    {
      schema: {
        tags: ['kpi'],
        summary:
          'Rates of a day (入网率 上线率 数据合规率 投用率 接入率) with formula, population, target and source; null is not known, never 0',
        querystring: QuerySchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const { mode = config.mode, enterpriseId, ...asked } = request.query
      if (enterpriseId !== undefined && !sees(caller, enterpriseId)) throw new NotFound(`there is no enterprise ${enterpriseId}`)
      const query = { ...asked, mode, ...onlySeen(caller, enterpriseId) }
      const answer = await measures.kpi(query)
      if (answer.source?.facts !== 'none') return answer
      // Nobody counted that day as it came; history may know who sent.
      return measures.kpi({ ...query, readings: await readingsOf(context, mode, answer.from, answer.to) })
    },
  )

  api.get(
    '/kpi/definitions',
    { schema: { tags: ['kpi'], summary: 'The rates in force: formula, population, dated targets, source' } },
    async (request) => {
      callerOf(context, request, 'read')
      return measures.kpiDefinitions()
    },
  )

  api.put(
    '/kpi/definitions',
    {
      schema: {
        tags: ['kpi'],
        summary: 'Put other rates or targets in force, from today on; days that are over keep theirs',
        body: PutSchema,
      },
    },
    (request) => {
      const caller = callerOf(context, request, 'tune')
      const { version, definitions } = request.body
      return recorder.inTurn('kpi definitions', async () => {
        const current = await measures.kpiDefinitions()
        if (version !== current.version) {
          const message = `the rates have changed since you saw them: they are at version ${current.version}`
          throw new Conflict('stale-version', message, { current })
        }
        const twice = definitions.find(({ id }, i) => definitions.findIndex((one) => one.id === id) !== i)
        if (twice) throw new Invalid('invalid', `definitions: ${twice.id} is there twice`, { field: 'definitions' })
        await recorder.write([{ kind: 'kpi.set', version: version + 1, origin: 'person', definitions, by: caller.id }])
        return measures.kpiDefinitions()
      })
    },
  )
}

/** How many readings history has of each device, by when they were measured. */
async function readingsOf({ history, journal, config }: Context, mode: string, from: number, to: number) {
  const counts: Record<string, number> = {}
  const query = { mode, device: null, metrics: [], from, to, every: DAY, fn: 'count' as const, zone: config.zone }
  for (let cursor: string | undefined; ;) {
    const throughPos = journal.head()
    const { json } = await history.readings({
      ...query,
      throughPos,
      maxPoints: MOST_POINTS,
      ...(cursor !== undefined && { cursor }),
    })
    const { series, next } = JSON.parse(new TextDecoder().decode(json)) as {
      series: { device: string; points: [number, number][] }[]
      next?: string
    }
    for (const { device, points } of series) counts[device] = points.reduce((sum, [, count]) => sum + count, counts[device] ?? 0)
    if (next === undefined) return counts
    cursor = next
  }
}
