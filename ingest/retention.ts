import type { Series } from '../core/reading.ts'
import { splitChannel } from '../core/metrics.ts'
import type { Store } from './stores/store.ts'

/** How long readings of a class of metrics are kept. `metrics` without channel; a class without any is for all the rest. */
export type RetentionClass = { name: string; metrics: string[]; days: number }

export type Trimmed = { class: string; before: number; rows: number }

const DAY = 86_400_000
const HOUR = 3_600_000

/** Removes what is older than its class allows: once at start and then every hour, a step at a time. */
export class Retention {
  #store: Store
  #classes: RetentionClass[]
  #startedAt = -Infinity
  #todo: RetentionClass[] = []
  #running: (Trimmed & { steps: Iterator<number> | AsyncIterator<number> }) | null = null

  constructor(store: Store, classes: RetentionClass[]) {
    this.#store = store
    this.#classes = classes
  }

  /** Does one small step if there is one to do. Tells what a class lost once it is through and lost anything. */
  async step(now: number): Promise<Trimmed | null> {
    if (!this.#running) {
      if (this.#todo.length === 0 && now - this.#startedAt >= HOUR) {
        this.#startedAt = now
        this.#todo = [...this.#classes]
      }
      const next = this.#todo.shift()
      if (!next) return null
      const before = now - next.days * DAY
      const series = [...this.#store.all()].filter((one) => this.#classOf(one) === next)
      this.#running = { class: next.name, before, rows: 0, steps: this.#store.trim(series, before) }
    }
    const { steps, class: name, before } = this.#running
    const { done, value } = await steps.next()
    if (!done) {
      this.#running.rows += value
      return null
    }
    const { rows } = this.#running
    this.#running = null
    return rows > 0 ? { class: name, before, rows } : null
  }

  /** Leaves the rest for the next time. */
  giveUp(): void {
    this.#running = null
    this.#todo = []
  }

  #classOf({ metric }: Series): RetentionClass | undefined {
    const name = splitChannel(metric).metric
    const named = this.#classes.find(({ metrics }) => metrics.includes(name))
    return named ?? this.#classes.find(({ metrics }) => metrics.length === 0)
  }
}
