import { Conflict, NotFound, type PlatformError } from '../core/errors.ts'
import { isHazardOver, isHazardStanding, type Hazard, type HazardEntry, type HazardStep } from '../core/hazard.ts'
import {
  isOverdue,
  openHazard,
  takeStep,
  type HazardMoment,
  type HazardStepDetails,
  type NewHazard,
  type WorkingTime,
} from '../core/hazard-steps.ts'
import { chinaHolidays } from '../core/holidays.ts'
import type { Mode } from '../core/mode.ts'
import type { Author, RecordEntry } from '../core/record.ts'
import { readRecordEntry } from '../journal/codec.ts'
import type { Entry, Journal } from '../journal/journal.ts'
import type { Recorder } from './recorder.ts'
import { shortId } from './short-id.ts'

/** One change of a hazard: what became of it, by whom, and by when it had to be out of the state it came into. */
export type HazardChange = Pick<HazardEntry, 'at' | 'by' | 'change' | 'comment'> &
  Pick<Hazard, 'version' | 'state' | 'level' | 'dueAt' | 'description' | 'place' | 'evidence'>
type Kept = { hazard: Hazard; history: HazardChange[]; place: number }
export type WishedHazard = Omit<NewHazard, 'id'>
type Amendment = { hazard: Hazard; comment: string | null; besides?: RecordEntry[]; lost?: () => void }
export type Who = Omit<HazardMoment, 'at'>
/** Who registered a hazard and when; `place` null: as it was found. */
export type TakenUp = { by: Author; at: number; place: string | null }

/** The hazards (隐患) as the record has them, in the order they were found. */
export class Hazards {
  readonly time: WorkingTime
  #journal: Journal
  #recorder: Recorder
  #kept = new Map<string, Kept>()
  /** a place is empty once its tip was taken up: it stands anew among what was found that day */
  #order: (Kept | null)[] = []
  #ofAlarm = new Map<string, string[]>()
  #loading: Promise<void> | null = null
  #meanwhile: Entry[] | null = null

