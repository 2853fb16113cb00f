import type { Placed } from './placed.ts'
import type { Place } from './projection.ts'

const POINTS = 40
const KEPT_MS = 15 * 60_000
/** A vehicle that stands draws no trail. */
const LEAST_DEGREES = 0.00005

type Step = { place: Place; at: number }

/** Where each vehicle has been while this page watched. */
export class Trails {
  #steps = new Map<string, Step[]>()

  add(vehicles: Iterable<Placed>, now: number): void {
    for (const { device, place } of vehicles) {
      if (device.kind !== 'vehicle') continue
      const steps = this.#steps.get(device.id)
      if (!steps) {
        this.#steps.set(device.id, [{ place, at: now }])
        continue
      }
      const last = steps.at(-1)!.place
      const far = Math.abs(last.latitude - place.latitude) + Math.abs(last.longitude - place.longitude)
      if (far < LEAST_DEGREES) continue
      steps.push({ place, at: now })
      if (steps.length > POINTS || now - steps[0]!.at > KEPT_MS) steps.shift()
    }
  }

  of(id: string): Place[] {
    return (this.#steps.get(id) ?? []).map(({ place }) => place)
  }

  forget(known: ReadonlyMap<string, unknown>): void {
    for (const id of this.#steps.keys()) if (!known.has(id)) this.#steps.delete(id)
  }
}
