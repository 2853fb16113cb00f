import type { Quarantined } from './quarantine.ts'
import type { ReadingRows } from './reading-rows.ts'

/** Asking about the past: ingest implements it, dashboards use it. All times are milliseconds UTC, ranges are from ≤ t < to. */
export interface History {
  /**
   * Readings of one device, or of all (`device` null), ascending by time within each series.
   * Raises `Unavailable('catching-up')` when what was journalled up to `throughPos` is not in within 2 s.
   */
  readings(query: ReadingsQuery): Promise<ReadingsAnswer>
  /** The newest reading of every series of a mode: what screens show after a start. */
  latest(mode: string): Promise<LatestReading[]>
  /** The newest reading of each series of these devices at a moment, null for a series that had none since `since`. */
  at(query: AtQuery): Promise<ReadingAt[]>
  /** What was known at a moment of every series of a mode: only what had been received by then, however late other readings came. */
  knownAt?(query: KnownQuery): Promise<KnownReadings>
  /** The next rows of an export of one device, as lines of the file. */
  exportPage(query: ExportQuery): Promise<ExportPage>
  /** Readings as they were received, to judge the past again. */
  rows?(query: RowsQuery): Promise<ReadingRows>
  quarantine(query: QuarantineQuery): Promise<{ entries: (Quarantined & { id: number })[]; total: number; next?: string }>
  /** How many messages of each device went to quarantine, with the newest code. */
  quarantineCounts(): Promise<{ deviceId: string | null; code: string; count: number; lastAt: number }[]>
}

export const aggregates = ['mean', 'min', 'max', 'last', 'count'] as const
export type Aggregate = (typeof aggregates)[number]

export type ReadingsQuery = {
  mode: string
  device: string | null
  /** restrict `device: null` to these devices (an enterprise's) */
  devices?: string[]
  /** metrics with channel; empty = all */
  metrics: string[]
  from: number
  to: number
  /** bucket width; buckets align to `zone`; empty ones are absent; `bad` readings are left out */
  every?: number
  fn?: Aggregate
  /** points as [ms, value, quality, reason] */
  quality?: boolean
  /** opaque continuation from an earlier answer */
  cursor?: string
  /** time zone of the deployment, for bucket alignment */
  zone: string
  throughPos: number
  maxPoints: number
  /** raises `too-many-points`, with a step that fits, when all pages together would have more */
  mostPoints?: number
}

/** By when they were measured; `quantities`: metrics without channel, none = all. */
export type RowsQuery = { mode: string; quantities: string[]; from: number; to: number }

/** The answer is ready JSON (`{"series":[…],"next"?:…}`) in UTF-8, so the thread that serves it only has to send it. */
export type ReadingsAnswer = { json: Uint8Array<ArrayBuffer>; points: number }

export type AtQuery = { mode: string; devices: string[]; metrics: string[]; at: number; since: number; throughPos: number }

/** `seriesBelow`: series with this number or a higher one had not been heard of by then. */
export type KnownQuery = { mode: string; at: number; seriesBelow: number; throughPos: number }

/** `keptSince`: of what was measured before, readings are no longer kept; 0 where nothing goes. */
export type KnownReadings = { readings: LatestReading[]; keptSince: number }

export type ReadingAt = {
  device: string
  metric: string
  reading: { value: number; measuredAt: number; receivedAt: number; quality: number } | null
  /** of the minute or hour, where readings are gone and sums of them kept */
  summed?: { from: number; to: number; mean: number; min: number; max: number }
}

export const exportFormats = ['csv', 'ndjson'] as const
export type ExportFormat = (typeof exportFormats)[number]
export const exportEncodings = ['utf-8', 'gbk'] as const
export type ExportEncoding = (typeof exportEncodings)[number]

export type ExportQuery = {
  mode: string
  device: string
  /** what people call it, and whose it is: repeated in every row */
  labels: { name: string; enterprise: string }
  metrics: string[]
  from: number
  to: number
  format: ExportFormat
  encoding: ExportEncoding
  /** zone of the times people read */
  zone: string
  /** goes on after this row */
  after?: RowPlace
  /** csv begins with the names of the columns, in this language */
  firstLine?: 'zh' | 'en'
  maxRows: number
  throughPos: number
}

/** Rows of a device are ordered by series, and within a series by time: this names one of them. */
export type RowPlace = { metric: string; at: number }

/** `last` is null when there are no more rows of the device. `readingsFrom`: before it only sums are left, which are not exported. */
export type ExportPage = { bytes: Uint8Array<ArrayBuffer>; rows: number; last: RowPlace | null; readingsFrom?: number }

export type LatestReading = {
  series: number
  device: string
  metric: string
  value: number
  measuredAt: number
  receivedAt: number
  quality: number
}

export type QuarantineQuery = {
  device?: string
  enterpriseId?: string
  /** any of these, where somebody may see a part */
  enterpriseIds?: string[]
  cursor?: string
  limit: number
  throughPos: number
}
