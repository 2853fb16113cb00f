import type { Alarm, AlarmChangeKind } from '../core/alarm.ts'
import { Unavailable } from '../core/errors.ts'
import { PLATFORM, type RecordEntry } from '../core/record.ts'

/** What the engine decided about an action. */
export type Verdict =
  { alarm: Alarm } | { refused: { code: string; message: string; current: Alarm | null; why?: string | undefined } }

const REMEMBERED = 1_000
/** A change made by data may name an action's position too: a tick names the last entry before it. */
const byData = new Set<AlarmChangeKind>(['raised', 'level', 'returned', 'again', 'ended', 'dispatch-unaccepted'])

/** Verdicts on actions as the record brings them, by the action's position; one may come before anybody waits for it. */
export class Verdicts {
  #waitMs: number
  #recent = new Map<number, Verdict>()
  #waiting = new Map<number, (verdict: Verdict) => void>()

  constructor(waitMs = 5_000) {
    this.#waitMs = waitMs
  }

  take(entry: RecordEntry): void {
    if (entry.kind === 'alarm.changed' && !byData.has(entry.change) && entry.by !== PLATFORM)
      this.#came(entry.causePos, { alarm: entry.alarm })
    else if (entry.kind === 'action.refused') {
      const { actionPos, code, message, current, why } = entry
      this.#came(actionPos, { refused: { code, message, current, why } })
    }
  }

  of(actionPos: number): Promise<Verdict> {
    const known = this.#recent.get(actionPos)
    if (known) return Promise.resolve(known)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(actionPos)
        reject(
          new Unavailable('no-verdict', 'the action is recorded, but what came of it is not known yet: look at the alarm', {
            actionPos,
          }),
        )
      }, this.#waitMs)
      this.#waiting.set(actionPos, (verdict) => {
        clearTimeout(timer)
        resolve(verdict)
      })
    })
  }

  #came(actionPos: number, verdict: Verdict): void {
    this.#recent.set(actionPos, verdict)
    if (this.#recent.size > REMEMBERED) this.#recent.delete(this.#recent.keys().next().value!)
    this.#waiting.get(actionPos)?.(verdict)
    this.#waiting.delete(actionPos)
  }
}
