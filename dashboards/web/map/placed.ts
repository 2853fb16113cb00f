import type { LiveDevice } from '../../../core/live.ts'
import type { LiveState } from '../live-state.ts'
import { worldOf, type Place } from './projection.ts'

export type Placed = {
  device: LiveDevice
  place: Place
  /** in the world square, 0 to 1 */ x: number
  y: number
  headingDeg: number | null
}

/** Where every device is: what it last said (vehicles), else where it was installed. Unchanged ones keep their identity. */
export class PlacedDevices {
  all = new Map<string, Placed>()
  unplaced: LiveDevice[] = []
  /** counts changes of where what stands still is, and what zone it is of: what is drawn around it depends on that alone */
  ground = 0
  #devices: LiveState['devices'] | null = null
  #readings: LiveState['readings'] | null = null

  /** Whether anything has moved, come, gone or changed its state. */
  update(devices: LiveState['devices'], readings: LiveState['readings']): boolean {
    const before = this.#readings
    const same = this.#devices === devices
    if (same && before === readings) return false
    this.#devices = devices
    this.#readings = readings
    let changed = !same
    if (!same) {
      this.unplaced = []
      for (const [id, { device }] of this.all) {
        if (devices.has(id)) continue
        this.all.delete(id)
        if (device.kind !== 'vehicle') this.ground++
      }
    }
    for (const device of devices.values()) {
      const own = readings.get(device.id)
      if (same && own === before?.get(device.id)) continue
      const found = placeOf(device, own)
      const known = this.all.get(device.id)
      if (!found) {
        if (!same) this.unplaced.push(device)
        if (this.all.delete(device.id) && device.kind !== 'vehicle') this.ground++
        continue
      }
      const place = known && isSamePlace(known.place, found) ? known.place : found
      const headingDeg = device.kind === 'vehicle' ? (own?.get('headingDeg')?.[2] ?? null) : null
      if (known?.device === device && known.place === place && known.headingDeg === headingDeg) continue
      const world = known?.place === place ? { x: known.x, y: known.y } : worldOf(place)
      this.all.set(device.id, { device, place, ...world, headingDeg })
      if (device.kind !== 'vehicle' && (known?.place !== place || known.device.zoneId !== device.zoneId)) this.ground++
      changed = true
    }
    return changed
  }
}

const isSamePlace = (a: Place, b: Place): boolean => a.latitude === b.latitude && a.longitude === b.longitude

type Own = ReadonlyMap<string, readonly [string, string, number, ...unknown[]]> | undefined

function placeOf(device: LiveDevice, readings: Own): Place | null {
  const latitude = readings?.get('latitude')?.[2] ?? device.latitude
  const longitude = readings?.get('longitude')?.[2] ?? device.longitude
  return latitude === null || longitude === null ? null : { latitude, longitude }
}
