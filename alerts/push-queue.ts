import { severity } from '../core/level.ts'
import type { Mode } from '../core/mode.ts'
import type { AlarmNews } from '../core/push.ts'

/** What the receiver of every change is told: one recorded change of one alarm. */
export type Notice = AlarmNews & {
  /** The same whenever this notice is sent again, so a receiver can tell a repeat from news. */
  id: string
  mode: Mode
  text: { zh: string; en: string }
}

/** A notice that has not been settled: neither delivered nor given up. */
export type Owed = {
  notice: Notice
  attempts: number
  dueAt: number
  underway: boolean
  /** since when the receiver has been saying no to it */
  rejectedSince: number | null
}

export type Dropped = { notice: Notice; reason: 'superseded' | 'too old'; by: string | null }

/** Changes owed for longer than this have gone stale: only the newest of an alarm is still worth a person's attention. */
export const STALE_MS = 5 * 60_000
/** Anything but a red is given up after this. */
export const KEEP_MS = 24 * 3_600_000

/** A no that is not about the notice itself is believed after this. */
export const INSIST_MS = 3_600_000

const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 60_000

/** When to try again after `attempts` failures: doubling to a minute, spread over half of it so that retries do not march in step. */
export function retryDelayMs(attempts: number, random: number): number {
  const whole = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 16))
  return Math.round(whole * (0.5 + random / 2))
}

/**
 * What is owed to one channel. Pure: time and chance are handed in. Notices of one alarm leave in the order of the record;
 * between alarms the worse goes first, then the older.
 */
export class PushQueue {
  #byAlarm = new Map<string, Owed[]>()
  size = 0

  add(notice: Notice): void {
    const line = this.#byAlarm.get(notice.alarm.id) ?? []
    if (line.some((owed) => owed.notice.pos === notice.pos)) return
    line.push({ notice, attempts: 0, dueAt: 0, underway: false, rejectedSince: null })
    this.#byAlarm.set(notice.alarm.id, line)
    this.size++
  }

  /** The notice at `pos` needs nothing more. */
  settle(pos: number): void {
    for (const [alarmId, line] of this.#byAlarm) {
      const at = line.findIndex((owed) => owed.notice.pos === pos)
      if (at < 0) continue
      line.splice(at, 1)
      if (line.length === 0) this.#byAlarm.delete(alarmId)
      this.size--
      return
    }
  }

  /** The next notice that may be tried now, marked as under way. */
  take(now: number): Owed | null {
    let best: Owed | null = null
    for (const [head] of this.#byAlarm.values()) {
      if (!head || head.underway || head.dueAt > now) continue
      if (!best || before(head, best)) best = head
    }
    if (best) best.underway = true
    return best
  }

  /** Not delivered: due again after the back-off, or later if the receiver asked for that. */
  failed(owed: Owed, now: number, random: number, retryAfterMs: number): void {
    owed.underway = false
    owed.attempts++
    owed.dueAt = now + Math.max(retryDelayMs(owed.attempts, random), retryAfterMs)
  }

  /** The receiver said no: whether it has said so for long enough to be believed. */
  rejected(owed: Owed, now: number): boolean {
    owed.rejectedSince ??= now
    return now - owed.rejectedSince >= INSIST_MS
  }

  /**
   * Takes out what is no longer worth sending after a long outage: of an alarm's stale changes only the newest stays, and
   * the first that made it red, because nobody may learn of a red only by its end.
   */
  dropStale(now: number): Dropped[] {
    const dropped: Dropped[] = []
    for (const [alarmId, line] of this.#byAlarm) {
      const newest = line.at(-1)!
      const firstRed = line.find((owed) => madeRed(owed.notice))
      const kept = line.filter((owed) => {
        const age = now - owed.notice.recordedAt
        if (owed.underway || owed === firstRed) return true
        const superseded = owed !== newest && age > STALE_MS
        if (!superseded && age <= KEEP_MS) return true
        dropped.push(
          superseded
            ? { notice: owed.notice, reason: 'superseded', by: newest.notice.id }
            : { notice: owed.notice, reason: 'too old', by: null },
        )
        return false
      })
      this.size -= line.length - kept.length
      if (kept.length === 0) this.#byAlarm.delete(alarmId)
      else this.#byAlarm.set(alarmId, kept)
    }
    return dropped
  }

  /** When the next notice is due, null when nothing waits for a time. */
  nextDueAt(): number | null {
    let next: number | null = null
    for (const [head] of this.#byAlarm.values()) {
      if (head && !head.underway && (next === null || head.dueAt < next)) next = head.dueAt
    }
    return next
  }

  oldestPos(): number | null {
    return this.#fold((owed) => owed.notice.pos)
  }

  oldestRecordedAt(): number | null {
    return this.#fold((owed) => owed.notice.recordedAt)
  }

  #fold(of: (owed: Owed) => number): number | null {
    let least: number | null = null
    for (const line of this.#byAlarm.values()) for (const owed of line) if (least === null || of(owed) < least) least = of(owed)
    return least
  }
}

const becameRed: ReadonlySet<Notice['change']> = new Set([
  'raised',
  'level',
  'again',
  'unshelved',
  'returned-to-service',
  'unsuppressed',
])
const madeRed = ({ alarm, change }: Notice) => alarm.level === 'red' && alarm.state !== 'normal' && becameRed.has(change)

function before(a: Owed, b: Owed): boolean {
  const worse = severity[a.notice.alarm.level] - severity[b.notice.alarm.level]
  return worse !== 0 ? worse > 0 : a.notice.pos < b.notice.pos
}
