import type { Series } from '../core/reading.ts'

type OfMode = { all: Series[]; byDevice: Map<string, Series[]>; byMetric: Map<string, Series[]> }

/** Which series a query means. Lists are in the order of the series' numbers, so that a query can be continued. */
export class SeriesIndex {
  #modes = new Map<string, OfMode>()
  #known = new Set<number>()

  add(series: Series): void {
    if (this.#known.has(series.id)) return
    this.#known.add(series.id)
    const mode = at(this.#modes, series.mode, () => ({ all: [], byDevice: new Map(), byMetric: new Map() }) as OfMode)
    for (const list of [mode.all, at(mode.byDevice, series.device, empty), at(mode.byMetric, series.metric, empty)]) {
      let place = list.length
      while (place > 0 && list[place - 1]!.id > series.id) place--
      list.splice(place, 0, series)
    }
  }

  /** `metrics` empty = all; `devices` restricts when no single device is asked. */
  select(mode: string, device: string | null, devices: string[] | undefined, metrics: string[]): readonly Series[] {
    const of = this.#modes.get(mode)
    if (!of) return []
    const wanted = new Set(metrics)
    if (device !== null) {
      const list = of.byDevice.get(device) ?? []
      return wanted.size === 0 ? list : list.filter(({ metric }) => wanted.has(metric))
    }
    const allowed = devices && new Set(devices)
    if (allowed === undefined && wanted.size === 0) return of.all
    const [only] = metrics
    const list = wanted.size === 1 ? (of.byMetric.get(only!) ?? []) : of.all
    if (allowed === undefined && wanted.size === 1) return list
    return list.filter((one) => (!allowed || allowed.has(one.device)) && (wanted.size === 0 || wanted.has(one.metric)))
  }
}

const empty = (): Series[] => []

function at<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) map.set(key, (value = make()))
  return value
}
