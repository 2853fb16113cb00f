import type { Alarm } from '../../core/alarm.ts'

const WINDOW_MS = 30_000
const EACH = 3

export type Announcement = { kind: 'one'; alarm: Alarm } | { kind: 'sum'; enterpriseId: string; alarms: number; reds: number }

/**
 * What is said of new alarms: each red by itself up to three in 30 s, an orange as long as there is room beside them; what comes on top
 * is summed up by enterprise. Pure but for what it remembers.
 */
export class Announcer {
  #said: { at: number; red: boolean }[] = []
  #waiting = new Map<string, { alarms: number; reds: number }>()

  /** Null: it goes into the sum. */
  heard(alarm: Alarm, at: number): Announcement | null {
    this.#said = this.#said.filter((one) => at - one.at < WINDOW_MS)
    const red = alarm.level === 'red'
    // Oranges never take a red its place.
    if ((red ? this.#said.filter((one) => one.red) : this.#said).length < EACH) {
      this.#said.push({ at, red })
      return { kind: 'one', alarm }
    }
    const sum = this.#waiting.get(alarm.enterpriseId) ?? { alarms: 0, reds: 0 }
    sum.alarms++
    if (red) sum.reds++
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

const AGAIN_MS = 30_000
const OLD_MS = 90_000

/** What was said by itself is said once more after half a minute when nobody has acknowledged it. */
export class Repeats {
  #due = new Map<string, number>()

  said(id: string, at: number): void {
    this.#due.set(id, at + AGAIN_MS)
  }

  /** Ids to say again now. News goes first: while that is `busy` a repetition waits, and is given up when it is old. */
  due(now: number, isActive: (id: string) => boolean, busy: boolean): string[] {
    const found: string[] = []
    for (const [id, at] of this.#due) {
      if (now < at || (busy && now - at < OLD_MS && isActive(id))) continue
      this.#due.delete(id)
      if (isActive(id) && !busy) found.push(id)
    }
    return found
  }
}
