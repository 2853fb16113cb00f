import type { Alarm } from '../core/alarm.ts'
import type { AlarmBook, TimelineItem } from '../core/alarm-book.ts'
import { Conflict, Invalid } from '../core/errors.ts'
import type { ActionEntry } from '../core/record.ts'
import { verdictIn } from './actions.ts'

export type GroupAnswer = {
  group: string
  done: Alarm[]
  refused: { id: string; code: string; message: string; alarm: unknown }[]
}
type Asked = {
  by: string
  key: string
  action: ActionEntry['action']
  alarms: { id: string; version: number }[]
  said: string | null
}

const REMEMBERED = 1_000

/** A group that is acted on again with the same Idempotency-Key is answered as it was the first time: from memory, or from the record. */
export class GroupAnswers {
  #alarmBook: Pick<AlarmBook, 'timeline'>
  #answers = new Map<string, { asked: string; answer: Promise<GroupAnswer> }>()

  constructor(alarmBook: Pick<AlarmBook, 'timeline'>) {
    this.#alarmBook = alarmBook
  }

  async take(asked: Asked | null, act: () => Promise<GroupAnswer>): Promise<GroupAnswer> {
    if (!asked) return act()
    const name = `${asked.by} ${asked.key}`
    const text = JSON.stringify([asked.action, asked.alarms, asked.said])
    const first = this.#answers.get(name)
    if (first) {
      if (first.asked !== text) throw mismatch()
      return first.answer
    }
    const answer = this.#recorded(asked).then((known) => known ?? act())
    this.#answers.set(name, { asked: text, answer })
    if (this.#answers.size > REMEMBERED) this.#answers.delete(this.#answers.keys().next().value!)
    // A refusal has recorded nothing, so the next try asks again.
    answer.catch(() => this.#answers.delete(name))
    return answer
  }

  /** All of them were recorded together, or none was. */
  async #recorded({ by, key, action, alarms, said }: Asked): Promise<GroupAnswer | null> {
    const mine = (items: TimelineItem[]) =>
      items.find(({ entry }) => entry.kind === 'action' && entry.by === by && entry.idempotencyKey === key)
    const items = await this.#alarmBook.timeline(alarms[0]!.id)
    const found = mine(items)?.entry as ActionEntry | undefined
    if (!found) return null
    if (found.action !== action || (found.comment ?? null) !== said) throw mismatch()
    const answer: GroupAnswer = { group: found.details?.group ?? '', done: [], refused: [] }
    for (const { id, version } of alarms) {
      const all = id === alarms[0]!.id ? items : await this.#alarmBook.timeline(id)
      const item = mine(all)
      if (!item || (item.entry as ActionEntry).version !== version) throw mismatch()
      const verdict = verdictIn(all, item.pos)
      // It is in the record and the engine has not come to it: asking again is right, acting again is not.
      if (!verdict) throw new Conflict('wrong-state', 'it is recorded and not decided yet; ask again')
      if ('alarm' in verdict) answer.done.push(verdict.alarm)
      else {
        const { code, message, current } = verdict.refused
        answer.refused.push({ id, code, message, alarm: current ?? null })
      }
    }
    return answer
  }
}

const mismatch = () => new Invalid('idempotency-mismatch', 'this Idempotency-Key was used for another request: use a new one')
