import type { Series } from '../core/reading.ts'
import { splitChannel } from '../core/metrics.ts'
import { localBuckets } from './buckets.ts'
import type { Store, Sums } from './stores/store.ts'

/**
 * How long readings of a class of metrics are kept, and for how long then sums of them by the minute and by the hour; all
 * counted from now, 0 or not longer than what is finer: none. `metrics` without channel; a class without any is for all
 * the rest.
 */
export type RetentionClass = { name: string; metrics: string[]; days: number; minuteDays?: number; hourDays?: number }

export type Resolution = 'reading' | 'minute' | 'hour'
/** `rows` of a class went (readings, or sums of them); `into`: what is left of them. */
export type Trimmed = { class: string; before: number; rows: number; resolution: Resolution; into: Resolution | null }

const DAY = 86_400_000
const HOUR = 3_600_000
const MINUTE = 60_000

type Steps = Iterator<number> | AsyncIterator<number>
type Task = Omit<Trimmed, 'rows' | 'before'> & { days: number; steps: (series: Series[], before: number) => Steps }

/** Removes what is older than its class allows: once at start and then every hour, a step at a time. */
export class Retention {
  #store: Store
  #classes: RetentionClass[]
  #zone: string
  #startedAt = -Infinity
  #todo: { of: RetentionClass; task: Task }[] = []
  #running: (Trimmed & { steps: Steps }) | null = null

  /** `zone`: whose hours sums by the hour are of. */
  constructor(store: Store, classes: RetentionClass[], zone = 'UTC') {
    this.#store = store
    this.#classes = classes
    this.#zone = zone
  }

  /** Does one small step if there is one to do. Tells what a class lost once it is through and lost anything. */
  async step(now: number): Promise<Trimmed | null> {
    if (!this.#running) {
      if (this.#todo.length === 0 && now - this.#startedAt >= HOUR) {
        this.#startedAt = now
        this.#todo = this.#classes.flatMap((of) => this.#tasks(of).map((task) => ({ of, task })))
      }
      const next = this.#todo.shift()
      if (!next) return null
      const { steps, days, ...what } = next.task
      const before = now - days * DAY
      const series = [...this.#store.all()].filter((one) => this.#classOf(one) === next.of)
      this.#running = { ...what, before, rows: 0, steps: steps(series, before) }
    }
    const { done, value } = await this.#running.steps.next()
    if (!done) {
      this.#running.rows += value
      return null
    }
    const { steps: _, ...trimmed } = this.#running
    this.#running = null
    return trimmed.rows > 0 ? trimmed : null
  }

  /** Leaves the rest for the next time. */
  giveUp(): void {
    this.#running = null
    this.#todo = []
  }

  #tasks({ name, days, minuteDays = 0, hourDays = 0 }: RetentionClass): Task[] {
    const { sums } = this.#store
    const plain: Task = {
      class: name,
      resolution: 'reading',
      into: null,
      days,
      steps: (series, before) => this.#store.trim(series, before),
    }
    if (!sums) return [plain]
    const fineDays = Math.max(days, minuteDays)
    const coarseDays = Math.max(fineDays, hourDays)
    const first = fineDays > days ? 'minute' : coarseDays > days ? 'hour' : null
    const into = first && this.#buckets(first)
    const readings: Task = into ? { ...plain, into: first, steps: (series, before) => sums.trim(series, before, into) } : plain
    const second = coarseDays > fineDays ? 'hour' : null
    return [readings, this.#aging(sums, name, 'minute', second, fineDays), this.#aging(sums, name, 'hour', null, coarseDays)]
  }

  #aging(sums: Sums, name: string, resolution: 'minute' | 'hour', into: 'hour' | null, days: number): Task {
    const width = resolution === 'minute' ? MINUTE : HOUR
    const buckets = into && this.#buckets(into)
    return { class: name, resolution, into, days, steps: (series, before) => sums.age(series, before, width, buckets) }
  }

  #buckets(width: 'minute' | 'hour') {
    return localBuckets(width === 'minute' ? MINUTE : HOUR, this.#zone)
  }

  #classOf({ metric }: Series): RetentionClass | undefined {
    const name = splitChannel(metric).metric
    const named = this.#classes.find(({ metrics }) => metrics.includes(name))
    return named ?? this.#classes.find(({ metrics }) => metrics.length === 0)
  }
}
