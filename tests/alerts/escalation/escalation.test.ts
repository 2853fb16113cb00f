import { expect, test } from 'vitest'
import { shippedLadder } from '../../../alerts/escalation/ladder-shipped.ts'
import { receivedDraft } from '../../../core/received.ts'
import { contact, DutyRoom, START } from './duty-room.ts'

test('a red nobody takes goes up the ladder at 0, 30, 60, 120, 300 and 600 s to the right persons, and stops with a follow-up', () => {
  const room = new DutyRoom()
  room.write({ kind: 'ladder.set', ladder: { ...shippedLadder, version: 2, leaves: true }, by: 'admin', dryRun: 't1' })
  room.shift('s2', START - 1, START + 3_600_000, '370100')
  room.change('a1', 'raised')
  room.pass(700_000)
  expect(room.calls(START)).toEqual([
    '0 d1 duty-sms',
    '0 d1 duty-mail',
    '0 group duty-group',
    '0 op duty-sms',
    '0 op duty-voice',
    '60 d1 duty-voice',
    '120 d2 duty-voice',
    '120 sl duty-voice',
    '120 tech duty-voice',
    '300 dl duty-voice',
    '300 head duty-voice',
    '600 d1 duty-voice',
  ])
  const steps = room.record.flatMap(({ entry }) => (entry.kind === 'ladder.step' ? [entry.outcome] : []))
  expect(steps).toEqual(Array(10).fill('called'))
  room.acknowledge('a1', 'd2')
  const before = room.left.length
  room.pass(14 * 60_000)
  expect(room.left.slice(before).every(({ entry }) => entry.message === 'follow-up' && entry.end?.by === 'd2')).toBe(true)
  expect(
    room
      .calls(START, 'follow-up')
      .map((line) => line.split(' ').slice(1).join(' '))
      .sort(),
  ).toEqual(['d1 duty-mail', 'd1 duty-sms', 'd2 duty-sms', 'dl duty-sms', 'group duty-group', 'op duty-sms', 'sl duty-sms'])
})

const outcomesIn = (room: DutyRoom) =>
  Object.fromEntries(room.record.flatMap(({ entry }) => (entry.kind === 'ladder.step' ? [[entry.step, entry.outcome]] : [])))

test('half an hour on, a red nobody took is a written report to the authority above: who was called, what was done, in the words of the record', () => {
  const room = new DutyRoom()
  room.write({ kind: 'ladder.set', ladder: { ...shippedLadder, version: 2, leaves: true }, by: 'admin', dryRun: 't1' })
  room.shift('s2', START - 1, START + 3_600_000, '370100')
  room.change('a1', 'raised')
  room.pass(60_000)
  room.change('a1', 'commented', {}, 'd1')
  room.pass(1_800_000)
  expect(room.calls(START, 'report')).toEqual(['1800 d1 duty-mail'])
  const drafts = room.record.flatMap(({ entry }) => (entry.kind === 'alarm.reported' ? [entry] : []))
  expect(drafts).toMatchObject([{ alarmId: 'a1', step: 'r1800-report', to: '370100' }])
  const { zh } = drafts[0]!.text
  expect(room.machine.report(drafts[0]!)).toEqual(drafts[0]!.text)
  expect(zh).toContain('警情信息快报（首报）')
  expect(zh).toContain('10:01:00 值班一：duty-voice 通道已收')
  expect(zh).toContain('报送：370100\n来自：370102')
  expect(zh).toContain('10:10:00 上级值班一：')
  expect(zh).toContain('10:01:00 备注 · 值班人员')
  // What is off is drafted all the same, and stays here.
  const closed = new DutyRoom()
  closed.change('a1', 'raised')
  closed.pass(1_900_000)
  expect(outcomesIn(closed)).toMatchObject({ 'r1800-report': 'off' })
  expect(closed.calls(START, 'report')).toEqual([])
  expect(closed.record.some(({ entry }) => entry.kind === 'alarm.reported')).toBe(true)
})

