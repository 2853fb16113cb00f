import { Type, type Static } from 'typebox'
import { LevelSchema } from '../../core/rule.ts'
import type { DeviceRule } from './rule.ts'

const OptionsSchema = Type.Object({
  level: LevelSchema,
  clearAfterMs: Type.Number({
    minimum: 0,
    maximum: 86_400_000,
    default: 600_000,
    description: 'believable stamps for this long end it',
  }),
})

/** Breaches when a device sends stamps nobody can believe; one alarm per device however many readings carry them. */
export const wrongClock: DeviceRule<Static<typeof OptionsSchema>> = {
  name: 'wrong-clock',
  over: 'device',
  options: OptionsSchema,
  needsMetric: false,
  complete: () => ({}),
  check: () => null,

  step({ level, clearAfterMs }, { at, heardAt, clockSuspectAt }) {
    if (clockSuspectAt === null) return { verdict: 'unchanged', wakeAt: null }
    if (at - clockSuspectAt < clearAfterMs || clockSuspectAt === at) {
      return { verdict: { level, limitName: null, limit: null }, wakeAt: null }
    }
    return { verdict: heardAt - clockSuspectAt >= clearAfterMs ? 'clear' : 'unchanged', wakeAt: null }
  },
}
