import type { Rule } from '../../core/rule.ts'
import { readRows } from './data.ts'
import { Stage } from './stage.ts'

/** Anywhere; the points are metres from a place nobody knows. */
const LATITUDE = 39.9
const LONGITUDE = 116.3
const METRES_PER_DEGREE = 111_320
const POSSIBLE_KMH = 120
const STOP_MS = 60_000
const STOP_METRES = 25

type Point = { at: number; x: number; y: number; driving: boolean }
export type TrackResult = {
  tracks: number
  /** two points in a row further apart than a vehicle can drive */
  jumps: number
  jumpsFound: number
  /** speed alarms while people walked or the vehicle was parked */
  falseAlarms: number
  hoursOnFoot: number
  /** stretches of a minute within 25 m, and those of them that were called moving */
  stops: number
  stopsMoving: number
}

const words = { zh: '车速', en: 'Speed' }
const speedRule: Rule = {
  id: 'eval.speed',
  type: 'speed',
  applies: { kind: 'vehicle' },
  latching: false,
  title: words,
  message: words,
  source: 'the defaults of the rule type',
  guidance: [],
  enabled: true,
  version: 1,
  origin: 'pack',
}

const kmhBetween = (a: Point, b: Point) => (3_600 * Math.hypot(b.x - a.x, b.y - a.y)) / (b.at - a.at)

function readTracks(): Point[][] {
  const tracks = new Map<string, Point[]>()
  for (const [id, stamp, x, y, label] of readRows('gps_goal/points.csv')) {
    const at = Date.parse(`${stamp!.replace(' ', 'T')}Z`)
    const point = { at, x: Number(x), y: Number(y), driving: label === 'Driving' }
    const track = tracks.get(id!)
    if (track) track.push(point)
    else tracks.set(id!, [point])
  }
  return [...tracks.values()].map((points) => points.toSorted((a, b) => a.at - b.at))
}

/** Whether the vehicle stays within a few metres from here on for a minute. */
function stopsAt(track: Point[], from: number): boolean {
  const first = track[from]!
  const later = track.slice(from).filter(({ at }) => at - first.at <= STOP_MS)
  const last = track[from + later.length]
  return last !== undefined && later.every((point) => Math.hypot(point.x - first.x, point.y - first.y) <= STOP_METRES)
}

/** Real tracks through the engine: what its speed rule makes of jumps, of noise on foot and of standing still. */
export function evaluateTracks(): TrackResult {
  const result = { tracks: 0, jumps: 0, jumpsFound: 0, falseAlarms: 0, hoursOnFoot: 0, stops: 0, stopsMoving: 0 }
  for (const track of readTracks()) {
    result.tracks++
    // Stamps of the data lie before 1970; only the distances between them matter.
    const shift = Date.UTC(2026, 0, 5) - track[0]!.at
    const attributes = { expectedPeriodMs: 5_000 }
    const stage = new Stage(track[0]!.at + shift, [{ id: 'V', kind: 'vehicle', attributes }], [speedRule])
    for (const { at, x, y } of track) {
      stage.hear(at + shift, [
        { device: 'V', metric: 'latitude', value: LATITUDE + y / METRES_PER_DEGREE },
        { device: 'V', metric: 'longitude', value: LONGITUDE + x / (METRES_PER_DEGREE * Math.cos((LATITUDE * Math.PI) / 180)) },
      ])
    }
    const alarms = stage.raised.filter(({ rule }) => rule === speedRule.id).map(({ at }) => at - shift)
    for (let i = 1; i < track.length; i++) {
      const [before, point] = [track[i - 1]!, track[i]!]
      if (!point.driving) result.hoursOnFoot += Math.min(point.at - before.at, 60_000) / 3_600_000
      if (point.at > before.at && kmhBetween(before, point) > POSSIBLE_KMH) {
        result.jumps++
        if (alarms.some((at) => at >= before.at && at <= point.at + 30_000)) result.jumpsFound++
      }
    }
    result.falseAlarms += alarms.filter((at) => track.find((point) => point.at >= at)?.driving === false).length
    for (let i = 0; i < track.length; i++) {
      if (!stopsAt(track, i)) continue
      result.stops++
      const from = track[i]!.at
      if (alarms.some((at) => at >= from && at <= from + STOP_MS)) result.stopsMoving++
      while (i + 1 < track.length && track[i + 1]!.at - from <= STOP_MS) i++
    }
  }
  return result
}
