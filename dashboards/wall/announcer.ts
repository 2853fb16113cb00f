import type { Alarm } from '../../core/alarm.ts'

const WINDOW_MS = 30_000
const EACH = 3

export type Announcement = { kind: 'one'; alarm: Alarm } | { kind: 'sum'; enterpriseId: string; alarms: number; reds: number }

/** What is said of new alarms: each red by itself up to three in 30 s, what comes on top is summed up by enterprise. Pure but for what it remembers. */
export class Announcer {
  #said: number[] = []
  #waiting = new Map<string, { alarms: number; reds: number }>()

  /** Null: it goes into the sum. Only reds and oranges are said one by one, and only when nothing is waiting. */
  heard(alarm: Alarm, at: number): Announcement | null {
    this.#said = this.#said.filter((time) => at - time < WINDOW_MS)
    if (this.#said.length < EACH) {
      this.#said.push(at)
      return { kind: 'one', alarm }
    }
    const sum = this.#waiting.get(alarm.enterpriseId) ?? { alarms: 0, reds: 0 }
    sum.alarms++
    if (alarm.level === 'red') sum.reds++
    this.#waiting.set(alarm.enterpriseId, sum)
    return null
  }

  /** Sums of what was not said, in the order the enterprises came. */
  sums(): Announcement[] {
    const found = [...this.#waiting].map(([enterpriseId, sum]) => ({ kind: 'sum' as const, enterpriseId, ...sum }))
    this.#waiting.clear()
    return found
  }
}
