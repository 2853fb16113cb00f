import { Conflict, Invalid, NotFound } from '../core/errors.ts'
import {
  HANDOVER_LATE_MS,
  HANDOVER_OPENS_MS,
  toConfirm,
  type HandoverReport,
  type HandoverSide,
  type HandoverSignedEntry,
} from '../core/handover.ts'
import type { PlatformState } from '../core/live.ts'
import { minuteOf } from '../core/local-time.ts'
import type { PartAlarm } from '../core/part.ts'
import type { Author } from '../core/record.ts'
import { peopleOf, type RosterBook, type Shift } from '../core/roster.ts'
import { readRecordEntry } from '../journal/codec.ts'
import type { Entry, Journal } from '../journal/journal.ts'
import type { Recorder } from './recorder.ts'
import { Forbidden } from './refusals.ts'
import { sha256 } from './short-id.ts'

const DAY = 86_400_000
/** What nobody signed for so long is history: it stays unsigned in the archive. */
const LOOKED_BACK_MS = 7 * DAY
/** A report somebody has read can be signed for a while although a newer one has been made since. */
const DRAFTS_KEPT = 30
const DRAFT_FRESH_MS = 30_000

type Signature = { by: Author; at: number; notes: string }
/** How a handover stands. `pos`: the entry that carries the report. */
export type Handover = {
  shiftId: string
  region: string
  sha256: string
  pos: number
  outgoing: Signature
  incoming: (Signature & { confirmed: string[] }) | null
}
export type HandoverOptions = {
  zone: string
  /** since when shifts can be handed over in this deployment: an older one was not, and nobody is called about it */
  from: number
  /** it stood in the roster while it lasted */
  wasKnown: (shift: Shift) => boolean
}
type Draft = { at: number; sha256: string; report: HandoverReport }
export type Signing = { side: HandoverSide; sha256: string; notes: string; confirmed: string[]; by: Author; mayStandIn: boolean }

/**
 * Handing over a shift (ux.md B5): what was signed stands in the record whole, so that it can be shown as it was. A shift that ended and
 * was not signed by both a quarter of an hour later is an alarm of the platform until it is.
 */
export class Handovers {
  #journal: Journal
  #recorder: Recorder
  #book: RosterBook
  #options: HandoverOptions
  #firstSignedAt = Infinity
  #byShift = new Map<string, Handover>()
  #drafts = new Map<string, Draft[]>()
  #loading: Promise<void> | null = null
  #meanwhile: Entry[] | null = null

  constructor(journal: Journal, recorder: Recorder, book: RosterBook, options: HandoverOptions) {
    this.#options = options
    this.#journal = journal
    this.#recorder = recorder
    this.#book = book
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
    if (entry.kind !== 'handover.signed') return
    if (this.#meanwhile) this.#meanwhile.push(entry)
    else this.#take(entry)
  }

  of(shiftId: string): Handover | null {
    return this.#byShift.get(shiftId) ?? null
  }

  isSigned(shiftId: string): boolean {
    return (this.of(shiftId)?.incoming ?? null) !== null
  }

  /** The shift a region has to hand over now: the one about to end, else the last one while it is unsigned, else the one on duty. */
  due(region: string, now: number): Shift | null {
    const shifts = this.#book.shifts(region, now - LOOKED_BACK_MS, now + 1)
    const current = shifts.findLast(({ from, to }) => from <= now && now < to) ?? null
    if (current && now >= current.to - HANDOVER_OPENS_MS) return current
    const last = shifts.findLast(({ to }) => to <= now) ?? null
    return last && !this.isSigned(last.id) ? last : (current ?? last)
  }

  next(shift: Shift): Shift | null {
    return this.#book.shifts(shift.region, shift.to, shift.to + LOOKED_BACK_MS).find(({ from }) => from >= shift.to) ?? null
  }

  /** The report as it is read before anybody signs; made anew when the last one is half a minute old. */
  async draft(shift: Shift, now: number, make: () => Promise<HandoverReport>): Promise<Draft> {
    const known = this.#drafts.get(shift.id) ?? []
    const newest = known.at(-1)
    if (newest && now - newest.at < DRAFT_FRESH_MS) return newest
    const report = await make()
    const draft = { at: now, sha256: sha256(JSON.stringify(report)), report }
    this.#drafts.set(shift.id, [...known, draft].slice(-DRAFTS_KEPT))
    for (const id of this.#drafts.keys()) if (this.of(id)) this.#drafts.delete(id)
    return draft
  }

  /** The text of the report that was signed, exactly. */
  async signedText({ shiftId, pos }: Handover): Promise<string> {
    const entry = (await this.#journal.readRecord(pos, ['handover.signed'])).find((one) => one.pos === pos)
    const said = entry && readRecordEntry(entry)
    if (said?.kind !== 'handover.signed' || said.report === undefined)
      throw new NotFound(`the report of ${shiftId} cannot be read back from the record`)
    return said.report
  }

  sign(shiftId: string, now: number, signing: Signing): Promise<Handover> {
    return this.#recorder.inTurn(`handover ${shiftId}`, async () => {
      await this.known()
      const shift = this.#book.shift(shiftId)
      if (!shift) throw new NotFound(`there is no shift ${shiftId}`)
      const entry = signing.side === 'outgoing' ? this.#outgoing(shift, now, signing) : await this.#incoming(shift, signing)
      await this.#recorder.write([entry])
      return this.of(shiftId)!
    })
  }

  /** Places whose last shift was not handed over. */
  alarms(now: number): PartAlarm[] {
    return this.#unsigned(now).map(({ region, to }) => {
      const at = minuteOf(to, this.#options.zone)
      return {
        code: `handover-${region}`,
        text: {
          zh: `${region} ${at} 结束的班次未完成交接签字`,
          en: `The shift in ${region} that ended at ${at} was not handed over`,
        },
      }
    })
  }

