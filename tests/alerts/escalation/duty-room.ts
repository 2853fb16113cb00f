import { Escalation } from '../../../alerts/escalation/escalation.ts'
import type { World } from '../../../alerts/escalation/whom.ts'
import type { Alarm } from '../../../core/alarm.ts'
import type { Contact, Position } from '../../../core/contact.ts'
import { Conflict } from '../../../core/errors.ts'
import type { LadderCallee, PushDueEntry } from '../../../core/escalation.ts'
import { incidentReport, isOf } from '../../../core/incident-report.ts'
import type { ChannelFacts } from '../../../core/push.ts'
import type { AlarmChangeEntry, RecordEntry } from '../../../core/record.ts'
import { sampleAlarm } from '../alarm-sample.ts'

/** 10:00 on a Thursday in Shanghai: no quiet hours. */
export const START = Date.parse('2026-01-01T02:00:00Z')

const channel = (name: string, type: string, addressOf: string | null): ChannelFacts => ({
  ...{ name, type, addressOf, receipts: ['accepted'], acknowledge: null, quota: null, state: 'ok', reason: null },
})
export const channels = [
  channel('duty-group', 'dingtalk', null),
  channel('duty-sms', 'sms', 'phone'),
  channel('duty-voice', 'voice', 'phone'),
  channel('duty-mail', 'mail', 'mail'),
]
export const contact = (personId: string, position: Position | null = null, armedAt: number | null = 1): Contact => ({
  personId,
  enterpriseId: position === null ? null : 'e1',
  position,
  addresses: { phone: '13800000000', mail: `${personId}@example.org` },
  armedAt,
})

const e1 = { id: 'e1', name: '滨江化工', region: '370102', sector: null, retiredAt: null }
const registry = { devices: new Map(), enterprises: new Map([['e1', e1]]), zones: new Map() }
const regulators = ['d1', 'd2', 'sl', 'dl']

/** The machine with a record and a clock by hand: what it decides goes into the record and comes back from there. */
export class DutyRoom {
  now = START
  record: { entry: RecordEntry; pos: number; at: number }[] = []
  machine: Escalation
  world: World = {
    people: new Map([...regulators.map((id) => contact(id)), contact('op', 'operation')].map((one) => [one.personId, one])),
    enterprises: new Map([['e1', [contact('op', 'operation'), contact('tech', 'technical'), contact('head', 'head')]]]),
    channels,
  }
  alarms = new Map<string, Alarm>()
  /** what left: id and when, in order */
  left: { entry: PushDueEntry; at: number; pos: number; contents: string[] }[] = []

  constructor() {
    this.machine = this.fresh()
    this.write({ kind: 'registry.changed', by: 'admin', before: null, entity: 'enterprise', row: e1 })
    this.write({ kind: 'registry.changed', by: 'admin', before: null, entity: 'enterprise', row: { ...e1, id: 'e2' } })
    this.write({ kind: 'user.changed', personId: 'op', role: 'enterprise', change: 'created', by: 'admin' })
    this.shift('s1', START - 3_600_000, START + 48 * 3_600_000)
  }

  fresh(): Escalation {
    return new Escalation('live', 'Asia/Shanghai', this.world?.channels ?? channels)
  }

  shift(id: string, from: number, to: number, region = '370102'): void {
    const people = { duty1: 'd1', duty2: 'd2', shiftLeader: 'sl', dutyLeader: 'dl' }
    const shift = { id, version: 1, region, from, to, people, substitutions: [], cancelledAt: null }
    this.write({ kind: 'roster.set', shift, change: 'added', by: 'admin' })
  }

  write(entry: RecordEntry): number {
    const pos = this.record.length + 1
    this.record.push({ entry, pos, at: this.now })
    this.machine.apply(entry, pos, this.now)
    return pos
  }

  /** A change of an alarm as the engine records it. */
  change(id: string, change: AlarmChangeEntry['change'], with_: Partial<Alarm> = {}, by = 'platform'): Alarm {
    const before = this.alarms.get(id) ?? sampleAlarm({ id, version: 0, raisedAt: this.now })
    const alarm = { ...before, version: before.version + 1, ...with_ }
    this.alarms.set(id, alarm)
    this.write({ kind: 'alarm.changed', change, alarm, causePos: 1, at: this.now, by, comment: null })
    return alarm
  }

