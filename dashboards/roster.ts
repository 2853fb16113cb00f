import { Conflict, Invalid, NotFound } from '../core/errors.ts'
import { minuteOf } from '../core/local-time.ts'
import type { PartAlarm } from '../core/part.ts'
import type { Author, RecordEntry } from '../core/record.ts'
import { dutyRoles, RosterBook, type DutyRole, type Shift } from '../core/roster.ts'
import { readRecordEntry } from '../journal/codec.ts'
import type { Entry, Journal } from '../journal/journal.ts'
import type { People } from './people.ts'
import type { Recorder } from './recorder.ts'
import { may } from './rights.ts'
import { shortId } from './short-id.ts'

const HOUR = 3_600_000
const LONGEST_SHIFT_MS = 48 * HOUR
/** A gap that begins within this time is an alarm: time enough to find somebody. */
const AHEAD_MS = 12 * HOUR

export type NewShift = { region: string; from: number; to: number; people: Record<DutyRole, string> }

/**
 * Who is on duty (ux.md B5). Every shift is an entry of the record; this is how they stand, for the API, the wall and the ladder. A place
 * that has once had a roster and now has nobody is an alarm.
 */
export class Roster {
  readonly book = new RosterBook()
  #journal: Journal
  #recorder: Recorder
  #people: People
  #zone: string
  /** when each shift was first entered */
  #enteredAt = new Map<string, number>()
  #loading: Promise<void> | null = null
  #meanwhile: Entry[] | null = null

  constructor(journal: Journal, recorder: Recorder, people: People, zone: string) {
    this.#zone = zone
    this.#journal = journal
    this.#recorder = recorder
    this.#people = people
  }

  /** Resolves when everything recorded so far is in. */
  known(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null
      throw error
    })
    return this.#loading
  }

  apply(entry: Entry): void {
    if (entry.kind !== 'roster.set') return
    if (this.#meanwhile) this.#meanwhile.push(entry)
    else this.#take(entry)
  }

  /** Puts several shifts in the roster together, or none. */
  add(wanted: NewShift[], by: Author): Promise<Shift[]> {
    return this.#recorder.inTurn('roster', async () => {
      await this.known()
      const shifts: Shift[] = []
      for (const one of wanted) {
        this.#check(one, shifts)
        const id = shortId('sh', (id) => this.#enteredAt.has(id) || shifts.some((shift) => shift.id === id))
        shifts.push({ id, version: 1, ...one, substitutions: [], cancelledAt: null })
      }
      await this.#write(shifts.map((shift) => ({ kind: 'roster.set', shift, change: 'added', by })))
      return shifts
    })
  }

  /** Somebody stands in for one of the shift, from now on or before it begins. */
  substitute(
    id: string,
    version: number,
    stand: { role: DutyRole; personId: string; reason: string },
    by: Author,
  ): Promise<Shift> {
    return this.#change(id, version, by, 'substituted', (shift, at) => {
      this.#reachable(stand.personId, stand.role)
      return { ...shift, substitutions: [...shift.substitutions, { ...stand, by, at }] }
    })
  }

  cancel(id: string, version: number, reason: string, by: Author): Promise<Shift> {
    return this.#change(id, version, by, 'cancelled', (shift, at) => ({ ...shift, cancelledAt: at }), reason)
  }

  /** Whether it was in the roster while it lasted: what was entered afterwards nobody could hand over. */
  wasKnown({ id, to }: Pick<Shift, 'id' | 'to'>): boolean {
    return (this.#enteredAt.get(id) ?? Infinity) < to
  }

  /** Places that have a roster and in which nobody watches, now or soon. */
  alarms(now: number): PartAlarm[] {
    return this.book.regions().flatMap((region): PartAlarm[] => {
      const [gap] = this.book.gaps(region, now, now + AHEAD_MS)
      if (!gap) return []
      const began = gap.from <= now
      const at = minuteOf(gap.from, this.#zone)
      return [
        {
          code: `gap-${region}`,
          text: began
            ? { zh: `${region} 无人值班`, en: `Nobody is on duty in ${region}` }
            : { zh: `${region} 自 ${at} 起无人值班`, en: `Nobody is on duty in ${region} from ${at}` },
        },
      ]
    })
  }

  #change(
    ...[id, version, by, change, how, reason]: [
      id: string,
      version: number,
      by: Author,
      change: 'substituted' | 'cancelled',
      how: (shift: Shift, at: number) => Shift,
      reason?: string,
    ]
  ): Promise<Shift> {
    return this.#recorder.inTurn('roster', async () => {
      await this.known()
      const shift = this.book.shift(id)
      if (!shift) throw new NotFound(`there is no shift ${id}`)
      if (shift.version !== version)
        throw new Conflict('stale-version', `the shift is at version ${shift.version}, you saw ${version}`, { shift })
      const now = this.#journal.clock.now()
      if (shift.to <= now) throw new Conflict('wrong-state', 'the shift is over; what was stays as it was', { shift })
      const changed = { ...how(shift, now), version: version + 1 }
      await this.#write([{ kind: 'roster.set', shift: changed, change, by, ...(reason !== undefined && { reason }) }])
      return changed
    })
  }

  #check({ region, from, to, people }: NewShift, besides: Shift[]): void {
    if (!(to > from && to - from <= LONGEST_SHIFT_MS))
      throw new Invalid('invalid', 'a shift ends after it begins and lasts at most 48 hours', { field: 'to' })
    const other = [...this.book.shifts(region, from, to), ...besides].find(
      (shift) => shift.region === region && shift.from < to && shift.to > from,
    )
    if (other) throw new Conflict('overlapping-shift', `${region} has another shift in that time`, { shift: other })
    for (const role of dutyRoles) this.#reachable(people[role], role)
  }

  /** Who cannot be telephoned at 3 a.m. is not on duty. */
  #reachable(personId: string, role: DutyRole): void {
    const person = this.#people.person(personId)
    if (!person || person.disabled || !may(person.role, 'act'))
      throw new Invalid('invalid', `${role}: ${personId} is nobody who may act on alarms`, { field: `people.${role}` })
    if (person.contact.phone === null)
      throw new Invalid('unreachable', `${role}: ${person.username} has no telephone number; give one first`, {
        field: `people.${role}`,
        personId,
      })
  }

  async #write(entries: RecordEntry[]): Promise<void> {
    await this.#recorder.write(entries)
  }

  async #load(): Promise<void> {
    this.#meanwhile = []
    for (const entry of await this.#journal.readRecord(1, ['roster.set'])) this.#take(entry)
    for (const entry of this.#meanwhile) this.#take(entry)
    this.#meanwhile = null
  }

  /** Applied twice it stands as once: a shift is taken whole. */
  #take(entry: Entry): void {
    const said = readRecordEntry(entry)
    if (said.kind !== 'roster.set') return
    const known = this.book.shift(said.shift.id)
    if (known && known.version > said.shift.version) return
    if (!known) this.#enteredAt.set(said.shift.id, entry.receivedAt)
    this.book.apply(said.shift)
  }
}
