/** What can be brought in as a sheet: devices with the places they stand in, and people. */
export const importKinds = ['devices', 'people'] as const
export type ImportKind = (typeof importKinds)[number]

/** A sheet has at most so many rows with something in them. A new person costs a password's hash, so of those there are fewer. */
export const importRows: Record<ImportKind, number> = { devices: 5_000, people: 500 }
export const IMPORT_BYTES = 4 << 20

export type Said = { zh: string; en: string }

/** One cell that will not do: what is wrong, and what belongs there. `column` is null where it is about the row. */
export type ImportFault = { column: Said | null; says: Said; fix: Said }
/** `adds`: it was not there. Without `before` what it was is nobody's business; null is an empty cell. */
export type ImportChange = { what: Said; before?: string | null; after: string | null; adds?: true }

/** `same`: already there. `skipped`: the example of the template. */
export const importStates = ['new', 'changed', 'same', 'bad', 'skipped'] as const
export type ImportState = (typeof importStates)[number]

/** A row of the sheet, by its number there. */
export type ImportRow = {
  row: number
  name: string
  state: ImportState
  faults: ImportFault[]
  notes: Said[]
  changes: ImportChange[]
}

export type ImportAnswer = {
  kind: ImportKind
  dryRun: boolean
  encoding: 'utf-8' | 'gb18030' | 'utf-16le'
  /** the columns that were read, and heads of those that were not */
  columns: Said[]
  unused: string[]
  counts: Record<ImportState, number>
  rows: ImportRow[]
  /** the bad rows as they came, with a column of reasons; null when there are none */
  badCsv: string | null
  /** what came of each row that went in, with new tokens or first passwords: this once */
  resultCsv: string | null
}
