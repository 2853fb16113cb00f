import type { Alarm } from '../../core/alarm.ts'
import { severity } from '../../core/level.ts'
import type { LiveDevice, OnlineState } from '../../core/live.ts'

export type DeviceCounts = Record<OnlineState, number> & { all: number }

const silence: Record<OnlineState, number> = { stale: 0, offline: 1, never: 2, online: 3 }

const collator = new Intl.Collator('zh-CN', { numeric: true })

/** By name, `2` before `10`. Slow for thousands, so done when devices change, not when alarms do. */
export const sortByName = (devices: Iterable<LiveDevice>): LiveDevice[] =>
  [...devices].sort((a, b) => collator.compare(a.name, b.name) || (a.id < b.id ? -1 : 1))

/** In alarm first (worst first), then those that fell silent, then the others; among equals the order they came in. */
export function orderDevices(devices: readonly LiveDevice[], worst: ReadonlyMap<string, Alarm>): LiveDevice[] {
  const rank = (device: LiveDevice): number => {
    const alarm = worst.get(device.id)
    return alarm ? -severity[alarm.level] : silence[device.state]
  }
  return devices
    .map((device) => ({ device, rank: rank(device) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ device }) => device)
}

export function countDevices(devices: Iterable<LiveDevice>): DeviceCounts {
  const counts: DeviceCounts = { online: 0, stale: 0, offline: 0, never: 0, all: 0 }
  for (const { state } of devices) {
    counts[state]++
    counts.all++
  }
  return counts
}