  acknowledge(id: string, by = 'd1'): Alarm {
    return this.change(id, 'acknowledged', { state: 'acknowledged', acknowledgedBy: by, acknowledgedAt: this.now }, by)
  }

  /** Somebody wants a call now; the steps it comes to, or the code of why not. */
  ask(id: string, to: LadderCallee, by = 'd1', version = this.alarms.get(id)!.version): string[] | string {
    try {
      const steps = this.machine.plan(id, version, to, this.now)
      this.write({ kind: 'ladder.asked', alarmId: id, version, to, steps, reason: '火势扩大', by, idempotencyKey: null })
      return steps.map((step) => step.id)
    } catch (error) {
      if (error instanceof Conflict) return error.code
      throw error
    }
  }

  /** Decides until there is nothing more to decide; returns what was decided. */
  decide(): RecordEntry[] {
    const decided: RecordEntry[] = []
    for (let turn = 0; turn < 100; turn++) {
      const reports = new Map(
        this.machine.wanted(this.now).reports.map(({ alarmId, from }) => {
          const story = this.record.filter(({ pos, entry }) => pos >= from && isOf(alarmId, entry))
          return [alarmId, incidentReport(this.alarms.get(alarmId)!, story, this.now, { zone: 'Asia/Shanghai', registry })]
        }),
      )
      const decisions = this.machine.decide(this.now, { ...this.world, reports })
      if (decisions.length === 0) return decided
      for (const { entry } of decisions) {
        this.write(entry)
        decided.push(entry)
      }
    }
    throw new Error('it never stops deciding')
  }

  /** Sends what is owed; `how` says what becomes of each. */
  send(how: (entry: PushDueEntry) => 'sent' | 'refused' | 'failed' | 'given-up' = () => 'sent'): void {
    for (const due of this.machine.dues.owed()) {
      const { entry } = due
      const contents = this.machine.dues.contents(due).flatMap((one) => one.entry.alarmId ?? [])
      this.left.push({ entry, at: this.now, pos: this.record.length, contents })
      const { id: messageId, channel, step, personId } = entry
      const common = { alarmId: entry.alarmId ?? '', alarmVersion: 1, channel, attempt: 1, detail: '', messageId, step, personId }
      const result = how(entry)
      if (result === 'sent') this.write({ kind: 'push.sent', ...common, receipt: 'accepted' })
      else if (result === 'refused') this.write({ kind: 'push.refused', ...common })
      else this.write({ kind: 'push.failed', ...common, ...(result === 'given-up' && { isFinal: true, neverLeft: true }) })
    }
  }

  /** Lets time pass, deciding and sending whenever something is due. */
  pass(ms: number, how?: Parameters<DutyRoom['send']>[0]): void {
    const until = this.now + ms
    for (let turn = 0; turn < 10_000; turn++) {
      // Twice: what fell over to another way leaves at once.
      for (let again = 0; again < 2; again++) {
        this.decide()
        this.send(how)
      }
      this.decide()
      const next = this.machine.nextAt(this.now)
      if (next === null || next > until) break
      this.now = Math.max(next, this.now + (next === this.now ? 1_000 : 0))
    }
    this.now = until
    this.decide()
    this.send(how)
    this.decide()
  }

  /** As after a kill: a new machine from the record alone. */
  restart(): void {
    this.machine = this.fresh()
    for (const { entry, pos, at } of this.record) this.machine.apply(entry, pos, at)
  }

  /** Seconds after `from`, whom, by what: what left for people, pages left out. */
  calls(from: number, kind: PushDueEntry['message'] = 'alarm'): string[] {
    return this.left
      .filter(({ entry }) => entry.message === kind && entry.channel !== 'app')
      .map(({ entry, at }) => `${(at - from) / 1000} ${entry.personId ?? 'group'} ${entry.channel}`)
  }
}
