import type { Mode } from '../../core/mode.ts'
import type { Snapshot } from '../../core/live.ts'
import type { Limits } from '../sight.ts'

/** Whose picture of which moment. Everything below `throughPos` that was received by `at` is on disk. */
export type WallQuestion = {
  mode: Mode
  /** ms UTC */
  at: number
  enterpriseId: string | null
  sight: Limits
  jurisdiction: string
  zone: string
  throughPos: number
}

/** What a wall showed: the message its feed would have sent, with what has to be said about it. */
export type WallMoment = {
  at: number
  mode: Mode
  /** of the picture: the same moment gives the same picture */
  sha256: string
  /** `gone`: readings of that time are no longer kept, so nothing is said of values and of who was heard */
  readings: 'kept' | 'gone'
  /** `journal`: as it came in, with links; `history`: from stored readings, where nothing is known of links */
  source: 'journal' | 'history'
  /** since when the platform was not running at that moment, so that walls stood still or were dark; null: it ran */
  downSince: number | null
  snapshot: Snapshot
}

/** The nearest moment before or after one at which an alarm of the picture changed. */
export type ChangeQuestion = Omit<WallQuestion, 'jurisdiction' | 'zone'> & { direction: 'next' | 'previous' }

export interface Replays {
  /** The moment as JSON of a `WallMoment`. Raises `Unavailable` (`busy`, `catching-up`) and `NotFound` before the first record. */
  wallAt(question: Omit<WallQuestion, 'throughPos'>): Promise<Uint8Array>
  /** Null when there is none. */
  changeNear(question: Omit<ChangeQuestion, 'throughPos'>): Promise<number | null>
  /** The main thread has applied everything below `pos`; what was received before `clock` is there. */
  reached(pos: number, clock: number): void
  stop(): Promise<void>
}
