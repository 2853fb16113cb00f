import { isUnacknowledged, type Alarm } from '../../../core/alarm.ts'

/** A second red this soon after the first belongs into the same picture (ux A3). */
export const TOGETHER_MS = 10_000
/** The camera goes home so long after the last red it showed was acknowledged. */
export const HOME_AFTER_MS = 60_000

/** Which alarms the camera shows: deciding only, what flies is elsewhere. Times are the server's, in ms. */
export class CameraFocus {
  /** devices in the picture; empty: the overview */
  devices: readonly string[] = []
  #begunAt = 0
  #quietSince: number | null = null

  /** Whether the camera has to move for an alarm that has just become what it is. */
  take(alarm: Alarm, now: number, open: Iterable<Alarm>): boolean {
    if (alarm.state !== 'active' || (alarm.level !== 'red' && alarm.level !== 'orange')) return false
    if (
      alarm.level === 'orange' &&
      some(open, ({ level, state }) => level === 'red' && (state === 'active' || state === 'acknowledged'))
    )
      return false
    this.#quietSince = null
    const together = this.devices.length > 0 && now - this.#begunAt < TOGETHER_MS
    if (!together) this.#begunAt = now
    if (this.devices.includes(alarm.deviceId)) return false
    this.devices = together ? [...this.devices, alarm.deviceId] : [alarm.deviceId]
    return true
  }

  /** What a page that has just opened shows: reds nobody has acknowledged. */
  start(open: Iterable<Alarm>, now: number): void {
    const waiting = [...open].filter((alarm) => alarm.level === 'red' && isUnacknowledged(alarm))
    this.devices = [...new Set(waiting.map(({ deviceId }) => deviceId))]
    this.#begunAt = now
    this.#quietSince = null
  }

  /** Whether it is time to go home. */
  look(open: Iterable<Alarm>, now: number): boolean {
    if (this.devices.length === 0) return false
    const shown = new Set(this.devices)
    const waits = some(
      open,
      (alarm) => isUnacknowledged(alarm) && (alarm.level === 'red' || (alarm.level === 'orange' && shown.has(alarm.deviceId))),
    )
    if (waits) {
      this.#quietSince = null
      return false
    }
    this.#quietSince ??= now
    if (now - this.#quietSince < HOME_AFTER_MS) return false
    this.home()
    return true
  }

  home(): void {
    this.devices = []
    this.#quietSince = null
  }

  /** Somebody asked to see these. */
  show(devices: readonly string[], now: number): void {
    this.devices = devices
    this.#begunAt = now - TOGETHER_MS
    this.#quietSince = null
  }
}

function some(alarms: Iterable<Alarm>, is: (alarm: Alarm) => boolean): boolean {
  for (const alarm of alarms) if (is(alarm)) return true
  return false
}
