import { computed, onScopeDispose, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { Alarm } from '../../../core/alarm.ts'
import type { LiveDevice } from '../../../core/live.ts'
import type { Live } from '../live.ts'
import { figuresOf } from '../open-alarms.ts'
import { clusterAt, type Cluster } from './clusters.ts'
import { PlacedDevices, type Placed } from './placed.ts'
import { Around } from './projection.ts'
import { byZone } from './risk-areas.ts'
import { Trails } from './trails.ts'
import type { Camera } from './use-camera.ts'

export type MapDevices = {
  /** grows whenever a device came, went, moved or changed its state; what reads `placed` depends on it */
  version: Ref<number>
  placed: ReadonlyMap<string, Placed>
  /** another number whenever what stands still stands elsewhere */
  still: Ref<number>
  unplaced: ShallowRef<LiveDevice[]>
  worst: ComputedRef<ReadonlyMap<string, Alarm>>
  clusters: ComputedRef<Cluster[]>
  zones: ComputedRef<Map<string, Placed[]>>
  trails: Trails
  vehicles: ComputedRef<Placed[]>
}

/** Readings come five times a second; a thousand vehicles are moved together, and a map that rests is drawn that often. */
const MOVES_EVERY_MS = 1_000
/** Clusters change at these zooms, not in between; in a flight of less than a second at fewer. */
const STEP = 0.5
const FLYING_STEP = 1

export function useMapDevices(
  live: Live,
  { view, flying }: Pick<Camera, 'view' | 'flying'>,
  cellPixels: Ref<number>,
): MapDevices {
  const devices = new PlacedDevices()
  const trails = new Trails()
  const version = shallowRef(0)
  const unplaced = shallowRef<LiveDevice[]>([])
  // Zones change with where devices stand, not with every reading of a vehicle or one that fell silent.
  const still = shallowRef(0)
  let known: unknown = null
  let takenAt = Number.NEGATIVE_INFINITY
  let later: ReturnType<typeof setTimeout> | undefined
  const take = () => {
    clearTimeout(later)
    later = undefined
    takenAt = performance.now()
    const now = live.devices.value
    const areNew = now !== known
    known = now
    if (!devices.update(now, live.readings.value)) return
    version.value++
    still.value = devices.ground
    if (areNew) {
      unplaced.value = devices.unplaced
      trails.forget(now)
    }
    trails.add(devices.all.values(), live.serverNow())
  }
  watch(
    [live.devices, live.readings],
    ([now]) => {
      if (now !== known) take()
      else later ??= setTimeout(take, Math.max(0, takenAt + MOVES_EVERY_MS - performance.now()))
    },
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(later))
  const figures = figuresOf(live)
  const worst = computed(() => figures.value.worst)
  const step = computed(() => {
    const every = flying.value ? FLYING_STEP : STEP
    return view.value ? Math.round(view.value.zoom / every) * every : 0
  })
  const around = new Around()
  const window = computed(() => (view.value ? around.of(view.value) : null))
  const clusters = computed(() => {
    void version.value
    const [all, seen] = [devices.all.values(), window.value]
    const near = seen
      ? [...all].filter(({ x, y }) => x >= seen.west && x <= seen.east && y >= seen.north && y <= seen.south)
      : all
    return clusterAt(near, worst.value, step.value, cellPixels.value).reverse()
  })
  const zones = computed(() => {
    void still.value
    return byZone(devices.all.values())
  })
  const vehicles = computed(() => {
    void version.value
    return [...devices.all.values()].filter(({ device }) => device.kind === 'vehicle')
  })
  return { version, still, placed: devices.all, unplaced, worst, clusters, zones, trails, vehicles }
}
