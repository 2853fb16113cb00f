import { Conflict, Invalid, NotFound, PlatformError } from '../../core/errors.ts'
import type {
  AskedAnswer,
  AskedCall,
  DryRun,
  EscalationDesk as Door,
  EscalationFacts,
  LadderPlace,
  LadderAskedEntry,
  MyPush,
  PushDueEntry,
} from '../../core/escalation.ts'
import type { Ladder, LadderStep } from '../../core/ladder.ts'
import type { Author } from '../../core/record.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import type { Journal } from '../../journal/journal.ts'
import { isCode } from './answer-code.ts'
import { MOST_CALLS, stepsHash, tryOnPast, type PastChange } from './dry-run.ts'
import { idOf } from './dues.ts'
import { shippedLadder } from './ladder-shipped.ts'
import type { EscalationRunner, RunnerParts } from './runner.ts'
import { isHeard, waysTo, type Way } from './whom.ts'

const WEEK = 7 * 86_400_000
const SHOWN = 100
const testing: LadderStep = {
  id: 'test',
  afterMs: 0,
  to: { duty: 'duty1' },
  channels: ['app', 'sms'],
  otherwise: ['mail', 'voice'],
}

class NotYours extends PlatformError {
  override readonly code = 'forbidden'
}

/** What people ask of escalation: trying a ladder, testing contacts, answering. */
export class EscalationDesk implements Door {
  #runner: EscalationRunner
  #journal: Journal
  #config: RunnerParts['config']

  constructor(runner: EscalationRunner, { journal, config }: Pick<RunnerParts, 'journal' | 'config'>) {
    this.#runner = runner
    this.#journal = journal
    this.#config = config
  }

  async escalationFacts(): Promise<EscalationFacts> {
    await this.#runner.started
    const { machine, hasChannels } = this.#runner
    const ladders = machine.ladders.all()
    return {
      hasChannels,
      shipped: shippedLadder,
      ladders,
      leavesSomewhere: ladders.some(({ leaves }) => leaves),
      climbing: machine.climbing,
    }
  }

  async ladderPlace(alarmId: string): Promise<LadderPlace> {
    await this.#runner.started
    const nothing = { taken: [], next: null, feedbackDueAt: null }
    if (!this.#runner.hasChannels) return { phase: 'off', ...nothing }
    // What was recorded before the question is known.
    await this.#runner.caughtUp()
    const place = this.#runner.machine.place(alarmId)
    return place ? { ...place, byHand: this.#byHand(alarmId) } : { phase: 'none', ...nothing }
  }

  #byHand(alarmId: string): NonNullable<LadderPlace['byHand']> {
    const { machine } = this.#runner
    const alarm = machine.alarm(alarmId)
    try {
      const steps = alarm ? machine.plan(alarmId, alarm.version, 'next', this.#journal.clock.now()) : []
      return steps.map(({ to, channels }) => ({ to, channels: [...channels] }))
    } catch (error) {
      if (error instanceof Conflict) return []
      throw error
    }
  }

  async tryLadder(ladder: Ladder, by: Author): Promise<DryRun> {
    await this.#runner.started
    const { machine, directory } = this.#runner
    const to = this.#journal.clock.now()
    const from = to - WEEK
    const changes = (await this.#journal.readRecord(1, ['alarm.changed'])).flatMap((entry): PastChange[] => {
      // A week before the first one: what was open then.
      if (entry.receivedAt < from - WEEK) return []
      const said = readRecordEntry(entry)
      return said.kind === 'alarm.changed' ? [{ entry: said, pos: entry.pos, at: entry.receivedAt }] : []
    })
    const enterprises = [...new Set(changes.map(({ entry }) => entry.alarm.enterpriseId))]
    const world = await this.#runner.world([], enterprises)
    const { alarms, calls, count } = tryOnPast(ladder, {
      changes,
      ...{ mode: this.#config.mode, from, to, roster: machine.roster },
      regionOf: ({ enterpriseId }) => directory.registry.enterprises.get(enterpriseId)?.region ?? null,
      holders: (id, position) =>
        (world.enterprises.get(id) ?? []).filter((one) => one.position === position).map(({ personId }) => personId),
      isEnterprise: (id) => machine.isEnterprisePerson(id),
    })
    const { region } = ladder
    const id = `lt-${this.#journal.head().toString(36)}`
    await this.#runner.write([
      { entry: { kind: 'ladder.tried', id, region, steps: stepsHash(ladder), from, to, alarms, calls: count, by } },
    ])
    return { id, region, from, to, alarms, calls, truncated: count > MOST_CALLS }
  }

  async askCall({ idempotencyKey: key, ...wish }: AskedCall): Promise<AskedAnswer> {
    await this.#runner.started
    const { machine, hasChannels } = this.#runner
    if (!hasChannels) throw new Conflict('no-channels', 'no channel is set up: nobody can be called')
    await this.#runner.caughtUp()
    const { alarmId, version, to, reason, by } = wish
    const known = key === null ? undefined : machine.wish(by, key)
    if (known) {
      const isSame = known.alarmId === alarmId && known.version === version && known.to === to && known.reason === reason
      if (!isSame) throw new Invalid('idempotency-mismatch', 'this Idempotency-Key was used for another request: use a new one')
      return this.#askedOf(known)
    }
    const now = this.#journal.clock.now()
    const steps = machine.plan(alarmId, version, to, now)
    const alarm = machine.alarm(alarmId)!
    const world = await this.#runner.world(machine.onDutyFor(alarm, now), [alarm.enterpriseId])
    const outcomes = machine.outcomesOf(alarmId, steps, now, world)
    if (!outcomes.includes('called'))
      throw new Conflict('nobody-to-call', `nobody can be called: ${outcomes.join(', ')}`, { why: outcomes[0] ?? 'nobody' })
    const entry = { kind: 'ladder.asked', ...wish, steps, idempotencyKey: key } as const
    await this.#runner.write([{ entry, ...(key !== null && { key: `asked/${alarmId}/${by}/${key}` }) }])
    // The same at the same moment was written once: its steps count.
    return this.#askedOf((key === null ? undefined : machine.wish(by, key)) ?? entry)
  }

