import type { Fence } from '../../../core/fence.ts'
import type { Point } from '../../../core/ground.ts'
import { riskId, type RiskColour, type RiskState } from '../../../core/risk.ts'
import { fencePath, fencePoints, hullRing } from './areas.ts'
import { pathOf, type Frame } from './frame.ts'
import type { Placed } from './placed.ts'
import { worldOf } from './projection.ts'

/** Ground with a live risk index. `drawn`: people drew it; else it is where the zone's devices stand. */
export type RiskArea = {
  key: string
  name: string
  risk: RiskState | null
  colour: RiskColour
  drawn: boolean
  path: string
  /** in the world square */
  box: { west: number; east: number; north: number; south: number }
}

type Known = {
  risks: ReadonlyMap<string, RiskState> | null
  zones: ReadonlyMap<string, string>
  fences: readonly Fence[]
  /** devices that stand still, by zone */
  byZone: ReadonlyMap<string, Placed[]>
  grounds: ZoneGrounds
}

type Ground = { devices: readonly Placed[]; frame: Frame; path: string; box: RiskArea['box'] }

/** The ground of each zone, kept as long as its devices stand where they stood: an index changes far more often than that. */
export class ZoneGrounds {
  #known = new Map<string, Ground>()

  of(zone: string, devices: readonly Placed[], frame: Frame): Ground {
    const known = this.#known.get(zone)
    const isSame =
      known?.frame === frame &&
      known.devices.length === devices.length &&
      known.devices.every(({ place }, i) => place === devices[i]!.place)
    if (isSame) return known
    const ring = hullRing(devices)
    const ground = { devices, frame, path: pathOf(frame, ring, true), box: boxOf(ring) }
    this.#known.set(zone, ground)
    return ground
  }
}

/** Zones people drew, and under them those nobody drew. A drawn zone names what it is by a tag: a zone's or an enterprise's id. */
export function riskAreas(frame: Frame, { risks, zones, fences, byZone, grounds }: Known): RiskArea[] {
  const drawn: RiskArea[] = []
  const covered = new Set<string>()
  for (const fence of fences) {
    if (fence.kind !== 'risk-zone') continue
    const ids = fence.tags.map((tag) => tag.replace(/^(zone|enterprise):/, ''))
    const zone = ids.find((id) => zones.has(id)) ?? [...zones].find(([, name]) => name === fence.name)?.[0]
    if (zone) covered.add(zone)
    const risk =
      (zone && risks?.get(riskId('zone', zone))) ||
      ids.map((id) => risks?.get(riskId('enterprise', id))).find((one) => one !== undefined) ||
      null
    const box = boxOf(fencePoints(fence))
    drawn.push({ ...area(`fence:${fence.id}`, fence.name, risk), drawn: true, path: fencePath(frame, fence), box })
  }
  const hulls: RiskArea[] = []
  for (const [zone, devices] of byZone) {
    const risk = risks?.get(riskId('zone', zone))
    if (!risk || covered.has(zone)) continue
    const { path, box } = grounds.of(zone, devices, frame)
    hulls.push({ ...area(`zone:${zone}`, zones.get(zone) ?? zone, risk), drawn: false, path, box })
  }
  return [...hulls, ...drawn]
}

const area = (key: string, name: string, risk: RiskState | null) => ({
  ...{ key, name, risk, colour: risk?.colour ?? ('unknown' as const) },
})

function boxOf(points: readonly Point[]): RiskArea['box'] {
  const worlds = points.map(([longitude, latitude]) => worldOf({ longitude, latitude }))
  const xs = worlds.map(({ x }) => x)
  const ys = worlds.map(({ y }) => y)
  return { west: Math.min(...xs), east: Math.max(...xs), north: Math.min(...ys), south: Math.max(...ys) }
}

/** Devices of one zone on the ground; vehicles are wherever they are. */
export function byZone(placed: Iterable<Placed>): Map<string, Placed[]> {
  const zones = new Map<string, Placed[]>()
  for (const one of placed) {
    const { zoneId, kind } = one.device
    if (zoneId === null || kind === 'vehicle') continue
    const found = zones.get(zoneId)
    if (found) found.push(one)
    else zones.set(zoneId, [one])
  }
  return zones
}

type Box = { x: number; y: number; w: number; h: number }
const overlap = (a: Box, b: Box): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

/**
 * Labels on the screen, first come first served: each stands at the first of its places where it covers no earlier one and no glyph; if a glyph
 * is in the way everywhere, then where no earlier one is; and is left out if there is no such place.
 */
export function apart<T extends { w: number; h: number; places: readonly { x: number; y: number }[] }>(
  labels: readonly T[],
  glyphs: readonly Box[] = [],
): (T & { x: number; y: number })[] {
  const kept: (T & { x: number; y: number })[] = []
  for (const label of labels) {
    const free = label.places.map(({ x, y }) => ({ ...label, x, y })).filter((box) => !kept.some((one) => overlap(box, one)))
    const found = free.find((box) => !glyphs.some((one) => overlap(box, one))) ?? free[0]
    if (found) kept.push(found)
  }
  return kept
}
