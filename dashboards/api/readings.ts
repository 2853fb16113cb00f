import { Type } from 'typebox'
import { Invalid, NotFound } from '../../core/errors.ts'
import { aggregates } from '../../core/history.ts'
import { ModeSchema } from '../../core/mode.ts'
import { IdSchema } from '../../core/registry.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { verdictIntervals, withVerdicts } from '../engine-verdicts.ts'

const MAX_POINTS = 100_000
/** A question for more is refused with a step that fits; with `limit` it is answered page by page however long. */
const MOST_POINTS = 1_000_000
const HOUR = 3_600_000
const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: HOUR, d: 24 * HOUR }
const TimeSchema = (what: string) => Type.Optional(Type.Integer({ description: `${what}, ms UTC`, examples: [1767225600000] }))

const QuerySchema = Type.Object({
  device: Type.Optional(IdSchema),
  metric: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: 200, description: 'repeatable; default all' }),
  ),
  from: TimeSchema('from ≤ t; default one hour before `to`'),
  to: TimeSchema('t < to; default now'),
  every: Type.Optional(Type.String({ description: 'bucket width: 60s, 5m, 1h, 1d', examples: ['60s'] })),
  fn: Type.Optional(Type.Enum([...aggregates], { description: 'default mean' })),
  quality: Type.Optional(
    Type.Boolean({
      description:
        'points as [ms, value, quality, reason]; of one device, as measured, with what the engine found afterwards: `jump`, `stuck`',
    }),
  ),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_POINTS, description: 'most points in one answer', examples: [1000] }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 2_000 })),
  mode: Type.Optional(ModeSchema),
})

export function readingCalls(app: Api, context: Context): void {
  const { alarmBook, history, journal, live, registry, config, clock } = context

  app.get(
    '/readings',
    {
      schema: {
        tags: ['readings'],
        summary:
          'History of one device or all, ascending; as measured or by bucket. Everything acknowledged before the call is in. Where ' +
          'readings are gone and sums of them kept, `resolution` says before when points are one a minute or an hour (their mean ' +
          'without `fn`). A question for more than 1,000,000 points without `limit` is refused with `details.suggestedEvery`',
        querystring: QuerySchema,
      },
    },
    async (request, reply) => {
      const caller = callerOf(context, request, 'read')
      // Asked before anything else, so that it covers what was acknowledged before the call.
      const throughPos = journal.head()
      const { device = null, metric: metrics = [], quality, cursor, mode = config.mode, fn, limit } = request.query
      if (device !== null) {
        const row = registry.devices.get(device)
        if (!row || !sees(caller, row.enterpriseId)) throw new NotFound(`there is no device ${device}`)
      }
      const to = request.query.to ?? clock.now() + 1
      const from = request.query.from ?? to - HOUR
      if (from >= to)
        throw new Invalid('invalid', 'from must be before to, both in milliseconds UTC', { field: 'from', from, to })
      const every = bucketMs(request.query.every)
      if (fn !== undefined && every === undefined)
        throw new Invalid('invalid', 'fn goes with every; for example every=60s&fn=mean', { field: 'every' })
      const devices =
        device === null && !caller.sight.isWhole
          ? [...registry.devices.values()].filter(({ enterpriseId }) => sees(caller, enterpriseId)).map(({ id }) => id)
          : undefined
      const { json } = await history.readings({
        mode,
        device,
        metrics,
        from,
        to,
        zone: config.zone,
        throughPos,
        maxPoints: limit ?? MAX_POINTS,
        ...(limit === undefined && cursor === undefined && { mostPoints: MOST_POINTS }),
        ...(devices && { devices }),
        ...(every !== undefined && { every, fn: fn ?? 'mean' }),
        ...(quality && { quality }),
        ...(cursor !== undefined && { cursor }),
      })
      const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength)
      reply.type('application/json; charset=utf-8')
      if (!quality || device === null || every !== undefined) return reply.send(bytes)
      const verdicts = await verdictIntervals(alarmBook, (id) => live.rules.get(id), { mode, device, from, to })
      if (verdicts.length === 0) return reply.send(bytes)
      return reply.send(
        JSON.stringify(withVerdicts(JSON.parse(bytes.toString()) as Parameters<typeof withVerdicts>[0], verdicts)),
      )
    },
  )
}

function bucketMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, number, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? []
  const width = Number(number) * (unitMs[unit ?? ''] ?? Number.NaN)
  if (!(width >= 1))
    throw new Invalid(
      'invalid',
      `every is ${JSON.stringify(text)}: it must be a number and a unit, ms, s, m, h or d; for example 60s`,
      { field: 'every', example: '60s' },
    )
  return width
}
