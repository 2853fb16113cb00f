import type { Alarm } from '../../core/alarm.ts'
import { deviceKindNames, isDeviceKind } from '../../core/device-kind.ts'
import { severity } from '../../core/level.ts'
import type { LiveDevice, OnlineState } from '../../core/live.ts'

/** `testing`: heard, but what it says is a test; it stands for nothing normal */
export type DeviceCounts = Record<OnlineState | 'testing', number> & { all: number }

const silence: Record<OnlineState, number> = { stale: 0, offline: 1, never: 2, online: 3 }
const collator = new Intl.Collator('zh-CN', { numeric: true })
const kindRank = (kind: string): number => (isDeviceKind(kind) ? deviceKindNames.indexOf(kind) : deviceKindNames.length)
const byName = (a: LiveDevice, b: LiveDevice): number =>
  kindRank(a.kind) - kindRank(b.kind) || collator.compare(a.name, b.name) || (a.id < b.id ? -1 : 1)

/** Places of devices in a table without alarms: by kind, then by name, `2` before `10`. Comparing names is slow, so it is done only when names change. */
export class DeviceOrder {
  #devices: ReadonlyMap<string, LiveDevice> = new Map()
  #ids: string[] = []

  /** Those that fell silent first, then the others. */
  of(devices: ReadonlyMap<string, LiveDevice>): LiveDevice[] {
    if (!this.#sameNames(devices)) this.#ids = [...devices.values()].sort(byName).map(({ id }) => id)
    this.#devices = devices
    const byState: LiveDevice[][] = [[], [], [], []]
    for (const id of this.#ids) {
      const device = devices.get(id)!
      byState[silence[device.state]]!.push(device)
    }
    return byState.flat()
  }

  #sameNames(devices: ReadonlyMap<string, LiveDevice>): boolean {
    if (devices.size !== this.#devices.size) return false
    for (const [id, { name, kind }] of devices) {
      const before = this.#devices.get(id)
      if (before?.name !== name || before.kind !== kind) return false
    }
    return true
  }
}

/** The first rows of the table: devices in alarm (worst first), then the others in their places. */
export function topDevices(
  places: readonly LiveDevice[],
  devices: ReadonlyMap<string, LiveDevice>,
  worst: ReadonlyMap<string, Alarm>,
  most: number,
): LiveDevice[] {
  const alarmed = [...worst]
    .sort(([, a], [, b]) => severity[b.level] - severity[a.level])
    .flatMap(([id]) => devices.get(id) ?? [])
    .slice(0, most)
  const shown = new Set(alarmed)
  for (const device of places) {
    if (shown.size >= most) break
    if (!worst.has(device.id)) shown.add(device)
  }
  return [...shown]
}

export function countDevices(devices: Iterable<LiveDevice>): DeviceCounts {
  const counts: DeviceCounts = { online: 0, stale: 0, offline: 0, never: 0, testing: 0, all: 0 }
  for (const { state, test } of devices) {
    counts[test && state === 'online' ? 'testing' : state]++
    counts.all++
  }
  return counts
}
