import type { Alarm } from '../../core/alarm.ts'
import { isCaseOpen } from '../../core/case.ts'

/** An alarm that is over, under which key it was open, and how many had ended before it. */
export type EndedAlarm = { key: string; alarm: Alarm; n: number }

/** Alarms without an open case that are still known after they ended; the rest only the record remembers. */
const KEPT = 2_000

/**
 * Alarms that are over and that people may still have to do with: those whose case is open for as long as it is, and the last
 * ones, so that one that has just ended can be dispatched, called false or closed.
 */
export class EndedAlarms {
  #byId = new Map<string, EndedAlarm>()
  /** ids without an open case, in the order they ended */
  #idle = new Set<string>()
  #next = 0
  #dirty = new Set<string>()

  get(id: string): EndedAlarm | undefined {
    return this.#byId.get(id)
  }

  /** Takes an alarm as it ended, or as it stands after somebody did something about it. */
  put(key: string, alarm: Alarm): void {
    const n = this.#byId.get(alarm.id)?.n ?? this.#next++
    this.#take({ key, alarm, n })
    this.#dirty.add(alarm.id)
    while (this.#idle.size > KEPT) this.remove(this.#idle.values().next().value!)
  }

  /** It is open again, or too long ago. */
  remove(id: string): void {
    if (!this.#byId.delete(id)) return
    this.#idle.delete(id)
    this.#dirty.add(id)
  }

  withOpenCase(): Alarm[] {
    return [...this.#byId.values()].filter(({ alarm }) => isCaseOpen(alarm.case)).map(({ alarm }) => alarm)
  }

  takeChanged(): [id: string, ended: EndedAlarm | null][] {
    const changed = [...this.#dirty].map((id): [string, EndedAlarm | null] => [id, this.#byId.get(id) ?? null])
    this.#dirty.clear()
    return changed
  }

  restore(rows: Iterable<[id: string, ended: EndedAlarm | null]>): void {
    const ended = [...rows].flatMap(([, row]) => (row ? [row] : [])).sort((a, b) => a.n - b.n)
    for (const one of ended) this.#take(one)
    this.#next = (ended.at(-1)?.n ?? -1) + 1
  }

  #take(ended: EndedAlarm): void {
    const { alarm } = ended
    this.#byId.set(alarm.id, ended)
    if (isCaseOpen(alarm.case)) this.#idle.delete(alarm.id)
    else this.#idle.add(alarm.id)
  }
}