test('by hand the next rung or one role is called at once, once, also of an alarm somebody has taken; the same rung is not called again in its time', () => {
  const room = new DutyRoom()
  room.change('a1', 'raised')
  room.pass(1_000)
  expect(room.ask('a1', 'next')).toEqual(['r60-duty1'])
  expect(room.ask('a1', 'superior')).toBe('outside-steps-off')
  expect(room.ask('a1', 'head')).toBe('outside-steps-off')
  expect(room.ask('a1', 'next', 'd1', 7)).toBe('stale-version')
  room.restart()
  room.pass(1_000)
  room.pass(100_000)
  expect(room.calls(START).filter((line) => line.endsWith('d1 duty-voice'))).toEqual(['1 d1 duty-voice'])
  expect(room.ask('a1', 'duty2')).toHaveLength(1)
  room.pass(1_000)
  room.acknowledge('a1')
  room.pass(1_000)
  expect(room.calls(START, 'follow-up').some((line) => line.includes(' d2 duty-sms'))).toBe(true)
  const before = room.left.length
  expect(room.ask('a1', 'dutyLeader')).toHaveLength(1)
  room.pass(60_000)
  expect(room.left.slice(before).map(({ entry }) => [entry.personId, entry.channel, entry.message])).toEqual([
    ['dl', 'app', 'alarm'],
    ['dl', 'duty-voice', 'alarm'],
  ])
  room.change('a1', 'ended', { state: 'normal' })
  room.pass(25 * 3_600_000)
  expect(room.ask('a1', 'next')).toBe('wrong-state')
  expect(room.calls(START, 'follow-up').some((line) => line.includes(' dl '))).toBe(true)
})

test('a wish for an alarm that changed before it was recorded calls nobody; an acknowledgement taken back goes on where the ladder was', () => {
  const room = new DutyRoom()
  const { version } = room.change('a1', 'raised', { level: 'orange' })
  room.pass(1_000)
  const before = room.calls(START).length
  const steps = room.machine.plan('a1', version, 'dutyLeader', room.now)
  room.acknowledge('a1')
  room.write({
    kind: 'ladder.asked',
    alarmId: 'a1',
    version,
    to: 'dutyLeader',
    steps,
    reason: '……',
    by: 'd2',
    idempotencyKey: 'k',
  })
  room.pass(1_000)
  expect(room.calls(START)).toHaveLength(before)
  expect(room.machine.isAsked('a1', steps[0]!)).toBe(false)
  expect(room.ask('a1', 'dutyLeader')).toHaveLength(1)
  room.pass(1_000)
  room.change('a1', 'acknowledgement-undone', { state: 'active', acknowledgedBy: null, acknowledgedAt: null }, 'd1')
  room.pass(30_000)
  expect(room.calls(START).slice(before)).toEqual(['2 dl duty-voice'])
})

test('a rung called by hand after somebody took the alarm is called again by the ladder when that person says nothing', () => {
  const room = new DutyRoom()
  room.change('a1', 'raised')
  room.pass(61_000)
  room.acknowledge('a1')
  const taken = room.now
  expect(room.ask('a1', 'next')).toEqual(['asked-r120-duty2', 'asked-r120-shift-leader', 'asked-r120-enterprise'])
  room.pass(1_000)
  const called = ['0 d2 duty-voice', '0 sl duty-voice', '0 tech duty-voice']
  expect(room.calls(taken).slice(-3)).toEqual(called)
  expect(room.ask('a1', 'next')).toEqual(['asked-r300-duty-leader'])
  room.restart()
  room.pass(900_000)
  expect(room.calls(taken, 'update')).toEqual(called.map((line) => line.replace('0', '900')))
  const ids = room.record.flatMap(({ entry }) => (entry.kind === 'push.due' ? [entry.id] : []))
  expect(new Set(ids).size).toBe(ids.length)
})

test('steps that leave the deployment are off until a ladder lets them, and an enterprise that never answered is not called', () => {
  const room = new DutyRoom()
  room.world = { ...room.world, enterprises: new Map([['e1', [contact('op', 'operation', null)]]]) }
  room.change('a1', 'raised')
  room.pass(700_000)
  const outcomes = room.record.flatMap(({ entry }) => (entry.kind === 'ladder.step' ? [[entry.step, entry.outcome]] : []))
  expect(Object.fromEntries(outcomes)).toMatchObject({
    'r0-enterprise': 'unarmed',
    'r300-enterprise': 'off',
    'r600-superior': 'off',
    'r300-duty-leader': 'called',
  })
  expect(room.left.map(({ entry }) => entry.personId)).not.toContain('op')
})

