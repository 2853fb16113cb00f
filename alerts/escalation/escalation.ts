import type { Alarm } from '../../core/alarm.ts'
import { toLocal } from '../../core/local-time.ts'
import type { LadderAskedEntry, LadderCallee, LadderPlace, PushDueEntry, StepOutcome } from '../../core/escalation.ts'
import { Conflict } from '../../core/errors.ts'
import { storyFrom } from '../../core/incident-report.ts'
import { leavesDeployment, type Ladder, type LadderStep } from '../../core/ladder.ts'
import type { Mode } from '../../core/mode.ts'
import type { PartAlarm } from '../../core/part.ts'
import type { ChannelFacts } from '../../core/push.ts'
import type { RecordEntry } from '../../core/record.ts'
import { RosterBook } from '../../core/roster.ts'
import { moved, overdue, type Call, type CallRules } from './call.ts'
import { stepsAsked } from './asked.ts'
import { Dues, stands } from './dues.ts'
import { decisionOf, dueOf, reportKey, reportOf, wishKey, type Decision } from './entries.ts'
import { LadderBook } from './ladder-book.ts'
import { RollCalls } from './roll-calls.ts'
import { placeOf, Rungs } from './rungs.ts'
import type { Wanted } from './wanted.ts'
import { above, reachableOnDuty, waysTo, waysToGroups, type Way, type World } from './whom.ts'
import { WrongCodes } from './wrong-codes.ts'

const UNREACHED_MS = 60_000
/** Nobody is asked any more what they found at an alarm that ended so long ago. */
const FEEDBACK_KEPT_MS = 24 * 3_600_000

/**
 * Who is called when (ux.md B4): the record in, decisions out, the time handed in. What was decided is known only once it comes back
 * from the record, so a restart at any point goes on where the record ends.
 */