  constructor(journal: Journal, recorder: Recorder, zone: string) {
    this.#journal = journal
    this.#recorder = recorder
    this.time = { calendar: chinaHolidays, zone }
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
    if (entry.kind !== 'hazard.changed') return
    if (this.#meanwhile) this.#meanwhile.push(entry)
    else this.#take(entry)
  }

  hazard(id: string): Hazard | undefined {
    return this.#kept.get(id)?.hazard
  }

  history(id: string): readonly HazardChange[] {
    return this.#kept.get(id)?.history ?? []
  }

  takenUp(id: string): TakenUp | null {
    const history = this.history(id)
    const taken = history.find(({ change }) => change === 'register')
    return taken ? { by: taken.by, at: taken.at, place: taken.place === history[0]!.place ? null : taken.place } : null
  }

  ofAlarm(alarmId: string): Hazard[] {
    return (this.#ofAlarm.get(alarmId) ?? []).map((id) => this.#kept.get(id)!.hazard)
  }

  /** What a point was made a hazard of for its false alarms, oldest first. */
  ofPoint(mode: Mode, { deviceId, subject }: NonNullable<Hazard['point']>): Hazard[] {
    return this.#all()
      .map(({ hazard }) => hazard)
      .filter((one) => one.mode === mode && one.point?.deviceId === deviceId && one.point.subject === subject)
  }

  /** Newest first, after the one named. */
  page(wanted: (hazard: Hazard) => boolean, limit: number, after?: string): { hazards: Hazard[]; next?: string } {
    const hazards: Hazard[] = []
    const from = after === undefined ? this.#order.length : (this.#kept.get(after)?.place ?? 0)
    for (let at = from - 1; at >= 0; at--) {
      const hazard = this.#order[at]?.hazard
      if (!hazard || !wanted(hazard)) continue
      if (hazards.length === limit) return { hazards, next: hazards.at(-1)!.id }
      hazards.push(hazard)
    }
    return { hazards }
  }

  /** How much of what stands open at each enterprise is overdue. */
  overdueShares(
    wanted: (hazard: Hazard) => boolean,
    now: number,
  ): { enterpriseId: string | null; open: number; overdue: number; share: number }[] {
    const counts = new Map<string | null, { open: number; overdue: number }>()
    for (const { hazard } of this.#all()) {
      if (!isHazardStanding(hazard.state) || !wanted(hazard)) continue
      const count = counts.get(hazard.enterpriseId) ?? { open: 0, overdue: 0 }
      count.open++
      if (isOverdue(hazard, now)) count.overdue++
      counts.set(hazard.enterpriseId, count)
    }
    const shares = [...counts].map(([enterpriseId, count]) => ({ enterpriseId, ...count, share: count.overdue / count.open }))
    return shares.sort((a, b) => b.share - a.share || b.overdue - a.overdue)
  }

  /** `besides`: what is recorded together with it. An alarm has one hazard that stands at a time. */
  create(wished: WishedHazard, who: Who, besides: (hazard: Hazard) => RecordEntry[] = () => []): Promise<Hazard> {
    return this.#recorder.inTurn('hazards', async () => {
      await this.known()
      const { alarmId } = wished
      const standing = alarmId === null ? undefined : this.ofAlarm(alarmId).find(({ state }) => !isHazardOver(state))
      if (standing) throw new Conflict('already-linked', `the alarm has the hazard ${standing.id} already`, { hazard: standing })
      const at = this.#journal.clock.now()
      const id = shortId('hz', (one) => this.#kept.has(one))
      const hazard = openHazard({ ...wished, id }, { ...who, at }, this.time)
      await this.#write(hazard, 'created', { ...who, at }, besides(hazard))
      return hazard
    })
  }

  /** A change that is no step of the way. `lost`: it was not written, so nothing that was drawn for it is used up. */
  amend(
    ...[id, version, change, who, work]: [
      id: string,
      version: number,
      change: HazardEntry['change'],
      who: Who,
      work: (hazard: Hazard, moment: HazardMoment) => Amendment,
    ]
  ): Promise<Hazard> {
    return this.#recorder.inTurn('hazards', async () => {
      await this.known()
      const moment = { ...who, at: this.#journal.clock.now() }
      const { hazard, comment, besides = [], lost } = work(this.#at(id, version), moment)
      try {
        await this.#write(hazard, change, { ...moment, comment }, besides)
      } catch (error) {
        // Recorded but not applied yet: it stands.
        if ((error as PlatformError).code !== 'catching-up') lost?.()
        throw error
      }
      return hazard
    })
  }

  step(
    ...[id, version, step, details, who]: [id: string, version: number, step: HazardStep, details: HazardStepDetails, who: Who]
  ): Promise<Hazard> {
    return this.#recorder.inTurn('hazards', async () => {
      await this.known()
      const moment = { ...who, at: this.#journal.clock.now() }
      const changed = takeStep(this.#at(id, version), step, details, moment, this.time)
      await this.#write(changed, step, moment, [])
      return changed
    })
  }

  #at(id: string, version: number): Hazard {
    const hazard = this.hazard(id)
    if (!hazard) throw new NotFound(`there is no hazard ${id}`)
    if (hazard.version !== version)
      throw new Conflict('stale-version', `the hazard is at version ${hazard.version}, you saw ${version}`, { hazard })
    return hazard
  }

  #all(): Kept[] {
    return this.#order.filter((kept) => kept !== null)
  }

  async #write(
    hazard: Hazard,
    change: HazardEntry['change'],
    { by, at, comment }: HazardMoment,
    besides: RecordEntry[],
  ): Promise<void> {
    await this.#recorder.write([{ kind: 'hazard.changed', hazard, change, by, comment, at }, ...besides])
  }

  async #load(): Promise<void> {
    this.#meanwhile = []
    for (const entry of await this.#journal.readRecord(1, ['hazard.changed'])) this.#take(entry)
    for (const entry of this.#meanwhile) this.#take(entry)
    this.#meanwhile = null
  }

  /** Applied twice it stands as once: a version is taken once. */
  #take(entry: Entry): void {
    const said = readRecordEntry(entry)
    if (said.kind !== 'hazard.changed') return
    const { hazard, change, by, comment, at } = said
    let kept = this.#kept.get(hazard.id)
    if (kept && kept.hazard.version >= hazard.version) return
    if (!kept) {
      kept = { hazard, history: [], place: this.#order.length }
      this.#kept.set(hazard.id, kept)
      this.#order.push(kept)
      if (hazard.alarmId !== null) this.#ofAlarm.set(hazard.alarmId, [...(this.#ofAlarm.get(hazard.alarmId) ?? []), hazard.id])
    }
    if (change === 'register' && hazard.source === 'tip-off') {
      this.#order[kept.place] = null
      kept.place = this.#order.push(kept) - 1
    }
    const { version, state, level, dueAt, description, place, evidence } = hazard
    kept.hazard = hazard
    kept.history.push({ at, by, change, comment, version, state, level, dueAt, description, place, evidence })
  }
}
