import fc from 'fast-check'
import { expect, test } from 'vitest'
import { caseInputs, caseStates, caseTransition, isCaseOver, type CaseState } from '../../../core/case.ts'
import type { Alarm } from '../../../core/alarm.ts'
import type { ActionEntry, AlarmAction, RecordEntry } from '../../../core/record.ts'
import { Saved, T0, World } from '../world.ts'

type More = Partial<Pick<ActionEntry, 'by' | 'comment' | 'minutes' | 'untilMs' | 'details' | 'version'>>

/** A yellow alarm at 30 %LEL or a red one at 60; people act on it as it stands. */
class Desk {
  world = new World()
  constructor(value = 30) {
    this.world.tape.rows([1, 1, value])
    this.world.run(1)
  }
  get alarm(): Alarm {
    const { entry } = this.world.emissions.findLast((one) => one.entry.kind === 'alarm.changed')!
    if (entry.kind !== 'alarm.changed') throw new Error('no alarm')
    return entry.alarm
  }
  act(second: number, action: AlarmAction, more: More = {}): string {
    this.world.run(second)
    const { id: alarmId, version } = this.alarm
    const wish = { kind: 'action', alarmId, action, version, by: 'li', comment: null, idempotencyKey: null, ...more }
    this.world.tape.record(second, wish as RecordEntry)
    const { entry } = this.world.run().at(-1)!
    if (entry.kind === 'alarm.changed') return entry.change
    return entry.kind === 'action.refused' ? `${entry.code} ${entry.why ?? ''}`.trim() : entry.kind
  }
  value(second: number, value: number): void {
    this.world.tape.rows([1, second, value])
    this.world.run(second)
  }
}
const closing = { details: { cause: '阀门泄漏', measures: '更换垫片', result: '复测 0 %LEL' } }

test('a case takes no way that nobody listed, and one that is over stays over', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...caseInputs)), (inputs) => {
      let state: CaseState = 'open'
      for (const input of inputs) {
        const next = caseTransition(state, input)
        if (isCaseOver(state)) expect(next).toBe(null)
        state = next ?? state
        expect(caseStates).toContain(state)
      }
    }),
  )
})

test('dispatch, accept, feedback, close: each is a change of its own, and the case goes on after the alarm is over', () => {
  const desk = new Desk()
  expect(desk.act(2, 'acknowledge')).toBe('acknowledged')
  expect(desk.act(3, 'dispatch', { minutes: 60, details: { person: 'wang' }, comment: '带检测仪' })).toBe('dispatched')
  expect(desk.alarm.case).toMatchObject({ state: 'dispatched', dispatch: { to: { person: 'wang' }, by: 'li', acceptedAt: null } })
  expect(desk.act(4, 'accept')).toBe('wrong-state not-yours')
  expect(desk.act(4, 'close', closing)).toBe('wrong-state case-dispatched')
  expect(desk.act(5, 'accept', { by: 'wang' })).toBe('accepted')
  desk.value(6, 0)
  expect(desk.alarm).toMatchObject({ state: 'normal', case: { state: 'accepted' } })
  expect(desk.act(7, 'close', closing)).toBe('wrong-state case-accepted')
  expect(desk.act(8, 'feedback', { by: 'wang', comment: '法兰渗漏，已紧固' })).toBe('fed-back')
  expect(desk.act(9, 'close', closing)).toBe('closed')
  expect(desk.alarm.case).toMatchObject({ state: 'closed', closing: { by: 'li', reviewedBy: null, result: '复测 0 %LEL' } })
  expect(desk.act(10, 'close', closing)).toBe('wrong-state case-closed')
  expect(desk.act(10, 'acknowledge')).toBe('wrong-state over')
})

test('whoever was sent and does not answer within five minutes, two for a red, is no longer counted on', () => {
  for (const [value, wait] of [
    [30, 300],
    [60, 120],
  ] as const) {
    const desk = new Desk(value)
    desk.act(2, 'dispatch', { minutes: 60, details: { team: '二号巡检组' } })
    const version = desk.alarm.version
    desk.world.run(2 + wait - 1)
    expect(desk.alarm.case?.state).toBe('dispatched')
    desk.world.run(2 + wait)
    expect([desk.alarm.case?.state, desk.alarm.version]).toEqual(['unaccepted', version + 1])
    expect(desk.act(2 + wait + 1, 'accept', { by: 'anybody' })).toBe('accepted')
  }
})

