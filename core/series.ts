import type { Mode } from './mode.ts'
import type { Series } from './reading.ts'

/** Which number stands for which (mode, device, metric) in reading blocks: a projection of `series.defined` entries. */
export class SeriesTable {
  #byId: (Series | undefined)[] = []
  #byKey = new Map<string, Series>()
  #next = 1

  define(series: Series): void {
    if (this.#byId[series.id]) return
    this.#byId[series.id] = series
    this.#byKey.set(`${series.mode}\n${series.device}\n${series.metric}`, series)
    this.#next = Math.max(this.#next, series.id + 1)
  }

  get(id: number): Series | undefined {
    return this.#byId[id]
  }

  find(mode: Mode, device: string, metric: string): Series | undefined {
    return this.#byKey.get(`${mode}\n${device}\n${metric}`)
  }

  /** A number nobody has; only the gateway gives numbers, and records each before its first use. */
  reserve(mode: Mode, device: string, metric: string): Series {
    const series = { id: this.#next, mode, device, metric }
    this.define(series)
    return series
  }

  all(): Series[] {
    return [...this.#byKey.values()]
  }
}
