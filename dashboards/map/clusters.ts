import type { Alarm } from '../../core/alarm.ts'
import { severity } from '../../core/level.ts'
import type { LiveDevice } from '../../core/live.ts'

export type Spot = { x: number; y: number; device: LiveDevice; alarm: Alarm | null }
/** What stands so close together that glyphs would cover each other: drawn as one, with the worst alarm and the number. */
export type Cluster = { key: string; x: number; y: number; spots: Spot[]; worst: Alarm | null; silent: number }

/** Spots outside the picture are left out; each of the others is in exactly one cluster. */
export function cluster(spots: readonly Spot[], cell: number, width: number, height: number): Cluster[] {
  const cells = new Map<string, Spot[]>()
  for (const spot of spots) {
    if (spot.x < -cell || spot.y < -cell || spot.x > width + cell || spot.y > height + cell) continue
    const key = `${Math.floor(spot.x / cell)},${Math.floor(spot.y / cell)}`
    const found = cells.get(key)
    if (found) found.push(spot)
    else cells.set(key, [spot])
  }
  return [...cells].map(([key, members]) => {
    let worst: Alarm | null = null
    for (const { alarm } of members) {
      if (alarm && (!worst || severity[alarm.level] > severity[worst.level])) worst = alarm
    }
    const mean = (axis: 'x' | 'y') => members.reduce((sum, spot) => sum + spot[axis], 0) / members.length
    const silent = members.filter(({ device }) => device.state !== 'online').length
    return { key: members.length === 1 ? members[0]!.device.id : key, x: mean('x'), y: mean('y'), spots: members, worst, silent }
  })
}
