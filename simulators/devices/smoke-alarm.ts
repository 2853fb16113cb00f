import { jitter, rounded, uniform, wander, type DeviceModel } from './device.ts'

const HOUR = 3_600_000

/** A wireless smoke alarm: what its chamber sees, whether it calls fire, its battery. */
export const smokeAlarm: DeviceModel = {
  kind: 'smoke-alarm',
  periodMs: () => 30_000,
  historyPeriodMs: () => ({ smokeObscuration: HOUR / 4, fireAlarm: HOUR, batteryPct: HOUR }),

  values(unit, { at }) {
    const dust = 0.015 + 0.01 * uniform(unit.seed) + 0.006 * wander(unit.seed, at, HOUR) + 0.002 * jitter(unit.seed, at)
    const month = 30 * 24 * HOUR
    const battery = 74 + Math.floor(uniform(unit.seed, 7) * 22) - (Math.floor(at / month + uniform(unit.seed, 8)) % 12)
    return { smokeObscuration: rounded(dust, 3), fireAlarm: 0, batteryPct: battery }
  },
}
