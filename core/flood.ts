/** What a flood is, for every part that asks (ISA-18.2): counted over so long … */
export const FLOOD_WINDOW_MS = 600_000
/** … it begins above so many, and ends below so few */
export const FLOOD_ENTERS_ABOVE = 10
export const FLOOD_LEAVES_BELOW = 5
/** for who looks at a screen also so many at once */
const BURST_MS = 10_000
const ENTER_BURST = 5

/**
 * Alarm flood (ISA-18.2): begins at more than 10 new alarms in 10 minutes, or 5 within 10 s; ends only when fewer than 5 came in
 * the last 10 minutes. An alarm counts once, when it is raised or becomes active again.
 */
export class Flood {
  #times: number[] = []
  #enterprises: string[] = []
  #seen = new Map<string, number>()
  active = false

  /** `occurrences` tells a new activation from a change of the same one. */
  heard(id: string, occurrences: number, enterpriseId: string, at: number): void {
    if ((this.#seen.get(id) ?? 0) >= occurrences) return
    this.#seen.set(id, occurrences)
    let place = this.#times.length
    while (place > 0 && this.#times[place - 1]! > at) place--
    this.#times.splice(place, 0, at)
    this.#enterprises.splice(place, 0, enterpriseId)
  }

  /** Alarms and enterprises of the last 10 minutes, and whether it is a flood. */
  look(now: number): { active: boolean; count: number; enterprises: number } {
    let old = 0
    while (old < this.#times.length && this.#times[old]! <= now - FLOOD_WINDOW_MS) old++
    this.#times.splice(0, old)
    this.#enterprises.splice(0, old)
    if (this.#times.length === 0) this.#seen.clear()
    const count = this.#times.length
    let burst = 0
    for (let i = count - 1; i >= 0 && this.#times[i]! > now - BURST_MS; i--) burst++
    this.active = this.active ? count >= FLOOD_LEAVES_BELOW : count > FLOOD_ENTERS_ABOVE || burst >= ENTER_BURST
    return { active: this.active, count, enterprises: new Set(this.#enterprises).size }
  }
}
