import { Type } from 'typebox'
import { NotFound } from '../../core/errors.ts'
import type { Measures } from '../../core/measures.ts'
import { ModeSchema } from '../../core/mode.ts'
import { reportPeriods } from '../../core/performance.ts'
import { IdSchema } from '../../core/registry.ts'
import { callerOf, onlySeen, sees, type Api, type Context } from '../context.ts'

const DAY = 86_400_000
const TimeSchema = (what: string) => Type.Optional(Type.Integer({ description: `${what}, ms UTC`, examples: [1767225600000] }))

const QuerySchema = Type.Object({
  from: TimeSchema('from ≤ t; default seven days before `to`'),
  to: TimeSchema('t < to; default now'),
  by: Type.Optional(Type.Enum([...reportPeriods], { description: 'default day; the range is widened to whole ones' })),
  shifts: Type.Optional(
    Type.String({
      maxLength: 60,
      description: 'local times at which a shift begins; default 08:00,20:00',
      examples: ['08:00,20:00'],
    }),
  ),
  region: Type.Optional(Type.String({ pattern: '^[0-9]{2,12}$', description: 'the area of one desk', examples: ['330106'] })),
  enterpriseId: Type.Optional(IdSchema),
  mode: Type.Optional(ModeSchema),
})

export function reportCalls(api: Api, context: Context, measures: Measures): void {
  const { clock, config, live, registry } = context

  api.get(
    '/reports/alarm-performance',
    {
      schema: {
        tags: ['reports'],
        summary: 'How well a desk was alarmed (ISA-18.2, EEMUA 191), by shift, day or week, from the record',
        querystring: QuerySchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const { mode = config.mode, by = 'day', region, enterpriseId, shifts } = request.query
      if (enterpriseId !== undefined && !sees(caller, enterpriseId)) throw new NotFound(`there is no enterprise ${enterpriseId}`)
      const to = request.query.to ?? clock.now() + 1
      const report = await measures.alarmPerformance({
        ...{ mode, by, to, from: request.query.from ?? to - 7 * DAY, shifts: shifts?.split(',') ?? [] },
        ...(region !== undefined && { region }),
        ...onlySeen(caller, enterpriseId),
      })
      const named = [...report.top, ...report.staleNow]
      const names = <Row>(ids: string[], row: (id: string) => Row | undefined) =>
        Object.fromEntries([...new Set(ids)].flatMap((id) => (row(id) === undefined ? [] : [[id, row(id)!]])))
      return {
        ...report,
        names: {
          devices: names(
            named.map(({ deviceId }) => deviceId),
            (id) => registry.devices.get(id)?.name,
          ),
          enterprises: names(
            named.map(({ enterpriseId: id }) => id),
            (id) => registry.enterprises.get(id)?.name,
          ),
          rules: names(
            named.map(({ ruleId }) => ruleId),
            (id) => live.rules.get(id)?.title,
          ),
        },
      }
    },
  )
}
