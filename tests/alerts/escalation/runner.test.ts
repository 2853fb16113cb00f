import { afterEach, expect, test, vi } from 'vitest'
import { readCode } from '../../../alerts/escalation/answer-code.ts'
import { EscalationDesk } from '../../../alerts/escalation/desk.ts'
import { EscalationRunner } from '../../../alerts/escalation/runner.ts'
import { CODE_LOCKED_MS } from '../../../alerts/escalation/wrong-codes.ts'
import { ChannelMisconfigured, DeliveryFailed } from '../../../alerts/channels/index.ts'
import type { Contact } from '../../../core/contact.ts'
import type { PlatformError } from '../../../core/errors.ts'
import type { Message } from '../../../core/push.ts'
import type { RecordEntry } from '../../../core/record.ts'
import { readRecordEntry, recordDraft } from '../../../journal/codec.ts'
import { MemoryJournal } from '../../../journal/memory.ts'
import { sampleChange } from '../alarm-sample.ts'
import { channels, contact, START } from './duty-room.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const config = { mode: 'live', zone: 'Asia/Shanghai', publicUrl: null, codeSecret: 's' } as const
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** The runner over a journal in memory, with channels that keep what they were given. */
async function open({ send, armed = null }: { send?: (name: string, message: Message) => void; armed?: number | null } = {}) {
  let now = START + 1_000
  const clock = { now: () => now, pass: (ms: number) => void (now += ms) }
  const journal = new MemoryJournal(clock)
  const contacts = new Map<string, Contact>()
  for (const id of ['d1', 'd2', 'sl', 'dl']) contacts.set(id, contact(id))
  contacts.set('op', contact('op', 'operation', armed))
  const write = (entry: RecordEntry) => journal.append([recordDraft(entry)])
  const enterprise = { id: 'e1', name: '滨江化工', region: '370102', sector: null, retiredAt: null }
  await write({ kind: 'registry.changed', by: 'admin', before: null, entity: 'enterprise', row: enterprise })
  await write({ kind: 'user.changed', personId: 'op', role: 'enterprise', change: 'created', by: 'admin' })
  const shift = {
    id: 's1',
    version: 1,
    region: '370102',
    from: START - 3_600_000,
    to: START + 9e7,
    substitutions: [],
    cancelledAt: null,
  }
  const people = { duty1: 'd1', duty2: 'd2', shiftLeader: 'sl', dutyLeader: 'dl' }
  await write({ kind: 'roster.set', shift: { ...shift, people }, change: 'added', by: 'admin' })
  const received: { channel: string; message: Message }[] = []
  const parts = {
    journal,
    log: silent,
    config,
    from: Promise.resolve(1),
    noteFrom: () => {},
    judged: Promise.resolve(),
    random: () => 0,
    channels: {
      facts: () => channels,
      send: (channel: string, message: Message) => {
        received.push({ channel, message })
        send?.(channel, message)
        return Promise.resolve({ receipt: 'accepted' as const, detail: 'ok' })
      },
    },
    people: {
      contacts: (ids: string[]) => Promise.resolve(ids.flatMap((id) => contacts.get(id) ?? [])),
      enterpriseContacts: () => Promise.resolve([contacts.get('op')!]),
      names: () => Promise.resolve({ d2: '李四' }),
      arm: (id: string) => {
        contacts.set(id, { ...contacts.get(id)!, armedAt: START })
        return Promise.resolve()
      },
    },
  }
  const start = () => {
    const runner = new EscalationRunner(parts)
    stops.push(() => runner.stop())
    return { runner, desk: new EscalationDesk(runner, parts) }
  }
  const kinds = async (kind: RecordEntry['kind']) => (await journal.readRecord(1, [kind])).map((entry) => readRecordEntry(entry))
  return { clock, journal, write, received, contacts, start, kinds, ...start() }
}

test('a contact of an enterprise is called once a test message was answered: by a key, or by the code the duty room was told', async () => {
  const room = await open()
  const [sent] = (await room.desk.testContacts('e1')).filter(({ messageId }) => messageId.endsWith('duty-sms'))
  await vi.waitFor(() => expect(room.received).toHaveLength(1))
  const [, code] = /应答码 (\d{6})/.exec(room.received[0]!.message.text.zh)!
  await expect(room.desk.answerPush(sent!.messageId, 'd1', '000000')).rejects.toMatchObject({ code: 'forbidden' })
  expect(room.contacts.get('op')!.armedAt).toBeNull()
  await room.write(sampleChange('raised', { id: 'a1' }))
  await vi.waitFor(() => expect(room.received.filter(({ message }) => message.kind === 'alarm').length).toBeGreaterThan(2))
  expect(room.received.some(({ message }) => message.kind === 'alarm' && message.to.personId === 'op')).toBe(false)
  await room.desk.answerPush(sent!.messageId, 'd1', code!)
  await vi.waitFor(() => expect(room.contacts.get('op')!.armedAt).not.toBeNull())
  await room.write(sampleChange('raised', { id: 'a2' }))
  await vi.waitFor(() =>
    expect(room.received.some(({ message }) => message.to.personId === 'op' && message.kind !== 'test')).toBe(true),
  )
})

