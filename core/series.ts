import type { Mode } from './mode.ts'
import type { Series } from './reading.ts'

/** Which number stands for which (mode, device, metric) in reading blocks: a projection of `series.defined` entries. */
export class SeriesTable {
  #byId: (Series | undefined)[] = []
  /** A device's series are few, and its mode never changes (semantics 22): a short list each, instead of a long key each. */
  #byDevice = new Map<string, Series[]>()
  /** One string a metric, however many records name it: with 50,000 series the copies were most of this table. */
  #metrics = new Map<string, string>()
  #next = 1

  define({ id, mode, device, metric }: Series): Series {
    const known = this.#byId[id]
    if (known) return known
    const siblings = this.#byDevice.get(device)
    const series = { id, mode, device: siblings?.[0]?.device ?? device, metric: this.#shared(metric) }
    this.#byId[id] = series
    if (siblings) siblings.push(series)
    else this.#byDevice.set(device, [series])
    this.#next = Math.max(this.#next, id + 1)
    return series
  }

  get(id: number): Series | undefined {
    return this.#byId[id]
  }

  find(mode: Mode, device: string, metric: string): Series | undefined {
    return this.#byDevice.get(device)?.find((one) => one.metric === metric && one.mode === mode)
  }

  /** A number nobody has; only the gateway gives numbers, and records each before its first use. */
  reserve(mode: Mode, device: string, metric: string): Series {
    return this.define({ id: this.#next, mode, device, metric })
  }

  /** In the order they were defined. */
  all(): Series[] {
    return this.#byId.filter((one) => one !== undefined)
  }

  #shared(metric: string): string {
    const known = this.#metrics.get(metric)
    if (known === undefined) this.#metrics.set(metric, metric)
    return known ?? metric
  }
}
