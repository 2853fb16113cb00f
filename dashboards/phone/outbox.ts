import type { Alarm } from '../../core/alarm.ts'
import { photoText, type PhotoNote } from '../../core/photo.ts'
import type { LadderCallee } from '../../core/escalation.ts'
import type { AlarmAction } from '../../core/record.ts'

/** What is done on the phone: an action, or a call up the ladder by hand. */
export type PhoneDeed = AlarmAction | 'call'

export type TakenPhoto = Omit<PhotoNote, 'sha256'> & { blob: Blob }

/**
 * An action that has not arrived. Its key makes a second sending a repetition. `waiting` is sent when there is a network, the others are
 * shown until the person has read them: `asks` a call so old that its person decides anew ·
 * `conflict` the alarm had become something else · `refused` · `held` it came after one of those.
 */
export type QueuedAction = {
  seq: number
  key: string
  /** who did it: nobody else's login sends it */
  by: string
  at: number
  alarmId: string
  /** the alarm as the person saw it */
  seen: Alarm
  version: number
  action: PhoneDeed
  body: Record<string, unknown>
  photo: TakenPhoto | null
  /** when it was last wanted, later than `at` if its person was asked again */
  wantedAt?: number
  state: 'waiting' | 'asks' | 'conflict' | 'refused' | 'held'
  /** what the alarm is instead */
  now: Alarm | null
  why: string | null
}

/** What came of one sending. `unreachable`: nobody answered, or nobody who could; it stays and so does all behind it. */
export type Sent =
  | { kind: 'done'; alarm: Alarm | null }
  | { kind: 'conflict'; now: Alarm | null; why: string | null }
  | { kind: 'refused'; why: string }
  | { kind: 'unreachable' }
  | { kind: 'login' }

/** Older than this nobody is rung up without asking who wanted it: whom it would call may have been called or be there by now. */
export const CALL_GOES_STALE_MS = 10 * 60_000
export const isStaleCall = ({ action, at, wantedAt = at }: QueuedAction, now: number): boolean =>
  action === 'call' && now - wantedAt > CALL_GOES_STALE_MS

export const calleeOf = ({ action, body }: QueuedAction): LadderCallee | null =>
  action === 'call' ? (body['to'] as LadderCallee) : null

/** The body as it is sent: the version that was seen, and the photo once the server has it. */
export function bodyOf({ version, body, photo }: QueuedAction, sha256: string | null): Record<string, unknown> {
  const words = typeof body['evidence'] === 'string' ? body['evidence'] : ''
  const note = photo && sha256 !== null ? photoText({ sha256, takenAt: photo.takenAt, place: photo.place }) : ''
  const evidence = [words, note].filter(Boolean).join(' ')
  return { ...body, version, ...(evidence !== '' && { evidence }) }
}

/**
 * What becomes of the others of the queue when one has been answered. Behind an action that was done, one on the same version goes on with
 * the version that action alone made; behind one that was not, nothing of the same alarm is sent by itself.
 */
export function afterwards(queue: readonly QueuedAction[], answered: QueuedAction, sent: Sent): QueuedAction[] {
  const later = queue.filter(
    ({ seq, alarmId, state }) => seq > answered.seq && alarmId === answered.alarmId && state === 'waiting',
  )
  if (sent.kind === 'done') {
    const next = sent.alarm?.version
    if (next === undefined || next > answered.version + 1) return []
    return later.filter(({ version }) => version === answered.version).map((item) => ({ ...item, version: next }))
  }
  if (sent.kind !== 'conflict' && sent.kind !== 'refused') return []
  const now = sent.kind === 'conflict' ? sent.now : null
  return later.map((item) => ({ ...item, state: 'held', now }))
}