test("an enterprise's own acknowledgement is shown and the ladder goes on", () => {
  const room = new DutyRoom()
  room.change('a1', 'raised')
  room.pass(10_000)
  room.acknowledge('a1', 'op')
  // The same said on a page leaves a receipt, and is as little an end.
  room.write(receivedDraft(room.alarms.get('a1')!, 'op').entry)
  room.pass(60_000)
  expect(room.machine.dues.owedActions()).toEqual([])
  expect(room.machine.place('a1')).toMatchObject({ phase: 'climbing' })
  expect(room.calls(START)).toContain('60 d1 duty-voice')
  expect(room.calls(START, 'follow-up')).toEqual([])
})

test('who took a red and says nothing for 15 minutes brings it back on the ladder from 120 s on, until there is feedback', () => {
  const room = new DutyRoom()
  room.change('a1', 'raised')
  room.pass(10_000)
  room.acknowledge('a1')
  const taken = room.now
  room.pass(899_000)
  expect(room.calls(taken, 'update')).toEqual([])
  room.pass(2_000)
  expect(room.calls(taken, 'update')).toEqual(['900 d2 duty-voice', '900 sl duty-voice', '900 tech duty-voice'])
  const { occurrences } = room.alarms.get('a1')!
  const said = { text: '已处置', by: 'd1', at: room.now }
  const known = { state: 'feedback', occurrence: occurrences, openedAt: 0, feedback: said, firstFeedbackAt: room.now } as const
  const none = { dispatch: null, escalation: null, falseAlarm: null, closing: null }
  room.change('a1', 'fed-back', { case: { ...known, ...none } }, 'd1')
  room.pass(3_600_000)
  expect(room.calls(taken, 'update')).toHaveLength(3)
  expect(room.calls(taken, 'follow-up').length).toBeGreaterThan(0)
})

test('a blue alarm is not pushed at night; drills, late reports and what is set aside never are', () => {
  const room = new DutyRoom()
  room.now = Date.parse('2026-01-01T15:00:00Z')
  room.change('a1', 'raised', { level: 'blue' })
  room.change('a2', 'raised', { mode: 'drill' })
  room.change('a3', 'raised', { late: true })
  room.change('a4', 'raised', { state: 'suppressed' })
  room.change('a5', 'raised', { state: 'shelved' })
  room.pass(1_900_000)
  expect(room.left).toEqual([])
  expect(room.record.flatMap(({ entry }) => (entry.kind === 'ladder.step' ? [entry.outcome] : []))).toEqual(['quiet'])
})

test('with nobody on duty there is an alarm about it; with duty 1 out of reach the next one up is called at once', () => {
  const empty = new DutyRoom()
  empty.now = START + 72 * 3_600_000
  empty.change('a1', 'raised')
  empty.pass(1_000)
  expect(empty.machine.alarms(empty.now).map(({ code }) => code)).toContain('nobody-370102')
  const room = new DutyRoom()
  const { d1: _, ...others } = Object.fromEntries(room.world.people)
  room.world = { ...room.world, people: new Map(Object.entries(others)) }
  room.change('a1', 'raised')
  room.pass(1_000)
  expect(room.calls(START)).toContain('0 d2 duty-sms')
})

test('a way that fails is followed by the next one of that person, and a red that reaches nobody is an alarm', () => {
  const room = new DutyRoom()
  room.change('a1', 'raised')
  room.pass(1_000, ({ channel }) => (channel === 'duty-mail' ? 'sent' : 'refused'))
  expect(room.calls(START)).toContain('0 op duty-mail')
  const deaf = new DutyRoom()
  deaf.change('a1', 'raised')
  deaf.pass(61_000, ({ channel }) => (channel === 'app' ? 'sent' : 'refused'))
  expect(deaf.machine.alarms(deaf.now).map(({ code }) => code)).toEqual(['red-unreached'])
})

