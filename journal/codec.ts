import type { ConnectionChange } from '../core/connection.ts'
import type { Quarantined } from '../core/quarantine.ts'
import type { RecordEntry } from '../core/record.ts'
import type { Draft, Entry } from './journal.ts'

const json = (value: unknown) => Buffer.from(JSON.stringify(value), 'utf8')
const parse = (entry: Entry) =>
  JSON.parse(Buffer.from(entry.payload.buffer, entry.payload.byteOffset, entry.payload.byteLength).toString('utf8')) as unknown

/** A record entry as a draft; `key` makes a repeated append return the first. */
export function recordDraft(entry: RecordEntry, key?: string): Draft {
  const draft: Draft = { stream: 'record', kind: entry.kind, payload: json(entry), count: 1 }
  return key === undefined ? draft : { ...draft, key }
}
export const readRecordEntry = (entry: Entry): RecordEntry => parse(entry) as RecordEntry

export const blockDraft = (bytes: Uint8Array, rows: number): Draft => ({
  stream: 'readings',
  kind: 'block',
  payload: bytes,
  count: rows,
})

export const quarantineDraft = (message: Quarantined): Draft => ({
  stream: 'readings',
  kind: 'quarantine',
  payload: json(message),
  count: 1,
})
export const readQuarantined = (entry: Entry): Quarantined => parse(entry) as Quarantined

export const connectionDraft = (change: ConnectionChange): Draft => ({
  stream: 'readings',
  kind: 'connection',
  payload: json(change),
  count: 1,
})
export const readConnection = (entry: Entry): ConnectionChange => parse(entry) as ConnectionChange