  notices(now: number): PlatformState['notices'] {
    return this.#unsigned(now).map(({ region, to }) => ({
      code: 'handover-unsigned',
      text: region,
      since: to + HANDOVER_LATE_MS,
    }))
  }

  #unsigned(now: number): Shift[] {
    return this.#book.regions().flatMap((region) => {
      const last = this.#book.shifts(region, now - LOOKED_BACK_MS, now).findLast(({ to }) => to + HANDOVER_LATE_MS <= now)
      return last && !this.isSigned(last.id) && this.#couldBeSigned(last) ? [last] : []
    })
  }

  #couldBeSigned(shift: Shift): boolean {
    const { from, wasKnown } = this.#options
    return wasKnown(shift) && shift.to > Math.min(from, this.#firstSignedAt)
  }

  #outgoing(shift: Shift, now: number, { sha256: seen, notes, by }: Signing): HandoverSignedEntry {
    if (now < shift.to - HANDOVER_OPENS_MS)
      throw new Conflict('wrong-state', 'a shift is handed over from 15 minutes before its end', {
        opensAt: shift.to - HANDOVER_OPENS_MS,
      })
    if (this.of(shift.id)) throw new Conflict('wrong-state', 'the outgoing shift has signed already')
    if (!Object.values(peopleOf(shift)).includes(by)) throw notOn(shift)
    const draft = this.#drafts.get(shift.id)?.find((one) => one.sha256 === seen)
    if (!draft) throw new Conflict('stale-version', 'the report you read is too old to be signed: read it again')
    const report = JSON.stringify({ ...draft.report, notes })
    const { id: shiftId, region } = shift
    return { kind: 'handover.signed', shiftId, region, side: 'outgoing', sha256: sha256(report), report, by }
  }

  async #incoming(shift: Shift, { sha256: seen, notes, confirmed, by, mayStandIn }: Signing): Promise<HandoverSignedEntry> {
    const known = this.of(shift.id)
    if (!known) throw new Conflict('wrong-state', 'the outgoing shift signs first')
    if (known.incoming) throw new Conflict('wrong-state', 'this shift has been taken over already')
    if (known.sha256 !== seen) throw new Conflict('stale-version', 'this is not the report that was signed: read it again')
    if (known.outgoing.by === by) throw new Forbidden('two-persons', 'another person takes over than who hands over')
    const next = this.next(shift)
    if (next ? !Object.values(peopleOf(next)).includes(by) : !mayStandIn) throw notOn(next)
    const wanted = toConfirm(JSON.parse(await this.signedText(known)) as HandoverReport)
    const missing = wanted.filter((id) => !confirmed.includes(id))
    if (missing.length > 0)
      throw new Invalid('invalid', `every red and orange alarm is taken over by itself: ${missing.length} are not`, {
        ...{ field: 'confirmed', missing },
      })
    const { id: shiftId, region } = shift
    return { kind: 'handover.signed', shiftId, region, side: 'incoming', sha256: seen, confirmed: wanted, notes, by }
  }

  async #load(): Promise<void> {
    this.#meanwhile = []
    for (const entry of await this.#journal.readRecord(1, ['handover.signed'])) this.#take(entry)
    for (const entry of this.#meanwhile) this.#take(entry)
    this.#meanwhile = null
  }

  /** The first signature of each side stands. */
  #take(entry: Entry): void {
    const said = readRecordEntry(entry)
    if (said.kind !== 'handover.signed') return
    const { shiftId, region, side, by, confirmed = [] } = said
    const known = this.#byShift.get(shiftId)
    const at = entry.receivedAt
    this.#firstSignedAt = Math.min(this.#firstSignedAt, at)
    if (side === 'outgoing') {
      if (known || said.report === undefined) return
      const { notes } = JSON.parse(said.report) as HandoverReport
      const outgoing = { by, at, notes }
      this.#byShift.set(shiftId, { shiftId, region, sha256: said.sha256, pos: entry.pos, outgoing, incoming: null })
    } else if (known && !known.incoming && known.sha256 === said.sha256)
      this.#byShift.set(shiftId, { ...known, incoming: { by, at, notes: said.notes ?? '', confirmed } })
  }
}

const notOn = (shift: Shift | null) =>
  new Forbidden(
    'forbidden',
    shift
      ? 'who is on the shift signs; somebody who stands in is put in the roster first'
      : 'no shift follows: only a supervisor or administrator takes over',
    { reason: 'not-on-shift', shiftId: shift?.id ?? null },
  )