test('beyond one text message a minute a person gets one that names them all; the first red of an enterprise does not wait', () => {
  const room = new DutyRoom()
  room.change('a1', 'raised')
  room.pass(1_000)
  for (const id of ['a2', 'a3', 'a4']) room.change(id, 'raised')
  room.pass(1_000)
  room.change('b1', 'raised', { enterpriseId: 'e2' })
  room.pass(120_000)
  const texts = room.left.filter(({ entry }) => entry.channel === 'duty-sms' && entry.personId === 'd1')
  expect(texts.map(({ at, contents }) => [(at - START) / 1000, contents.length])).toEqual([
    [0, 1],
    [2, 1],
    [62, 3],
  ])
})

test('of reds of one enterprise that come at once only the first waits for no limit', () => {
  const room = new DutyRoom()
  for (const id of ['a1', 'a2', 'a3']) room.change(id, 'raised')
  room.decide()
  const firsts = room.record.flatMap(({ entry }) => (entry.kind === 'push.due' && entry.first ? [entry.alarmId] : []))
  expect(new Set(firsts)).toEqual(new Set(['a1']))
})

test('the roll is called five minutes into a shift; who has not answered after 120 s is told to the leader and is an alarm', () => {
  const room = new DutyRoom()
  room.shift('s9', START, START + 8 * 3_600_000, '370103')
  room.pass(299_000)
  expect(room.calls(START, 'roll-call')).toEqual([])
  room.pass(2_000)
  expect(room.calls(START, 'roll-call')).toEqual(['300 d1 duty-sms', '300 d2 duty-sms', '300 sl duty-sms'])
  for (const person of ['d1', 'sl']) {
    const { id } = room.machine.rollCalls.openFor(person)!.entry
    room.write({ kind: 'push.answered', messageId: id, personId: person, by: person })
  }
  room.pass(120_000)
  expect(room.calls(START, 'roll-call').slice(3)).toEqual(['420 sl duty-voice'])
  expect(room.machine.alarms(room.now).map(({ code }) => code)).toEqual(['roll-call-370103'])
})

test('an acknowledgement by key is an action by who was called, for the version they were told', () => {
  const room = new DutyRoom()
  room.change('a1', 'raised')
  room.pass(61_000)
  const call = room.left.find(({ entry }) => entry.channel === 'duty-voice' && entry.personId === 'd1')!.entry
  const key = {
    channel: 'duty-voice',
    messageId: call.id,
    providerId: null,
    receipt: 'acknowledged',
    detail: '1',
    at: null,
  } as const
  room.write({ kind: 'push.receipt', ...key })
  const [wanted] = room.machine.dues.owedActions()
  expect(wanted).toMatchObject({ alarmId: 'a1', version: 1, by: 'd1' })
  room.restart()
  expect(room.machine.dues.owedActions()).toEqual([wanted])
  const action = {
    alarmId: 'a1',
    action: 'acknowledge',
    version: 1,
    by: 'd1',
    comment: null,
    idempotencyKey: wanted!.key,
  } as const
  room.write({ kind: 'action', ...action })
  expect(room.machine.dues.owedActions()).toEqual([])
})

test('who looks at an alarm is told which roles were called, who is next and when; rungs that are off are not waited for', () => {
  const room = new DutyRoom()
  room.change('a1', 'raised')
  room.pass(90_000)
  const place = room.machine.place('a1')!
  expect(place.taken.map(({ step, at, outcome }) => [step, at - START, outcome])).toEqual([
    ['r0-duty1', 0, 'called'],
    ['r0-enterprise', 0, 'called'],
    ['r30-duty1', 30_000, 'called'],
    ['r60-duty1', 60_000, 'called'],
  ])
  const third = [{ duty: 'duty2' }, { duty: 'shiftLeader' }, { enterprise: 'technical' }]
  expect([place.phase, place.next]).toEqual(['climbing', { at: START + 120_000, to: third }])
  room.pass(300_000)
  // What is left leaves the deployment, and that is off.
  expect(room.machine.place('a1')).toMatchObject({ phase: 'climbing', next: null })
  room.acknowledge('a1', 'd1')
  expect(room.machine.place('a1')).toMatchObject({
    phase: 'waiting',
    next: null,
    taken: [],
    feedbackDueAt: room.now + 15 * 60_000,
  })
  expect(room.machine.place('elsewhere')).toBeNull()
})
