import type { PushDueEntry } from '../../core/escalation.ts'
import type { LadderStep } from '../../core/ladder.ts'
import type { PartAlarm } from '../../core/part.ts'
import { peopleOf, type RosterBook, type Shift } from '../../core/roster.ts'
import { idOf, type Due, type Dues } from './dues.ts'
import type { Decision } from './entries.ts'
import { waysTo, type World } from './whom.ts'

const MINUTE = 60_000
/** 点名 (ux.md B5): so long after the shift began, answered within so long. */
const AFTER_MS = 5 * MINUTE
const ANSWER_MS = 2 * MINUTE
/** Whoever was not running then does not call the roll of half a shift ago. */
const LATEST_MS = 30 * MINUTE
const DAY = 86_400_000

const asking: LadderStep = {
  id: 'roll-call',
  afterMs: 0,
  to: { duty: 'duty1' },
  channels: ['app', 'sms'],
  otherwise: ['mail', 'voice'],
}
const missing: LadderStep = {
  id: 'roll-call-missed',
  afterMs: 0,
  to: { duty: 'shiftLeader' },
  channels: ['voice'],
  otherwise: ['sms', 'mail'],
}

/** Whether everybody of a shift is really there: asked once, and the leader is called about who does not answer. */
export class RollCalls {
  #roster: RosterBook
  #dues: Dues
  #ended = new Map<string, string[]>()

  constructor(roster: RosterBook, dues: Dues) {
    this.#roster = roster
    this.#dues = dues
  }

  ended(shiftId: string, missed: string[]): void {
    this.#ended.set(shiftId, missed)
  }

  people(now: number): string[] {
    return this.#shifts(now).flatMap((shift) => Object.values(peopleOf(shift)))
  }

  /** The question a person has not answered yet. */
  openFor(personId: string): Due | undefined {
    const mine = [...this.#dues.all()].filter(({ entry }) => entry.step === asking.id && entry.personId === personId)
    const done = new Set(mine.filter(({ answered }) => answered).map(({ entry }) => entry.shiftId))
    return mine.findLast(({ entry }) => !done.has(entry.shiftId) && !this.#ended.has(entry.shiftId ?? ''))
  }

  of({ shiftId = '', step }: PushDueEntry): { shiftId: string; asks: boolean; open: boolean } {
    return { shiftId, asks: step === asking.id, open: !this.#ended.has(shiftId) }
  }

  nextAt(now: number): number {
    let next = Infinity
    for (const shift of this.#shifts(now)) {
      const asked = this.#askedOf(shift)
      next = Math.min(next, asked.length === 0 ? shift.from + AFTER_MS : asked[0]!.at + ANSWER_MS)
    }
    return next
  }

  decide(now: number, world: World): { decisions: Decision[]; pushes: PushDueEntry[] } {
    const decisions: Decision[] = []
    const pushes: PushDueEntry[] = []
    for (const shift of this.#shifts(now)) {
      const asked = this.#askedOf(shift)
      const people = peopleOf(shift)
      if (asked.length === 0) {
        if (now < shift.from + AFTER_MS || now > shift.from + LATEST_MS) continue
        const wanted = [...new Set([people.duty1, people.duty2, people.shiftLeader])]
        const questions = wanted.flatMap((id) => this.#to(id, asking, shift, world))
        pushes.push(...questions)
        if (questions.length > 0) continue
        const nobody = { kind: 'roll-call.ended', shiftId: shift.id, answered: [], missed: wanted } as const
        decisions.push({ entry: { ...nobody, answered: [] }, key: `roll-call/${shift.id}` })
        continue
      }
      if (now < asked[0]!.at + ANSWER_MS) continue
      const all = [...new Set(asked.map(({ entry }) => entry.personId!))]
      const answered = all.filter((id) => asked.some((due) => due.entry.personId === id && due.answered))
      const missed = all.filter((id) => !answered.includes(id))
      decisions.push({ entry: { kind: 'roll-call.ended', shiftId: shift.id, answered, missed }, key: `roll-call/${shift.id}` })
      if (missed.length === 0) continue
      // The leader who does not answer either is not the one to call.
      const leader = missed.includes(people.shiftLeader) ? people.dutyLeader : people.shiftLeader
      pushes.push(...this.#to(leader, missing, shift, world))
    }
    return { decisions, pushes }
  }

  alarms(now: number): PartAlarm[] {
    return this.#roster.regions().flatMap((region): PartAlarm[] => {
      const missed = this.#roster.shifts(region, now, now + 1).some(({ id }) => (this.#ended.get(id) ?? []).length > 0)
      if (!missed) return []
      return [
        {
          code: `roll-call-${region}`,
          text: { zh: `${region} 有值班人员未应答点名`, en: `Somebody on duty in ${region} did not answer the roll call` },
        },
      ]
    })
  }

  /** Begun within the last while, and the roll not called to its end. */
  #shifts(now: number): Shift[] {
    return this.#roster
      .regions()
      .flatMap((region) =>
        this.#roster
          .shifts(region, now - DAY, now + AFTER_MS)
          .filter(({ id, from }) => !this.#ended.has(id) && (now <= from + LATEST_MS || this.#askedOf({ id }).length > 0)),
      )
  }

  #askedOf({ id }: Pick<Shift, 'id'>): Due[] {
    return [...this.#dues.all()].filter(({ entry }) => entry.shiftId === id && entry.step === asking.id)
  }

  #to(personId: string, step: LadderStep, shift: Shift, world: World): PushDueEntry[] {
    const contact = world.people.get(personId)
    const ways = contact ? waysTo(contact, step, world.channels) : []
    return ways.map(({ channel, otherwise }) => ({
      kind: 'push.due',
      id: idOf(shift.id, shift.from, step.id, personId, channel),
      message: 'roll-call',
      alarmId: null,
      alarmVersion: 0,
      round: 0,
      step: step.id,
      personId,
      channel,
      otherwise,
      enterpriseId: null,
      level: null,
      shiftId: shift.id,
    }))
  }
}
