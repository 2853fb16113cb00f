import { Registry, type RegistryRow } from '../core/registry.ts'
import type { Series } from '../core/reading.ts'
import { SeriesTable } from '../core/series.ts'
import { readRecordEntry } from './codec.ts'
import type { Entry } from './journal.ts'

/** Who is who: registry and series numbers, kept current from the record. Each thread that needs it holds its own. */
export class Directory {
  readonly registry = new Registry()
  readonly series = new SeriesTable()

  /** Takes a state saved earlier; entries after it follow by `apply`. */
  load(rows: RegistryRow[], series: Series[]): void {
    for (const row of rows) this.registry.apply(row)
    for (const one of series) this.series.define(one)
  }

  apply(entry: Entry): void {
    if (entry.kind !== 'registry.changed' && entry.kind !== 'series.defined') return
    const change = readRecordEntry(entry)
    if (change.kind === 'registry.changed') this.registry.apply(change)
    else if (change.kind === 'series.defined') for (const series of change.series) this.series.define(series)
  }
}
