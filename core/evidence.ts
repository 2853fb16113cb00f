import type { Alarm } from './alarm.ts'
import type { PhotoNote } from './photo.ts'

/**
 * One entry of the record as it stands on disk. `hash` is SHA-256 over `previous`, then position and time as little-endian
 * doubles, then `count` and whether there is a key as little-endian 32-bit numbers, then kind, NUL, key, NUL and the payload.
 */
export type EvidenceEntry = {
  pos: number
  receivedAt: number
  kind: string
  key: string | null
  count: number
  /** the entry itself, the very text that was hashed */
  payload: string
  previous: string
  hash: string
}

/**
 * Everything the platform knows of one alarm, in one file of two lines: this, and the signature over the bytes of the first line.
 * What was recorded stands in `record` with the hashes that chain it; `readings` come from history.
 */
export type Evidence = {
  format: 'watchfire-evidence/1'
  alarm: Alarm
  /** who asked for the file, and when */
  exportedBy: string
  exportedAt: number
  /** up to where the record went then */
  head: number
  /** rule version, registry rows, changes, actions, views, pushes and receipts, oldest first */
  record: EvidenceEntry[]
  /** positions the timeline names that are not in the files any more, or are damaged */
  missing: number[]
  /** readings of the alarm's device around it: `[ms, value, quality, reason]`, as GET /readings?quality=1 gives them */
  readings: { from: number; to: number; series: unknown[]; next?: string }
  /** photos the record above names, as they were kept when it was exported: the pictures themselves are files of the data folder */
  photos?: (PhotoNote & { pos: number; bytes: number | null; state: 'kept' | 'missing' | 'altered' })[]
  /** names of the persons in it, where who asked may know them */
  people?: Record<string, string>
}

/** The second line: Ed25519 over the bytes of the first, without its line break. */
export type EvidenceSeal = { signature: string; publicKey: string }

/** What evidence is made of: the record as it is on disk, and the key of its published heads. The journal has both. */
export interface RecordProof {
  recordedAt(positions: Iterable<number>): Promise<RecordedProof[]>
  sign(bytes: Uint8Array): EvidenceSeal
}
export type RecordedProof = {
  entry: { pos: number; receivedAt: number; kind: string; key: string | null; count: number; payload: Uint8Array }
  previous: Uint8Array
  hash: Uint8Array
}
