import { rounded, uniform, wander, type DeviceModel } from './device.ts'

const MINUTE = 60_000

/** An edge gateway speaks for the devices behind it; of itself it says how well it hears the network. */
export const gateway: DeviceModel = {
  kind: 'gateway',
  periodMs: () => 10_000,
  historyPeriodMs: () => ({ signalDbm: 5 * MINUTE }),
  values: (unit, { at }) => ({ signalDbm: rounded(-78 + 10 * uniform(unit.seed) + 4 * wander(unit.seed, at, 20 * MINUTE), 0) }),
}