  #askedOf({ alarmId, steps }: Pick<LadderAskedEntry, 'alarmId' | 'steps'>): AskedAnswer {
    const { machine } = this.#runner
    const alarm = machine.alarm(alarmId)
    if (!alarm || !steps.every((step) => machine.isAsked(alarmId, step)))
      throw new Conflict('stale-version', 'the alarm has changed since: nobody is called', { alarm: alarm ?? null })
    return { steps, alarm }
  }

  async testContacts(enterpriseId: string): Promise<{ personId: string; messageId: string }[]> {
    await this.#runner.started
    if (!this.#runner.hasChannels) throw new Conflict('no-channels', 'no channel is set up: nothing can be sent')
    const world = await this.#runner.world([], [enterpriseId])
    const contacts = world.enterprises.get(enterpriseId) ?? []
    return this.#test(
      contacts.flatMap((contact) => waysTo(contact, testing, world.channels)),
      enterpriseId,
    )
  }

  async testPerson(id: string): Promise<{ personId: string; messageId: string }[]> {
    await this.#runner.started
    if (!this.#runner.hasChannels) throw new Conflict('no-channels', 'no channel is set up: nothing can be sent')
    const world = await this.#runner.world([id], [])
    const contact = world.people.get(id)
    const ways = contact ? waysTo(contact, testing, world.channels) : []
    // A message that only stands on the page they look at tests nothing.
    if (!isHeard(ways)) throw new Invalid('no-address', 'no channel reaches this person: a number or mail address is missing')
    return this.#test(ways, null)
  }

  async #test(ways: Way[], enterpriseId: string | null): Promise<{ personId: string; messageId: string }[]> {
    const now = this.#journal.clock.now()
    const dues = ways.map(({ personId, channel, otherwise }): PushDueEntry => ({
      kind: 'push.due',
      id: idOf(enterpriseId ?? 'self', now, 'test', personId, channel),
      message: 'test',
      ...{ alarmId: null, alarmVersion: 0, round: 0, step: 'test', personId, channel, otherwise, enterpriseId, level: null },
    }))
    if (dues.length > 0) await this.#runner.write(dues.map((entry) => ({ entry, key: `due/${entry.id}` })))
    return dues.map(({ personId, id }) => ({ personId: personId!, messageId: id }))
  }

  async answerPush(
    messageId: string,
    by: Author,
    code: string | null,
  ): Promise<{ message: PushDueEntry['message']; personId: string }> {
    await this.#runner.started
    const due = this.#runner.machine.dues.get(messageId)
    const personId = due?.entry.personId
    if (!due || !personId || (due.entry.message !== 'test' && due.entry.message !== 'roll-call'))
      throw new NotFound('there is no such message that waits for an answer')
    if (personId !== by) await this.#checkCode(due.entry, personId, by, code)
    await this.#answer(messageId, personId, by)
    return { message: due.entry.message, personId }
  }

  async #checkCode({ id, message }: PushDueEntry, personId: string, by: Author, code: string | null): Promise<void> {
    const refusal = new NotYours('this message was sent to somebody else; give the code that stands in it')
    if (message !== 'test' || code === null) throw refusal
    const { codes } = this.#runner.machine
    const now = this.#journal.clock.now()
    const until = codes.lockedUntil(id, now)
    if (until !== null) {
      const says = 'too many wrong codes for this message: none is taken for a while; the person can log in and answer'
      throw new Invalid('too-many-attempts', says, { retryAt: until })
    }
    if (isCode(code, this.#config.codeSecret, id)) return
    const attempt = codes.count(id, now)
    await this.#runner.write([{ entry: { kind: 'push.code-wrong', messageId: id, personId, attempt, by } }])
    throw refusal
  }

  async answerRollCall(personId: string): Promise<{ shiftId: string }> {
    await this.#runner.started
    const due = this.#runner.machine.rollCalls.openFor(personId)
    if (!due) throw new Conflict('no-roll-call', 'no roll call waits for your answer')
    await this.#answer(due.entry.id, personId, personId)
    return { shiftId: due.entry.shiftId! }
  }

  async myPushes(personId: string): Promise<MyPush[]> {
    await this.#runner.started
    const mine = [...this.#runner.machine.dues.all()].filter(({ entry }) => entry.personId === personId)
    return mine.slice(-SHOWN).map(({ entry, at, state, receipt, answered }) => ({
      ...{ id: entry.id, message: entry.message, alarmId: entry.alarmId, channel: entry.channel, at, answered },
      receipt: state === 'failed' ? 'failed' : receipt,
      ...(entry.shiftId !== undefined && { rollCall: this.#runner.machine.rollCalls.of(entry) }),
    }))
  }

  async #answer(messageId: string, personId: string, by: Author): Promise<void> {
    await this.#runner.write([{ entry: { kind: 'push.answered', messageId, personId, by }, key: `answered/${messageId}` }])
  }
}
