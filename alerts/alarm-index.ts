import type { Alarm } from '../core/alarm.ts'

/** The alarms that are not over: by what they are about, by id and by device, and which of them changed. */
export class AlarmIndex {
  #byKey = new Map<string, Alarm>()
  #keyOf = new Map<string, string>()
  #keysOfDevice = new Map<string, Set<string>>()
  #dirty = new Set<string>()

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): Alarm | undefined {
    return this.#byKey.get(key)
  }

  keyOf(id: string): string | undefined {
    return this.#keyOf.get(id)
  }

  /** In one order, whether or not there was a restart. */
  keysOf(devices: Iterable<string>): string[] {
    return [...new Set(devices)].flatMap((device) => [...(this.#keysOfDevice.get(device) ?? [])]).sort()
  }

  put(key: string, alarm: Alarm): void {
    this.load(key, alarm)
    this.#dirty.add(key)
  }

  /** As it was saved. */
  load(key: string, alarm: Alarm): void {
    const before = this.#byKey.get(key)
    if (before && before.deviceId !== alarm.deviceId) this.#leave(key, before.deviceId)
    this.#byKey.set(key, alarm)
    this.#keyOf.set(alarm.id, key)
    const keys = this.#keysOfDevice.get(alarm.deviceId)
    if (keys) keys.add(key)
    else this.#keysOfDevice.set(alarm.deviceId, new Set([key]))
  }

  /** What is done about one that is over does not touch another that has been raised since. */
  remove(key: string, id: string): void {
    if (!this.#keyOf.delete(id)) return
    const alarm = this.#byKey.get(key)
    if (alarm) this.#leave(key, alarm.deviceId)
    this.#byKey.delete(key)
    this.#dirty.add(key)
  }

  /** Alarms changed since the last call, null for those that are over. */
  takeChanged(): [key: string, alarm: Alarm | null][] {
    const changed = [...this.#dirty].map((key): [string, Alarm | null] => [key, this.#byKey.get(key) ?? null])
    this.#dirty.clear()
    return changed
  }

  #leave(key: string, device: string): void {
    const keys = this.#keysOfDevice.get(device)
    keys?.delete(key)
    if (keys?.size === 0) this.#keysOfDevice.delete(device)
  }
}
