import type { PushCodeWrongEntry } from '../../core/escalation.ts'
import type { PartAlarm } from '../../core/part.ts'

export const MOST_WRONG_CODES = 5
export const CODE_LOCKED_MS = 15 * 60_000

/** Codes of six digits can be guessed: after so many wrong ones for a message none of it is taken for a while. */
export class WrongCodes {
  #wrong = new Map<string, { attempts: number; at: number }>()

  /** Until when no code of this message is taken; null: one may be tried. */
  lockedUntil(messageId: string, now: number): number | null {
    const known = this.#wrong.get(messageId)
    const isLocked = known !== undefined && known.attempts >= MOST_WRONG_CODES && now < known.at + CODE_LOCKED_MS
    return isLocked ? known.at + CODE_LOCKED_MS : null
  }

  /** Counted before it is recorded, so that many at once are no way around; which attempt it was. */
  count(messageId: string, now: number): number {
    const known = this.#wrong.get(messageId)
    const attempts = known && now < known.at + CODE_LOCKED_MS ? known.attempts + 1 : 1
    this.#wrong.set(messageId, { attempts, at: now })
    return attempts
  }

  /** From the record: after a restart it counts on from there. */
  take({ messageId, attempt }: PushCodeWrongEntry, at: number): void {
    const known = this.#wrong.get(messageId)
    const isNews = !known || attempt > known.attempts || at >= known.at + CODE_LOCKED_MS
    if (isNews) this.#wrong.set(messageId, { attempts: attempt, at })
  }

  right(messageId: string): void {
    this.#wrong.delete(messageId)
  }

  alarms(now: number): PartAlarm[] {
    for (const [id, { at }] of this.#wrong) if (now >= at + CODE_LOCKED_MS) this.#wrong.delete(id)
    const n = [...this.#wrong.keys()].filter((id) => this.lockedUntil(id, now) !== null).length
    if (n === 0) return []
    const zh = '有测试消息的应答码连续输错，已暂停接受该消息的应答码；请核实是谁在尝试'
    const en = 'Wrong codes were given for a test message again and again: no code of it is taken for a while; find out who tries'
    return [{ code: 'code-locked', text: { zh, en } }]
  }
}
