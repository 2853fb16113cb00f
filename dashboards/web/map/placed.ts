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
      for (const id of this.all.keys()) if (!devices.has(id)) this.all.delete(id)
    }
    for (const device of devices.values()) {
      const own = readings.get(device.id)
      if (same && own === before?.get(device.id)) continue
      const place = placeOf(device, own)
      if (!place) {
        if (!same) this.unplaced.push(device)
        this.all.delete(device.id)
        continue
      }
      const known = this.all.get(device.id)
      const headingDeg = device.kind === 'vehicle' ? (own?.get('headingDeg')?.[2] ?? null) : null
      if (
        known?.device === device &&
        known.place.latitude === place.latitude &&
        known.place.longitude === place.longitude &&
        known.headingDeg === headingDeg
      )
        continue
      this.all.set(device.id, { device, place, ...worldOf(place), headingDeg })
      changed = true
    }
    return changed
  }
}

type Own = ReadonlyMap<string, readonly [string, string, number, ...unknown[]]> | undefined

function placeOf(device: LiveDevice, readings: Own): Place | null {
  const latitude = readings?.get('latitude')?.[2] ?? device.latitude
  const longitude = readings?.get('longitude')?.[2] ?? device.longitude
  return latitude === null || longitude === null ? null : { latitude, longitude }
}
