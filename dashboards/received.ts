import type { Alarm } from '../core/alarm.ts'
import { receivedDraft, type Received } from '../core/received.ts'
import { readRecordEntry, recordDraft } from '../journal/codec.ts'
import type { Journal } from '../journal/journal.ts'
import type { People } from './people.ts'

type Receipt = { personId: string; at: number; by: 'page' | 'key' }

/**
 * 企业已接警: somebody of the enterprise itself has an alarm and is acting, said on a page or by a key during a call. Both are the same
 * entry, `push.receipt`; the alarm keeps its version and the regulator's ladder goes on.
 */
export class ReceivedBook {
  #journal: Pick<Journal, 'append' | 'readRecord'>
  #people: Pick<People, 'person'>
  #next = 1
  #receipts = new Map<string, Receipt[]>()
  #reading: Promise<void> = Promise.resolve()

  constructor(journal: Pick<Journal, 'append' | 'readRecord'>, people: Pick<People, 'person'>) {
    this.#journal = journal
    this.#people = people
  }

  /** Who was first, of the enterprise the alarm is of, since it was raised. */
  async of(alarms: readonly Alarm[]): Promise<Received[]> {
    await this.#read()
    return alarms.flatMap((alarm) => this.#first(alarm) ?? [])
  }

  /** The first one counts, whoever else says so at the same moment. */
  async receive(alarm: Alarm, by: string): Promise<Received> {
    const [before] = await this.of([alarm])
    if (before) return before
    const { entry, key } = receivedDraft(alarm, by)
    await this.#journal.append([recordDraft(entry, key)])
    const [first] = await this.of([alarm])
    return first!
  }

  #first({ id, enterpriseId, raisedAt }: Alarm): Received | null {
    const isTheirs = (personId: string) => this.#people.person(personId)?.enterpriseId === enterpriseId
    const first = this.#receipts.get(id)?.find(({ personId, at }) => at >= raisedAt && isTheirs(personId))
    return first ? { alarmId: id, ...first, afterMs: first.at - raisedAt } : null
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
          const { alarmId, personId, channel } = said
          const one: Receipt = { personId, at: entry.receivedAt, by: channel === 'app' ? 'page' : 'key' }
          this.#receipts.set(alarmId, [...(this.#receipts.get(alarmId) ?? []), one])
        }
      })
    return this.#reading
  }
}
