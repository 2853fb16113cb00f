import { Type } from 'typebox'
import { Conflict, Invalid, NotFound } from '../../core/errors.ts'
import type { Measures } from '../../core/measures.ts'
import { ModeSchema } from '../../core/mode.ts'
import { IdSchema, type Registry } from '../../core/registry.ts'
import { riskColours, RiskWeightsSchema, riskSubjects, type RiskState } from '../../core/risk.ts'
import type { Caller } from '../access.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'

const RiskIdSchema = Type.String({ minLength: 3, maxLength: 200, examples: ['zone:z-7k3m9q'] })
const ByIdSchema = Type.Object({ id: RiskIdSchema })
const TimeSchema = Type.Optional(Type.Integer({ description: 'ms UTC: from ≤ t < to', examples: [1767225600000] }))
const ListSchema = Type.Object({
  mode: Type.Optional(ModeSchema),
  subject: Type.Optional(Type.Enum([...riskSubjects])),
  colour: Type.Optional(Type.Enum([...riskColours])),
  enterpriseId: Type.Optional(IdSchema),
})
const OneSchema = Type.Object({ mode: Type.Optional(ModeSchema) })
const HistorySchema = Type.Object({
  mode: Type.Optional(ModeSchema),
  from: TimeSchema,
  to: TimeSchema,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, examples: [100] })),
  cursor: Type.Optional(Type.Integer({ minimum: 1, description: '`next` of the answer before' })),
})
const PutSchema = Type.Object(
  { version: Type.Integer({ minimum: 0, description: 'the version you saw', examples: [1] }), weights: RiskWeightsSchema },
  { additionalProperties: false },
)

/** Worst first: red before orange, unknown before blue; then the higher index. */
const order = (a: RiskState, b: RiskState) =>
  rank[a.colour] - rank[b.colour] || (b.index ?? 0) - (a.index ?? 0) || (a.id < b.id ? -1 : 1)
const rank: Record<RiskState['colour'], number> = { red: 0, orange: 1, yellow: 2, unknown: 3, blue: 4 }

export function riskCalls(api: Api, context: Context, measures: Measures): void {
  const { config, registry, recorder } = context
  const tags = ['risk']

  /** Sectors and regions are about others too: for those who answer for them as a whole. */
  const seen = (caller: Caller, { subject, id, enterpriseId }: RiskState) => {
    const own = id.slice(subject.length + 1)
    if (subject === 'sector') return caller.sight.coversSector(own)
    if (subject === 'region') return caller.sight.coversRegion(own)
    return sees(caller, enterpriseId)
  }

  api.get(
    '/risk',
    {
      schema: {
        tags,
        summary: 'Live risk index of every zone, enterprise, sector and region, worst first. Unknown is never blue',
        querystring: ListSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const { mode = config.mode, subject, colour, enterpriseId } = request.query
      const all = (await measures.risks(mode)).filter(
        (state) =>
          seen(caller, state) &&
          (subject === undefined || state.subject === subject) &&
          (enterpriseId === undefined || state.enterpriseId === enterpriseId),
      )
      const states = all.filter((state) => colour === undefined || state.colour === colour)
      const counts = Object.fromEntries(riskColours.map((one) => [one, all.filter((state) => state.colour === one).length]))
      return { counts, risks: states.sort(order).map((state) => ({ ...state, name: nameOf(state, registry) })) }
    },
  )

  api.get(
    '/risk/weights',
    { schema: { tags, summary: 'The weights in force, with their version and who set them' } },
    async (request) => {
      callerOf(context, request, 'read')
      return measures.riskWeights()
    },
  )

  api.put(
    '/risk/weights',
    { schema: { tags, summary: 'Put other weights in force; every change is a version in the record', body: PutSchema } },
    (request) => {
      const caller = callerOf(context, request, 'tune')
      const { version, weights } = request.body
      return recorder.inTurn('risk weights', async () => {
        const current = await measures.riskWeights()
        if (version !== current.version) {
          throw new Conflict(
            'stale-version',
            `the weights have changed since you saw them: they are at version ${current.version}`,
            {
              current,
            },
          )
        }
        const fault = await measures.checkRiskWeights(weights)
        if (fault) throw new Invalid('invalid', `weights.${fault.path}: ${fault.message}`, { field: `weights.${fault.path}` })
        await recorder.write([{ kind: 'risk.weights', version: version + 1, origin: 'person', weights, by: caller.id }])
        return measures.riskWeights()
      })
    },
  )

  const find = async (mode: string, id: string, caller: Caller) => {
    const found = await measures.risk(mode, id)
    if (!found || !seen(caller, found)) throw new NotFound(`there is no risk index ${id}`)
    return found
  }

  api.get(
    '/risk/:id',
    {
      schema: {
        tags,
        summary: 'Why it has its colour: each contribution with its numbers, and what would make it blue',
        params: ByIdSchema,
        querystring: OneSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const found = await find(request.query.mode ?? config.mode, request.params.id, caller)
      const enterprises = found.enterprises?.map((one) => ({ ...one, name: registry.enterprises.get(one.id)?.name ?? one.id }))
      return { ...found, name: nameOf(found, registry), ...(enterprises && { enterprises }) }
    },
  )

  api.get(
    '/risk/:id/history',
    {
      schema: {
        tags,
        summary: 'Every change of the index, newest first, with what it was made of',
        params: ByIdSchema,
        querystring: HistorySchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const { mode = config.mode, from, to, limit = 100, cursor } = request.query
      const { id } = request.params
      await find(mode, id, caller)
      const range = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
      return measures.riskHistory({ mode, id, limit, ...range, ...(cursor !== undefined && { before: cursor }) })
    },
  )
}

function nameOf({ subject, id }: RiskState, registry: Registry): string {
  const own = id.slice(subject.length + 1)
  if (subject === 'zone') return registry.zones.get(own)?.name ?? own
  return subject === 'enterprise' ? (registry.enterprises.get(own)?.name ?? own) : own
}