test('five wrong codes lock a message: no code of it is taken for a quarter of an hour, nor after a restart; its person still may answer', async () => {
  const room = await open()
  const [sent, other] = await room.desk.testContacts('e1')
  const id = sent!.messageId
  await vi.waitFor(() => expect(room.received.length).toBeGreaterThan(0))
  const right = readCode('s', id)
  const wrong = right === '000000' ? '111111' : '000000'
  // All at once is no way around.
  const said = await Promise.allSettled(Array.from({ length: 9 }, () => room.desk.answerPush(id, 'd1', wrong)))
  const codes = said.map((one) => (one.status === 'rejected' ? (one.reason as PlatformError).code : 'taken'))
  expect(Object.entries(Object.groupBy(codes, (code) => code)).map(([code, all]) => [code, all!.length])).toEqual([
    ['forbidden', 5],
    ['too-many-attempts', 4],
  ])
  const refusal = { code: 'too-many-attempts', details: { retryAt: room.clock.now() + CODE_LOCKED_MS } }
  await expect(room.desk.answerPush(id, 'd2', right)).rejects.toMatchObject(refusal)
  expect(await room.kinds('push.code-wrong')).toMatchObject(
    [1, 2, 3, 4, 5].map((attempt) => ({ messageId: id, personId: 'op', by: 'd1', attempt })),
  )
  expect(room.runner.status()).toMatchObject({ alarms: [{ code: 'code-locked' }] })
  if (other) await expect(room.desk.answerPush(other.messageId, 'd1', '999999')).rejects.toMatchObject({ code: 'forbidden' })
  await room.runner.stop()
  const next = room.start()
  await expect(next.desk.answerPush(id, 'd1', right)).rejects.toMatchObject(refusal)
  room.clock.pass(CODE_LOCKED_MS)
  expect(next.runner.status().alarms).toEqual([])
  await expect(next.desk.answerPush(id, 'd1', wrong)).rejects.toMatchObject({ code: 'forbidden' })
  expect(await next.desk.answerPush(id, 'd1', right)).toEqual({ message: 'test', personId: 'op' })
})

test('somebody sends themselves a test by every way there is to them and answers it; one who is in no book is told', async () => {
  const room = await open()
  const sent = await room.desk.testPerson('d1')
  await vi.waitFor(() =>
    expect(room.received.map(({ message }) => [message.kind, message.to.personId])).toEqual([['test', 'd1']]),
  )
  expect(await room.desk.answerPush(sent[0]!.messageId, 'd1', null)).toEqual({ message: 'test', personId: 'd1' })
  await vi.waitFor(() => expect(room.contacts.get('d1')!.armedAt).not.toBeNull())
  expect((await room.desk.myPushes('d1')).some(({ message, answered }) => message === 'test' && answered)).toBe(true)
  await expect(room.desk.testPerson('nobody')).rejects.toMatchObject({ code: 'no-address' })
})

test("a key pressed by the regulator's person is an action; one pressed by an enterprise's is only in the record", async () => {
  const room = await open({ armed: 1 })
  await room.write(sampleChange('raised', { id: 'a1' }))
  const idOf = (person: string) =>
    vi.waitFor(() => room.received.find(({ message }) => message.to.personId === person)?.message.id ?? expect.fail(person))
  const key = { channel: 'duty-voice', providerId: null, receipt: 'acknowledged', detail: '1', at: null } as const
  await room.write({ kind: 'push.receipt', ...key, messageId: await idOf('op') })
  await room.write({ kind: 'push.receipt', ...key, messageId: await idOf('d1') })
  await vi.waitFor(async () => expect(await room.kinds('action')).toHaveLength(1))
  expect((await room.kinds('action'))[0]).toMatchObject({ alarmId: 'a1', action: 'acknowledge', version: 1, by: 'd1' })
  await room.write({
    ...sampleChange('acknowledged', { id: 'a1', state: 'acknowledged', acknowledgedBy: 'd2', acknowledgedAt: START }),
    by: 'd2',
  })
  await vi.waitFor(() => expect(room.received.some(({ message }) => message.text.zh.startsWith('已由李四确认'))).toBe(true))
})

test('a channel that is out is followed by the next one at once, one that stumbles is tried again first, and each attempt has the same id', async () => {
  let stumbles = 0
  const room = await open({
    send: (name) => {
      if (name === 'duty-sms') throw new ChannelMisconfigured('the provider does not know us')
      if (name === 'duty-mail' && stumbles++ === 0) throw new DeliveryFailed('busy')
    },
  })
  await room.write(sampleChange('raised', { id: 'a1' }))
  await vi.waitFor(() => expect(room.received.map(({ channel }) => channel)).toContain('duty-voice'))
  const results = await vi.waitFor(async () => {
    const failed = await room.kinds('push.failed')
    expect(failed.length).toBeGreaterThanOrEqual(2)
    return failed
  })
  expect(results).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ channel: 'duty-sms', isFinal: true }),
      expect.objectContaining({ channel: 'duty-mail' }),
    ]),
  )
})

test('what was decided and has no result is sent again under the same id by the next process, and nothing else is', async () => {
  const room = await open({
    send: () => {
      throw new DeliveryFailed('the line is dead', {}, 3_600_000)
    },
  })
  await room.write(sampleChange('raised', { id: 'a1', level: 'orange' }))
  await vi.waitFor(() => expect(room.received.length).toBeGreaterThan(1))
  await room.runner.stop()
  const before = new Set(room.received.map(({ message }) => message.id))
  const decided = (await room.kinds('push.due')).length
  room.received.length = 0
  await room.write({ kind: 'platform.started', version: '1', mode: 'live' })
  room.start()
  await vi.waitFor(() => expect(room.received.length).toBeGreaterThan(0))
  expect(room.received.every(({ message }) => before.has(message.id))).toBe(true)
  expect((await room.kinds('push.due')).length).toBe(decided)
})
