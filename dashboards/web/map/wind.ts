import { metresBetween, type Point } from '../../../core/ground.ts'
import { isBad } from '../../../core/quality.ts'
import type { LiveState } from '../live-state.ts'
import { staleAfterMs } from '../freshness.ts'
import type { Placed } from './placed.ts'

export type Wind = { directionDeg: number; speedMps: number | null; device: string; farM: number }

const NEAR_M = 10_000

/** The wind at a place: what the nearest weather station says now. Old or bad values are not wind. */
export function windAt(
  at: Point,
  placed: ReadonlyMap<string, Placed>,
  readings: LiveState['readings'],
  now: number,
): Wind | null {
  let best: Wind | null = null
  for (const [id, own] of readings) {
    const direction = own.get('windDirDeg')
    const station = direction && placed.get(id)
    if (!station) continue
    if (now - direction[4] > staleAfterMs(station.device.expectedPeriodMs) || isBad(direction[5])) continue
    const farM = metresBetween(at, [station.place.longitude, station.place.latitude])
    if (farM > NEAR_M || (best && best.farM <= farM)) continue
    best = { directionDeg: direction[2], speedMps: own.get('windSpeedMps')?.[2] ?? null, device: id, farM }
  }
  return best
}
