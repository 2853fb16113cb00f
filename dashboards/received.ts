import type { Alarm } from '../core/alarm.ts'
import type { AlarmBook } from '../core/alarm-book.ts'
import { Conflict } from '../core/errors.ts'
import { receivedDraft, receivedMessage, type Received } from '../core/received.ts'
import { readRecordEntry, recordDraft } from '../journal/codec.ts'
import type { Journal } from '../journal/journal.ts'
import type { People } from './people.ts'

type Receipt = { pos: number; personId: string; at: number; by: 'page' | 'key'; messageId: string | null }
type Began = { occurrences: number; pos: number; at: number }

/**
 * 企业已接警: somebody of the enterprise itself has an alarm and is acting, said on a page or by a key during a call. Both are the same
 * entry, `push.receipt`; the alarm keeps its version and the regulator's ladder goes on.
 */
export class ReceivedBook {
  #journal: Pick<Journal, 'append' | 'readRecord'>
  #people: Pick<People, 'person'>
  #timeline: AlarmBook['timeline']
  #next = 1
  #receipts = new Map<string, Receipt[]>()
  /** of alarms that came again: when they did */
  #began = new Map<string, Began>()
  #reading: Promise<void> = Promise.resolve()

  constructor(journal: Pick<Journal, 'append' | 'readRecord'>, people: Pick<People, 'person'>, timeline: AlarmBook['timeline']) {
    this.#journal = journal
    this.#people = people
    this.#timeline = timeline
  }

  /** Who was first, of the enterprise the alarm is of, since it was raised or came again. */
  async of(alarms: readonly Alarm[]): Promise<Received[]> {
    await this.#read()
    const found = await Promise.all(alarms.map((alarm) => this.#first(alarm)))
    return found.flatMap((one) => one ?? [])
  }

  /** The first one counts, whoever else says so at the same moment. */
  async receive(alarm: Alarm, by: string): Promise<Received> {
    const [before] = await this.of([alarm])
    if (before) return before
    const { entry, key } = receivedDraft(alarm, by)
    await this.#journal.append([recordDraft(entry, key)])
    const [first] = await this.of([alarm])
    if (!first) throw new Conflict('wrong-state', 'whoever says so is no longer of the enterprise', { alarm })
    return first
  }

  async #first(alarm: Alarm): Promise<Received | null> {
    const { id: alarmId, enterpriseId, raisedAt } = alarm
    const theirs = (this.#receipts.get(alarmId) ?? []).filter(
      ({ personId }) => this.#people.person(personId)?.enterpriseId === enterpriseId,
    )
    if (theirs.length === 0) return null
    const began = await this.#beganAt(alarm)
    // A page says which time it was of; a key was pressed during a call about the one there was then.
    const first = theirs.find(({ pos, at, by, messageId }) => {
      if (by === 'page') return messageId === receivedMessage(alarm)
      return began !== null && pos > began.pos && at >= raisedAt
    })
    if (!first) return null
    const { personId, at, by } = first
    return { alarmId, personId, at, by, afterMs: Math.max(0, at - (began?.at ?? raisedAt)) }
  }

  /** Where it became what it is this time; null while its timeline does not know. */
  async #beganAt({ id, occurrences, raisedAt }: Alarm): Promise<Began | null> {
    if (occurrences === 1) return { occurrences, pos: 0, at: raisedAt }
    const known = this.#began.get(id)
    if (known?.occurrences === occurrences) return known
    const items = await this.#timeline(id)
    const item = items.find((one) => one.type === 'change' && one.entry.alarm.occurrences === occurrences)
    if (!item) return null
    const began = { occurrences, pos: item.pos, at: item.at }
    this.#began.set(id, began)
    return began
  }

  /** One at a time, on from where the last one ended. */
  #read(): Promise<void> {
    this.#reading = this.#reading
      .catch(() => undefined)
      .then(async () => {
        for (const entry of await this.#journal.readRecord(this.#next, ['push.receipt'])) {
          this.#next = entry.pos + 1
          const said = readRecordEntry(entry)
          if (said.kind !== 'push.receipt' || said.receipt !== 'acknowledged' || !said.alarmId || !said.personId) continue
          const { alarmId, personId, channel, messageId } = said
          const one: Receipt = {
            pos: entry.pos,
            personId,
            at: entry.receivedAt,
            by: channel === 'app' ? 'page' : 'key',
            messageId,
          }
          this.#receipts.set(alarmId, [...(this.#receipts.get(alarmId) ?? []), one])
        }
      })
    return this.#reading
  }
}