test('an alarm that is still active is not closed, unless it is out of service', () => {
  const desk = new Desk()
  expect(desk.act(2, 'close', closing)).toBe('wrong-state still-active')
  expect(desk.act(3, 'shelve', { minutes: 30, comment: 'known work' })).toBe('shelved')
  expect(desk.act(4, 'close', closing)).toBe('wrong-state still-active')
  desk.act(5, 'unshelve')
  expect(desk.act(6, 'out-of-service', { minutes: 60, comment: 'permit 12' })).toBe('taken-out-of-service')
  expect(desk.alarm.setAside).not.toHaveProperty('confirmedBy')
  expect(desk.act(7, 'close', { details: { cause: 'x', measures: 'y' } })).toBe('wrong-state no-text')
  expect(desk.act(8, 'close', closing)).toBe('closed')
})

test('a red is closed, called false or taken out of service only when a second person agrees', () => {
  const wishes: [AlarmAction, More, string][] = [
    ['out-of-service', { minutes: 60, comment: 'permit 12' }, 'taken-out-of-service'],
    ['false-alarm', { details: { reasonCode: 'sensor-fault' } }, 'false-alarm'],
  ]
  for (const [action, more, change] of wishes) {
    const desk = new Desk(60)
    expect(desk.act(2, action, more)).toBe('requested')
    expect(desk.alarm).toMatchObject({ state: 'active', request: { action, by: 'li', version: desk.alarm.version } })
    expect(desk.act(3, 'confirm')).toBe('two-persons own-request')
    expect(desk.act(3, 'decline')).toBe('two-persons own-request')
    expect(desk.act(3, 'confirm', { by: 'wang', version: 1 })).toBe('stale-version')
    expect(desk.act(4, 'confirm', { by: 'wang' })).toBe(change)
    expect(desk.alarm.request).toBe(undefined)
    if (action === 'out-of-service') expect(desk.alarm.setAside).toMatchObject({ by: 'li', confirmedBy: 'wang' })
  }
  const desk = new Desk(60)
  desk.act(2, 'acknowledge')
  desk.value(3, 0)
  expect(desk.act(4, 'close', closing)).toBe('requested')
  expect(desk.alarm.case?.state).toBe('review')
  expect(desk.act(5, 'decline', { by: 'wang', comment: 'photo missing' })).toBe('declined')
  expect(desk.alarm.case?.state).toBe('feedback')
  expect(desk.act(6, 'confirm', { by: 'wang' })).toBe('wrong-state no-request')
  desk.act(7, 'close', closing)
  expect(desk.act(8, 'withdraw', { by: 'wang' })).toBe('two-persons not-own-request')
  expect(desk.act(8, 'confirm', { by: 'wang' })).toBe('closed')
  expect(desk.alarm.case).toMatchObject({ state: 'closed', closing: { by: 'li', reviewedBy: 'wang' } })
})

test('one person takes out of service for 12 h at most, whatever the entry says; one from before that limit stays theirs', () => {
  const long = { comment: 'permit 12', minutes: 721 }
  expect(new Desk().act(2, 'out-of-service', { ...long, details: { twoPersons: false } })).toBe('requested')
  const until = { comment: 'permit 12', details: { twoPersons: false } }
  const at = (seconds: number) => T0 + (2 + seconds) * 1000
  expect(new Desk().act(2, 'out-of-service', { ...until, untilMs: at(43_201) })).toBe('requested')
  expect(new Desk().act(2, 'out-of-service', { ...until, untilMs: at(43_200) })).toBe('taken-out-of-service')
  expect(new Desk().act(2, 'out-of-service', { ...until, minutes: 720 })).toBe('taken-out-of-service')
  expect(new Desk().act(2, 'out-of-service', long)).toBe('taken-out-of-service')
  const desk = new Desk()
  desk.act(2, 'out-of-service', { ...long, details: { twoPersons: false } })
  expect(desk.act(3, 'confirm', { by: 'wang' })).toBe('taken-out-of-service')
})

