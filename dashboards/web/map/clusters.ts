import type { Alarm } from '../../../core/alarm.ts'
import { severity } from '../../../core/level.ts'
import type { Placed } from './placed.ts'
import { worldPixels } from './projection.ts'

/**
 * What stands so close together that glyphs would cover each other: drawn as one, with the worst alarm and the number. It stands where
 * its worst alarm is, without alarms in the middle.
 */
export type Cluster = {
  key: string
  /** in the world square */
  x: number
  y: number
  members: Placed[]
  worst: Alarm | null
  /** how many of the members are in alarm, and how many are not heard */
  alarms: number
  silent: number
}

/** Clusters of one zoom step; each device is in exactly one. The cells lie on the ground, so panning never changes them. */
export function clusterAt(
  devices: Iterable<Placed>,
  worst: ReadonlyMap<string, Alarm>,
  zoom: number,
  cellPixels: number,
): Cluster[] {
  const cell = cellPixels / worldPixels(zoom)
  const cells = new Map<number, Cluster>()
  for (const placed of devices) {
    const key = cellNumber(Math.floor(placed.x / cell), Math.floor(placed.y / cell))
    const alarm = worst.get(placed.device.id) ?? null
    let found = cells.get(key)
    if (!found) cells.set(key, (found = { key: `at ${key}`, x: 0, y: 0, members: [], worst: null, alarms: 0, silent: 0 }))
    found.members.push(placed)
    if (placed.device.state !== 'online') found.silent++
    if (!alarm) continue
    found.alarms++
    if (!found.worst || isWorse(alarm, found.worst)) {
      found.worst = alarm
      found.x = placed.x
      found.y = placed.y
    }
  }
  for (const one of cells.values()) if (!one.worst) toMiddle(one)
  return joined([...cells.values()], cell)
}

/** Columns and rows stay below 2^25 at the nearest zoom. */
const cellNumber = (column: number, row: number): number => column * 2 ** 25 + row

const isWorse = (a: Alarm, b: Alarm): boolean =>
  severity[a.level] - severity[b.level] > 0 ||
  (a.level === b.level && Number(a.state === 'active') - Number(b.state === 'active') > 0)

function toMiddle(one: Cluster): void {
  const { members } = one
  one.x = members.reduce((sum, { x }) => sum + x, 0) / members.length
  one.y = members.reduce((sum, { y }) => sum + y, 0) / members.length
}

const CLOSE = 0.72

/** Neighbours across the edge of a cell are joined to the more important one, so that no glyph hides another. */
function joined(clusters: Cluster[], cell: number): Cluster[] {
  const ranked = clusters.sort((a, b) => rank(b) - rank(a) || b.members.length - a.members.length || (a.key < b.key ? -1 : 1))
  const kept = new Map<number, Cluster[]>()
  const result: Cluster[] = []
  for (const one of ranked) {
    const [column, row] = [Math.floor(one.x / cell), Math.floor(one.y / cell)]
    let near: Cluster | undefined
    for (let i = -1; i <= 1 && !near; i++)
      for (let j = -1; j <= 1 && !near; j++)
        near = kept
          .get(cellNumber(column + i, row + j))
          ?.find((other) => Math.hypot(other.x - one.x, other.y - one.y) < cell * CLOSE)
    if (near) {
      near.members.push(...one.members)
      near.silent += one.silent
      near.alarms += one.alarms
      continue
    }
    const key = cellNumber(column, row)
    const here = kept.get(key)
    if (here) here.push(one)
    else kept.set(key, [one])
    result.push(one)
  }
  for (const one of result) if (one.members.length === 1) one.key = one.members[0]!.device.id
  return result
}

const rank = ({ worst }: Cluster): number => (worst ? severity[worst.level] : 0)
