import { Type, type Static } from 'typebox'
import { LevelSchema } from '../../core/rule.ts'
import type { DeviceRule } from './rule.ts'

const OptionsSchema = Type.Object({
  level: LevelSchema,
  periods: Type.Number({ minimum: 1, maximum: 1000, default: 3, description: "so many of the device's expected periods" }),
})

/** Breaches when a device that has reported before sends nothing for so many of its periods while we were listening. */
export const silent: DeviceRule<Static<typeof OptionsSchema>> = {
  name: 'silent',
  over: 'device',
  options: OptionsSchema,
  needsMetric: false,
  complete: () => ({}),
  check: () => null,

  step({ level, periods }, { at, heardAt, countFrom, expectedPeriodMs }) {
    const allowedMs = periods * expectedPeriodMs
    if (at - countFrom >= allowedMs) return { verdict: { level, limitName: null, limit: null }, wakeAt: null }
    const wakeAt = Number.isFinite(countFrom) ? countFrom + allowedMs : null
    // A fresh grace period is not a sign of life: only data ends a silence.
    return { verdict: at - heardAt < allowedMs ? 'clear' : 'unchanged', wakeAt }
  },
}
