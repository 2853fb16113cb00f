import { daily, jitter, rounded, uniform, wander, type DeviceModel } from './device.ts'

const HOUR = 3_600_000

/** A smart hydrant cap: pressure of the main below it, whether somebody opened it, its battery. */
export const hydrant: DeviceModel = {
  kind: 'hydrant',
  periodMs: () => 10_000,
  historyPeriodMs: () => ({ pressureMpa: HOUR / 12, capOpen: HOUR, batteryPct: HOUR }),

  values(unit, { at }) {
    // People draw water in the morning and the evening; at night the main stands highest.
    const demand = 0.012 * daily(at, 3) + 0.006 * daily(2 * at, 6)
    const pressure =
      0.33 + 0.06 * uniform(unit.seed) + demand + 0.005 * wander(unit.seed, at, HOUR / 6) + 0.002 * jitter(unit.seed, at)
    return { pressureMpa: rounded(pressure, 3), capOpen: 0, batteryPct: battery(unit.seed, at) }
  },
}

/** Lithium cells lose about one percent a month. */
const battery = (seed: number, at: number) => {
  const month = 30 * 24 * HOUR
  return 78 + Math.floor(uniform(seed, 7) * 20) - (Math.floor(at / month + uniform(seed, 8)) % 12)
}