test('what one person asked for is gone when the alarm changes: nobody agreed to that', () => {
  const desk = new Desk(60)
  desk.act(2, 'out-of-service', { minutes: 60, comment: 'permit 12' })
  desk.value(3, 0)
  expect(desk.alarm).toMatchObject({ state: 'returned' })
  expect(desk.alarm.request).toBe(undefined)
  expect(desk.act(4, 'confirm', { by: 'wang' })).toBe('wrong-state no-request')
})

test('escalation goes up and never down, and what is worse is told anew', () => {
  const desk = new Desk()
  desk.act(2, 'acknowledge')
  expect(desk.act(3, 'escalate', { comment: 'school next door', details: { to: 'blue' } })).toBe('wrong-state never-down')
  expect(desk.act(3, 'escalate', { comment: 'x', details: { to: 'yellow' } })).toBe('wrong-state never-down')
  expect(desk.act(3, 'escalate', { details: { to: 'red' } })).toBe('wrong-state no-text')
  expect(desk.act(4, 'escalate', { comment: 'school next door', details: { to: 'orange' } })).toBe('escalated')
  expect(desk.alarm).toMatchObject({ level: 'orange', state: 'active', acknowledgedBy: null })
  expect(desk.act(5, 'escalate', { comment: 'county must know', details: { to: 'superior' } })).toBe('escalated')
  expect(desk.alarm).toMatchObject({ level: 'orange', case: { escalation: { to: 'superior', by: 'li' } } })
})

test('an acknowledgement is taken back within ten seconds by who gave it, never that of a red', () => {
  const desk = new Desk()
  desk.act(2, 'acknowledge')
  expect(desk.act(3, 'undo-acknowledge', { by: 'wang' })).toBe('wrong-state not-yours')
  expect(desk.act(12, 'undo-acknowledge')).toBe('acknowledgement-undone')
  expect(desk.alarm).toMatchObject({ state: 'active', acknowledgedBy: null })
  desk.act(20, 'acknowledge')
  expect(desk.act(30.001, 'undo-acknowledge')).toBe('wrong-state too-late')

  const over = new Desk()
  over.value(2, 0)
  over.act(3, 'acknowledge')
  expect(over.alarm.state).toBe('normal')
  expect(over.act(4, 'undo-acknowledge')).toBe('acknowledgement-undone')
  expect(over.alarm.state).toBe('returned')
  over.act(5, 'acknowledge')
  const { id, version } = over.alarm
  over.value(6, 40)
  const undo = { kind: 'action', alarmId: id, action: 'undo-acknowledge', version, by: 'li', comment: null, idempotencyKey: null }
  over.world.tape.record(7, undo as RecordEntry)
  expect(over.world.run().at(-1)!.entry).toMatchObject({ kind: 'action.refused', why: 'raised-again' })

  const red = new Desk(60)
  red.act(2, 'acknowledge')
  expect(red.act(3, 'undo-acknowledge')).toBe('wrong-state red')
})

test('what happens again after its case was closed has a case of its own', () => {
  const desk = new Desk()
  desk.value(2, 0)
  expect(desk.act(3, 'close', closing)).toBe('closed')
  desk.value(4, 30)
  expect(desk.alarm.occurrences).toBe(2)
  expect(desk.act(5, 'dispatch', { minutes: 5, details: { team: 'x' } })).toBe('dispatched')
  expect(desk.alarm.case).toMatchObject({ occurrence: 2, closing: null })
})

test('cases go on after a restart as if there had been none', () => {
  const one = new Desk()
  one.act(2, 'acknowledge')
  one.act(3, 'dispatch', { minutes: 60, details: { person: 'wang' } })
  one.value(4, 0)
  const saved = new Saved()
  saved.take(one.world.engine)
  const again = saved.restore(one.world.engine)
  one.world.run(400)
  again.advance(one.world.tape.entries.at(-1)!.receivedAt + 396_000)
  const last = again.take().at(-1)
  expect(last).toEqual(one.world.emissions.at(-1))
  expect(last!.entry).toMatchObject({ change: 'dispatch-unaccepted', alarm: { state: 'normal', case: { state: 'unaccepted' } } })
  expect(again.alarms.endedWithOpenCase()).toHaveLength(1)
})
