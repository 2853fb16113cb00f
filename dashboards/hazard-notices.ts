import { NotFound } from '../core/errors.ts'
import type { Hazard } from '../core/hazard.ts'
import { toLocal } from '../core/local-time.ts'
import { issueNotice, noticeLine, noticesOf, serveNotice, withdrawNotice, type NoticeWish } from '../core/notice-steps.ts'
import type { Review } from '../core/notice-text.ts'
import {
  noticeMarks,
  type HazardNotice,
  type NoticeKind,
  type NoticeService,
  type NoticeText,
  type ShownNotice,
} from '../core/notice.ts'
import type { Author } from '../core/record.ts'
import { plainCode } from '../core/roster.ts'
import { readRecordEntry } from '../journal/codec.ts'
import type { Entry, Journal } from '../journal/journal.ts'
import type { HazardChange, Hazards, Who } from './hazard-book.ts'
import { placeToOthers } from './hazard-view.ts'
import type { Recorder } from './recorder.ts'

const kinds = new Set(['notice.issued', 'notice.printed'])
type Issued = { text: NoticeText; hazardId: string; isPrinted: boolean; copies: number }
/** What the registry and the departments know and the hazard does not. */
export type NoticePlace = { enterprise: string; region: string; regionName: string }
export type IssueWish = NoticeWish & { verifier: string; clause: string | null }

/** Written notices as the record has them: their words, their numbers, how often each was printed. */
export class HazardNotices {
  #journal: Journal
  #recorder: Recorder
  #hazards: Hazards
  #issued = new Map<string, Issued>()
  /** the last number of each series */
  #last = new Map<string, number>()
  #loading: Promise<void> | null = null
  #meanwhile: Entry[] | null = null

  constructor(journal: Journal, recorder: Recorder, hazards: Hazards) {
    this.#journal = journal
    this.#recorder = recorder
    this.#hazards = hazards
  }

  known(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null
      throw error
    })
    return this.#loading
  }

  apply(entry: Entry): void {
    if (!kinds.has(entry.kind)) return
    if (this.#meanwhile) this.#meanwhile.push(entry)
    else this.#take(entry)
  }

  of(hazard: Hazard): ShownNotice[] {
    return noticesOf(hazard).map((one) => {
      const { isPrinted = false, copies = 0 } = this.#issued.get(one.id) ?? {}
      return { ...one, isPrinted, copies }
    })
  }

  text(hazard: Hazard, id: string): { notice: ShownNotice; text: NoticeText } {
    const notice = this.of(hazard).find((one) => one.id === id)
    const issued = this.#issued.get(id)
    if (!notice || !issued || issued.hazardId !== hazard.id) throw new NotFound(`there is no notice ${id}`)
    return { notice, text: issued.text }
  }

  /**
   * Numbers are drawn in the turn of all hazards, from what is recorded: two at once never get the same, and what is refused or could
   * not be written takes none.
   */
  async issue(
    id: string,
    version: number,
    { verifier, clause, ...wish }: IssueWish,
    place: NoticePlace,
    who: Who,
  ): Promise<Hazard> {
    await this.known()
    return this.#hazards.amend(id, version, 'issue-notice', who, (hazard, moment) => {
      const { zone } = this.#hazards.time
      const series = seriesOf(hazard.mode, wish.kind, place.region, moment.at, zone)
      const n = (this.#last.get(series.key) ?? 0) + 1
      const text = `（${place.regionName}）${noticeMarks[wish.kind]}〔${series.year}〕${n}号`
      const number = { region: series.region, year: series.year, n, text }
      const review = reviewOf(this.#hazards.history(id))
      const { enterprise } = place
      const shownPlace = placeToOthers(hazard, { taken: this.#hazards.takenUp(id), enterprise })
      const facts = { enterprise, place: shownPlace, zone, verifier, clause, review }
      const made = issueNotice(hazard, wish, facts, moment, () => ({ id: `${series.key}-${n}`, number }))
      this.#last.set(series.key, n)
      const issued = {
        ...{ kind: 'notice.issued' as const, hazardId: id, noticeId: made.notice.id, series: series.key, n },
        ...{ text: made.text, by: who.by },
      }
      const lost = () => void this.#last.set(series.key, n - 1)
      return { hazard: made.hazard, comment: noticeLine(made.notice), besides: [issued], lost }
    })
  }

  serve(id: string, version: number, noticeId: string, service: Omit<NoticeService, 'by'>, who: Who): Promise<Hazard> {
    return this.#hazards.amend(id, version, 'serve-notice', who, (hazard, moment) => {
      const changed = serveNotice(hazard, noticeId, service, moment)
      return { hazard: changed, comment: said(changed, noticeId, service.note) }
    })
  }

  withdraw(id: string, version: number, noticeId: string, who: Who): Promise<Hazard> {
    return this.#hazards.amend(id, version, 'withdraw-notice', who, (hazard, moment) => {
      const changed = withdrawNotice(hazard, noticeId, moment)
      return { hazard: changed, comment: said(changed, noticeId, who.comment) }
    })
  }

  /** Which printing this is: 0 for the original, which leaves once and from whoever issues; else the number of the copy. */
  print(hazard: Hazard, noticeId: string, by: Author, mayBeOriginal: boolean): Promise<number> {
    return this.#recorder.inTurn('notice prints', async () => {
      await this.known()
      const { notice } = this.text(hazard, noticeId)
      const copy = mayBeOriginal && !notice.isPrinted ? 0 : notice.copies + 1
      await this.#recorder.write([{ kind: 'notice.printed', hazardId: hazard.id, noticeId, copy, by }])
      return copy
    })
  }

  async #load(): Promise<void> {
    this.#meanwhile = []
    for (const entry of await this.#journal.readRecord(1, [...kinds])) this.#take(entry)
    for (const entry of this.#meanwhile) this.#take(entry)
    this.#meanwhile = null
  }

  /** Applied twice it stands as once: numbers only grow. */
  #take(entry: Entry): void {
    const said = readRecordEntry(entry)
    if (said.kind === 'notice.issued') {
      const { text, hazardId } = said
      if (!this.#issued.has(said.noticeId)) this.#issued.set(said.noticeId, { text, hazardId, isPrinted: false, copies: 0 })
      this.#last.set(said.series, Math.max(said.n, this.#last.get(said.series) ?? 0))
    } else if (said.kind === 'notice.printed') {
      const issued = this.#issued.get(said.noticeId)
      if (issued && said.copy === 0) issued.isPrinted = true
      else if (issued) issued.copies = Math.max(issued.copies, said.copy)
    }
  }
}

/** How the newest look at it came out, and when. */
export function reviewOf(history: readonly HazardChange[]): Review | null {
  const last = history.findLast(({ change }) => change === 'verify' || change === 'reject')
  return last ? { passed: last.change === 'verify', at: last.at, comment: last.comment } : null
}

/** One series for each kind, county and year; what is not live counts by itself. */
function seriesOf(mode: string, kind: NoticeKind, region: string, at: number, zone: string) {
  const county = plainCode(region).slice(0, 6)
  const year = new Date(toLocal(at, zone)).getUTCFullYear()
  return { region: county, year, key: `${mode}-${kind}-${county}-${year}` }
}

const said = (hazard: Hazard, id: string, words: string | null): string => {
  const notice = noticesOf(hazard).find((one): one is HazardNotice => one.id === id)!
  return [noticeLine(notice), words].filter(Boolean).join(' · ')
}
