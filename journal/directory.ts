import type { Fence } from '../core/fence.ts'
import { FenceBook } from '../core/fence-book.ts'
import { Registry, type RegistryRow } from '../core/registry.ts'
import type { Series } from '../core/reading.ts'
import { SeriesTable } from '../core/series.ts'
import { readRecordEntry } from './codec.ts'
import type { Entry } from './journal.ts'

const kinds: ReadonlySet<string> = new Set(['registry.changed', 'series.defined', 'fence.set'])

/** Who is who: registry, series numbers and fences, kept current from the record. Each thread that needs it holds its own. */
export class Directory {
  readonly registry = new Registry()
  readonly series = new SeriesTable()
  readonly fences = new FenceBook()

  /** Takes a state saved earlier; entries after it follow by `apply`. */
  load(rows: RegistryRow[], series: Series[], fences: Fence[] = []): void {
    for (const row of rows) this.registry.apply(row)
    for (const one of series) this.series.define(one)
    for (const fence of fences) this.fences.apply(fence)
  }

  apply(entry: Entry): void {
    if (!kinds.has(entry.kind)) return
    const change = readRecordEntry(entry)
    if (change.kind === 'registry.changed') this.registry.apply(change)
    else if (change.kind === 'series.defined') for (const series of change.series) this.series.define(series)
    else if (change.kind === 'fence.set') this.fences.apply(change.fence)
  }
}
