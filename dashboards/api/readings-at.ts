import { Type } from 'typebox'
import { ModeSchema } from '../../core/mode.ts'
import type { ReadingAt } from '../../core/history.ts'
import { metricOf } from '../../core/metrics.ts'
import { isBad, qualityOf, reasonOf } from '../../core/quality.ts'
import { expectedPeriodMs, IdSchema, type Device } from '../../core/registry.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { chosenDevices } from './places-of.ts'

const DAY = 86_400_000
/** A value stands for at most this many of the device's expected periods, then nothing is known (semantics 13). */
const HOLD_PERIODS = 3

const QuerySchema = Type.Object({
  at: Type.Integer({ description: 'the moment, ms UTC', examples: [1767225600000] }),
  enterpriseId: Type.Optional(IdSchema),
  zoneId: Type.Optional(IdSchema),
  device: Type.Optional(IdSchema),
  metric: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: 200, description: 'repeatable' })),
  lookBackMs: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 31 * DAY, description: 'how old the last reading shown may be; default one day' }),
  ),
  mode: Type.Optional(ModeSchema),
})

/** What stood on the wall at a moment. */
export function readingAtCalls(app: Api, context: Context): void {
  const { history, journal, registry, config } = context

  app.get(
    '/readings/at',
    {
      schema: {
        tags: ['readings'],
        summary:
          'What every device of a plant, a zone or all read at a moment. `known`: a reading not bad and not older than 3 expected ' +
          'periods; else `unknown`, with `why` (`too-old`, `bad`, `no-reading`, `summed`: only mean, min and max of its minute or hour are left) and the last reading beside it, whose `value` is ' +
          'then in `lastValue`. `arrivedLater`: we received it only after the moment',
        querystring: QuerySchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const throughPos = journal.head()
      const { at, metric: metrics = [], mode = config.mode, lookBackMs = DAY, ...chosen } = request.query
      const devices = new Map(chosenDevices(context, caller, chosen).map((device) => [device.id, device]))
      const inUse = [...devices.values()].filter(({ retiredAt }) => retiredAt === null || retiredAt > at).map(({ id }) => id)
      const found = await history.at({ mode, devices: inUse, metrics, at, since: at - lookBackMs, throughPos })
      const readings = found.map((one) => shown(one, devices.get(one.device)!, at))
      const known = readings.filter(({ state }) => state === 'known').length
      return { at, mode, known, unknown: readings.length - known, readings }
    },
  )

  function shown({ metric, reading, summed }: ReadingAt, device: Device, at: number) {
    const { id, name, enterpriseId, zoneId } = device
    const about = { device: id, name, enterpriseId, zoneId, metric, unit: metricOf(metric)?.unit ?? null }
    if (summed) return { ...about, state: 'unknown', why: 'summed', value: null, summed }
    if (!reading) return { ...about, state: 'unknown', why: 'no-reading', value: null }
    const { value, measuredAt, receivedAt, quality } = reading
    const ageMs = at - measuredAt
    const tooOld = ageMs > HOLD_PERIODS * expectedPeriodMs(registry.devices.get(id) ?? device)
    const why = isBad(quality) ? 'bad' : tooOld ? 'too-old' : null
    const reason = reasonOf(quality)
    return {
      ...about,
      state: why === null ? 'known' : 'unknown',
      why,
      value: why === null ? value : null,
      lastValue: value,
      measuredAt,
      receivedAt,
      ageMs,
      quality: qualityOf(quality),
      reason: reason === 'none' ? null : reason,
      arrivedLater: receivedAt > at,
    }
  }
}