export class Escalation {
  readonly roster = new RosterBook()
  readonly ladders = new LadderBook()
  readonly dues: Dues
  readonly codes = new WrongCodes()
  readonly rollCalls: RollCalls
  #mode: Mode
  #zone: string
  #calls = new Map<string, Call>()
  #rungs = new Rungs()
  #regions = new Map<string, string>()
  #enterprisePeople = new Set<string>()
  /** open calls for which a step found nobody */
  #unwatched = new Map<string, string>()
  /** what was drafted, by alarm, round and step */
  #reports = new Map<string, { zh: string; en: string }>()
  /** what somebody wanted, by who and their key */
  #wishes = new Map<string, LadderAskedEntry>()
  #rules: CallRules = {
    isEnterprise: (id) => this.#enterprisePeople.has(id),
    feedbackDueMs: (alarm) => this.#ladderOf(alarm).feedbackDueMs[alarm.level],
    overdueAtMs: (alarm) => this.#ladderOf(alarm).overdueAtMs,
  }

  constructor(mode: Mode, zone: string, channels: readonly ChannelFacts[]) {
    this.#mode = mode
    this.#zone = zone
    this.dues = new Dues(channels)
    this.rollCalls = new RollCalls(this.roster, this.dues)
  }

  get climbing(): number {
    return [...this.#calls.values()].filter(({ phase }) => phase === 'climbing' || phase === 'overdue').length
  }

  isEnterprisePerson(personId: string): boolean {
    return this.#enterprisePeople.has(personId)
  }

  alarm(id: string): Alarm | undefined {
    return this.#calls.get(id)?.alarm
  }

  place(alarmId: string): LadderPlace | null {
    const call = this.#calls.get(alarmId)
    return call ? placeOf(call, this.#stepsOf(call), this.#ladderOf(call.alarm), this.#rungs.of(alarmId, call.round)) : null
  }

  /** Where reading has to begin so that everything still open is known. */
  oldestPos(): number | null {
    const open = [...this.#calls.values()].map(({ round, before }) => Math.min(round, before?.round ?? round))
    const owed = this.dues.oldestPos()
    return open.length === 0 && owed === null ? null : Math.min(...open, owed ?? Infinity)
  }

  /** Takes the next entry of the record. The same one twice is as once. */
  apply(said: RecordEntry, pos: number, at: number): void {
    switch (said.kind) {
      case 'alarm.changed': {
        const { alarm } = said
        if (alarm.mode !== this.#mode || alarm.late || alarm.report) return
        const before = this.#calls.get(alarm.id)
        const call = moved(before, { entry: said, pos, at }, this.#rules)
        if (!call) return
        this.#calls.set(alarm.id, call)
        if (call.phase !== before?.phase || call.round !== before.round) this.dues.callOff(alarm.id, call)
        if (call.phase !== 'climbing') this.#unwatched.delete(alarm.id)
        return
      }
      case 'ladder.step': {
        const call = this.#calls.get(said.alarmId)
        if (!call || call.round !== said.round) return
        this.#rungs.take(said, at)
        const current = call.phase === 'waiting' && !said.asked ? overdue(call, this.#rules.overdueAtMs(call.alarm)) : call
        current.taken.add(said.step)
        this.#calls.set(said.alarmId, { ...current, first: current.first ?? said.first ?? false })
        if (said.outcome === 'nobody') this.#unwatched.set(said.alarmId, this.#regionOf(call.alarm) ?? '')
        return
      }
      case 'ladder.asked': {
        const call = this.#calls.get(said.alarmId)
        if (call && said.idempotencyKey !== null) this.#wishes.set(wishKey(said), said)
        // Of an alarm that has changed since nobody wanted anything.
        if (!call || call.phase === 'over' || call.alarm.version !== said.version) return
        const fresh = said.steps.filter(({ id }) => !call.asked.some((one) => one.id === id))
        this.#calls.set(said.alarmId, { ...call, asked: [...call.asked, ...fresh] })
        return
      }
      case 'alarm.reported':
        this.#reports.set(reportKey(said), said.text)
        return
      case 'push.due':
        return this.dues.take(said, pos, at, said.alarmId === null ? undefined : this.#calls.get(said.alarmId))
      case 'push.sent':
      case 'push.failed':
      case 'push.refused':
        return this.dues.settle(said)
      case 'push.receipt':
        return this.dues.receipt(said)
      case 'push.answered':
        this.codes.right(said.messageId)
        return this.dues.answered(said.messageId)
      case 'push.code-wrong':
        return this.codes.take(said, at)
      case 'action':
        return this.dues.acted(said.idempotencyKey)
      case 'roll-call.ended':
        return this.rollCalls.ended(said.shiftId, said.missed)
      case 'roster.set':
        return this.roster.apply(said.shift)
      case 'ladder.set':
        return this.ladders.apply(said.ladder)
      case 'registry.changed':
        if (said.entity === 'enterprise') this.#regions.set(said.row.id, said.row.region)
        return
      case 'user.changed':
        if (said.role === 'enterprise') this.#enterprisePeople.add(said.personId)
        else this.#enterprisePeople.delete(said.personId)
        if (said.change === 'armed') this.dues.armed(said.personId)
        return
      case 'platform.started':
        return this.dues.restarted()
    }
  }

  /** When something is to be decided next, null when nothing waits for a time. */
  nextAt(now: number): number | null {
    let next = Infinity
    for (const call of this.#calls.values()) {
      if (call.phase === 'waiting') next = Math.min(next, call.feedbackDueAt!)
      if (this.#askedOf(call).length > 0) next = Math.min(next, now)
      if (call.phase !== 'climbing' && call.phase !== 'overdue') continue
      for (const step of this.#stepsOf(call)) if (!call.taken.has(step.id)) next = Math.min(next, call.startedAt + step.afterMs)
    }
    next = Math.min(next, this.rollCalls.nextAt(now), this.dues.nextAt(now))
    return Number.isFinite(next) ? Math.max(now, next) : null
  }

  wanted(now: number): Wanted {
    const people = new Set<string>(this.dues.people())
    const enterprises = new Set<string>()
    const reports: Wanted['reports'] = []
    for (const call of this.#calls.values()) {
      const due = this.#dueSteps(call, now)
      if (due.length === 0) continue
      if (due.some(({ report }) => report)) reports.push({ alarmId: call.alarm.id, from: storyFrom(call.alarm, call.round) })
      for (const id of this.onDutyFor(call.alarm, now)) people.add(id)
      enterprises.add(call.alarm.enterpriseId)
    }
    for (const id of this.rollCalls.people(now)) people.add(id)
    return { people: [...people], enterprises: [...enterprises], reports }
  }

  /** What is to be recorded now, all of it together. Nothing leaves before it is. */
  decide(now: number, world: World): Decision[] {
    const decisions: Decision[] = []
    const pushes: PushDueEntry[] = []
    /** the reds that are the first of their enterprises: of several at once, one is */
    const firsts = new Map<string, string>()
    for (const [id, found] of this.#calls) {
      const call = this.#grownOld(found, now)
      if (call !== found) this.#calls.set(id, call)
      if (call.phase === 'over' && this.dues.isSettled(id)) {
        this.#forget(id)
        continue
      }
      const said = new Set<string>()
      for (const step of this.#dueSteps(call, now)) {
        const { enterpriseId } = call.alarm
        const first = call.first ?? ((firsts.get(enterpriseId) ?? id) === id && this.#isFirstRed(call))
        if (first) firsts.set(enterpriseId, id)
        const asked = call.asked.includes(step)
        const { outcome, ways } = this.#take(call, step, now, world, asked)
        const { region, version } = this.#ladderOf(call.alarm)
        const { round, phase } = call
        const text = step.report ? world.reports?.get(id) : undefined
        if (text) decisions.push(reportOf(call, step.id, text, this.#above(call.alarm)))
        const about = { kind: 'ladder.step', alarmId: id, round, step: step.id } as const
        const entry = {
          ...about,
          outcome,
          ladder: { region, version },
          to: step.to,
          ...(first && { first }),
          ...(asked && { asked }),
        }
        decisions.push({ entry, key: `step/${id}/${round}/${step.id}` })
        const message = step.report ? 'report' : phase === 'overdue' && !asked ? 'update' : 'alarm'
        for (const way of ways) {
          // Steps that come due together after a pause say the same thing once.
          const once = `${way.personId} ${way.channel} ${step.report ?? false}`
          if (said.has(once)) continue
          said.add(once)
          pushes.push(dueOf(call.alarm, round, step.id, way, { message, first, asked }))
        }
      }
      pushes.push(...this.dues.followUps(call, world))
    }
    pushes.push(...this.dues.fallOvers((entry) => this.#stands(entry)))
    this.dues.prune(now, (alarmId) => this.#calls.has(alarmId))
    const rollCalls = this.rollCalls.decide(now, world)
    const all = [...decisions, ...rollCalls.decisions]
    return [...all, ...this.dues.release([...pushes, ...rollCalls.pushes], now, world).map(decisionOf)]
  }

  /** Everybody on duty where the alarm is, and above. */
  onDutyFor(alarm: Alarm, now: number): string[] {
    return [this.#regionOf(alarm), this.#above(alarm)].flatMap((place) =>
      Object.values((place === null ? null : this.roster.onDuty(place, now))?.people ?? {}),
    )
  }

  /** What somebody wants, as steps, and whom each would reach; raises why it cannot be. */
  plan(alarmId: string, version: number, to: LadderCallee, now: number): LadderStep[] {
    const call = this.#calls.get(alarmId)
    if (!call || call.phase === 'over')
      throw new Conflict('wrong-state', 'nobody is being called about this alarm any more', { why: 'not-called' })
    if (call.alarm.version !== version)
      throw new Conflict('stale-version', `the alarm is at version ${call.alarm.version}, you saw ${version}`, {
        alarm: call.alarm,
      })
    return stepsAsked(call, this.#ladderOf(call.alarm), to, now)
  }

  outcomesOf(alarmId: string, steps: readonly LadderStep[], now: number, world: World): StepOutcome[] {
    const call = this.#calls.get(alarmId)
    return call ? steps.map((step) => this.#take(call, step, now, world, true).outcome) : []
  }

  /** The same wish, made before with the same key. */
  wish(by: string, idempotencyKey: string): LadderAskedEntry | undefined {
    return this.#wishes.get(wishKey({ by, idempotencyKey }))
  }

  isAsked(alarmId: string, { id }: LadderStep): boolean {
    const call = this.#calls.get(alarmId)
    return call !== undefined && (call.taken.has(id) || call.asked.some((one) => one.id === id))
  }

  report({ alarmId, round, step }: Pick<PushDueEntry, 'alarmId' | 'round' | 'step'>): { zh: string; en: string } | null {
    return this.#reports.get(reportKey({ alarmId: alarmId ?? '', round, step })) ?? null
  }

  /** Where nobody is ever called, only what is unacknowledged is kept in mind. */
  forgetTaken(): false {
    for (const [id, { phase }] of this.#calls) if (phase !== 'climbing') this.#calls.delete(id)
    return false
  }

  /** What a person has to act on. */
  alarms(now: number): PartAlarm[] {
    const found: PartAlarm[] = []
    const regions = [...new Set(this.#unwatched.values())].sort()
    for (const region of regions) {
      found.push({
        code: `nobody-${region || 'unknown'}`,
        text: {
          zh: `${region || '平台'} 的报警没有值班人员可以通知`,
          en: `Nobody on duty can be told of alarms in ${region || 'the platform'}`,
        },
      })
    }
    const unreached = [...this.#calls.values()].some(
      ({ phase, alarm, startedAt }) =>
        phase === 'climbing' && alarm.level === 'red' && now - startedAt >= UNREACHED_MS && !this.dues.hasReached(alarm.id),
    )
    if (unreached)
      found.push({ code: 'red-unreached', text: { zh: '有红色报警未能通知到任何人', en: 'A red alarm has reached nobody' } })
    return [...found, ...this.codes.alarms(now), ...this.rollCalls.alarms(now)]
  }

  #forget(alarmId: string): void {
    this.#calls.delete(alarmId)
    this.#rungs.forget(alarmId)
    for (const key of this.#reports.keys()) if (key.startsWith(`${alarmId} `)) this.#reports.delete(key)
    for (const [key, one] of this.#wishes) if (one.alarmId === alarmId) this.#wishes.delete(key)
  }

  #askedOf({ phase, asked, taken }: Call): LadderStep[] {
    return phase === 'over' ? [] : asked.filter(({ id }) => !taken.has(id))
  }

  #stands(entry: PushDueEntry): boolean {
    const call = entry.alarmId === null ? undefined : this.#calls.get(entry.alarmId)
    return entry.alarmId === null || (call !== undefined && stands(call, entry))
  }

  #grownOld(call: Call, now: number): Call {
    if (call.phase === 'waiting' && call.feedbackDueAt! <= now) return overdue(call, this.#rules.overdueAtMs(call.alarm))
    if (call.phase === 'overdue' && call.alarm.state === 'normal' && now - call.startedAt > FEEDBACK_KEPT_MS)
      return { ...call, phase: 'over', end: { why: 'ended', by: null, pos: call.round } }
    return call
  }

  #stepsOf({ alarm, fromMs }: Call): LadderStep[] {
    return this.#ladderOf(alarm).steps[alarm.level].filter(({ afterMs }) => afterMs >= fromMs)
  }

  #dueSteps(found: Call, now: number): LadderStep[] {
    const call = this.#grownOld(found, now)
    const asked = this.#askedOf(call)
    if (call.phase !== 'climbing' && call.phase !== 'overdue') return asked
    const inTime = this.#stepsOf(call).filter(({ id, afterMs }) => !call.taken.has(id) && call.startedAt + afterMs <= now)
    return [...asked, ...inTime.filter(({ id }) => !asked.some((one) => one.id === id))]
  }

  #take(...[call, step, now, world, asked]: [Call, LadderStep, number, World, boolean]): { outcome: StepOutcome; ways: Way[] } {
    const { alarm } = call
    const ladder = this.#ladderOf(alarm)
    const none = (outcome: StepOutcome) => ({ outcome, ways: [] })
    if (leavesDeployment(step) && !ladder.leaves) return none('off')
    if (alarm.level === 'blue' && !asked && this.#isQuiet(ladder, now)) return none('quiet')
    const groups = waysToGroups(step, world.channels)
    const called = (ways: Way[]) => ({ outcome: 'called' as const, ways: [...ways, ...groups] })
    if ('enterprise' in step.to) {
      const { enterprise: position } = step.to
      const there = (world.enterprises.get(alarm.enterpriseId) ?? []).filter((one) => one.position === position)
      const armed = there.filter(({ armedAt }) => armedAt !== null)
      if (armed.length === 0) return none(there.length > 0 ? 'unarmed' : 'told')
      return called(armed.flatMap((contact) => waysTo(contact, step, world.channels)))
    }
    const region = this.#regionOf(alarm)
    const place = 'superior' in step.to ? this.#above(alarm) : region
    const duty = place === null ? null : this.roster.onDuty(place, now)
    const found = duty && reachableOnDuty(duty, 'superior' in step.to ? step.to.superior : step.to.duty, step, world)
    if (found) return called(found.ways)
    return { outcome: 'nobody', ways: groups }
  }

  #isQuiet({ quiet }: Ladder, now: number): boolean {
    if (!quiet) return false
    const hour = Math.floor(toLocal(now, this.#zone) / 3_600_000) % 24
    const { from, to } = quiet
    return from <= to ? from <= hour && hour < to : hour >= from || hour < to
  }

  /** No other red of the enterprise is being called about. */
  #isFirstRed({ alarm }: Call): boolean {
    if (alarm.level !== 'red') return false
    for (const other of this.#calls.values()) {
      const isCalled = other.phase === 'climbing' && other.first === true && other.alarm.level === 'red'
      if (isCalled && other.alarm.id !== alarm.id && other.alarm.enterpriseId === alarm.enterpriseId) return false
    }
    return true
  }

  #ladderOf(alarm: Alarm): Ladder {
    return this.ladders.of(this.#regionOf(alarm))
  }

  #above(alarm: Alarm): string | null {
    const region = this.#regionOf(alarm)
    return region === null ? null : above(region)
  }

  /** What belongs to no enterprise is about the platform, which the widest place looks after. */
  #regionOf({ enterpriseId }: Alarm): string | null {
    const own = this.#regions.get(enterpriseId)
    if (own !== undefined) return own
    return this.roster.regions().sort((a, b) => a.length - b.length || (a < b ? -1 : 1))[0] ?? null
  }
}
