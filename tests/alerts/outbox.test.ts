import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { startOutbox, type NoticeSender, type OutboxParts } from '../../alerts/outbox.ts'
import { ChannelMisconfigured, DeliveryFailed, DeliveryRejected } from '../../alerts/channels/index.ts'
import { INSIST_MS, PushQueue, retryDelayMs, STALE_MS, type Notice } from '../../alerts/push-queue.ts'
import { ManualClock } from '../../core/clock.ts'
import type { Part } from '../../core/part.ts'
import { silentLog } from '../../core/log.ts'
import type { AlarmChangeEntry } from '../../core/record.ts'
import { readRecordEntry, recordDraft } from '../../journal/codec.ts'
import { MemoryJournal } from '../../journal/memory.ts'
import { sampleAlarm, sampleChange } from './alarm-sample.ts'
import { accept, reset, startReceiver, status } from './misbehaving-receiver.ts'

const config = {
  url: 'http://127.0.0.1:9/',
  secret: 'a-secret-shared-with-the-receiver',
  minLevel: 'yellow' as const,
  modes: ['live'] as const,
  allowLoopback: true,
  timeoutMs: 1_000,
}
const parts: Part[] = []
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const part of parts.splice(0)) await part.stop()
  for (const stop of stops.splice(0)) await stop()
})

function outbox(journal: MemoryJournal, more: Partial<OutboxParts> = {}): Part {
  const part = startOutbox({ journal, config, log: silentLog, from: 1, random: () => 0, ...more })
  parts.push(part)
  return part
}
const record = (journal: MemoryJournal, ...changes: AlarmChangeEntry[]) =>
  journal.append(changes.map((change) => recordDraft(change)))
async function results(journal: MemoryJournal) {
  const entries = await journal.readRecord(1, ['push.sent', 'push.failed', 'push.refused'])
  return entries.map((entry) => entry.kind)
}

test('raised, worse, acknowledged and ended are pushed in that order, and each result is recorded', async () => {
  const receiver = await startReceiver()
  stops.push(receiver.stop)
  const journal = new MemoryJournal()
  outbox(journal, { config: { ...config, url: receiver.url } })
  await record(
    journal,
    sampleChange('raised', { level: 'yellow' }),
    sampleChange('level', { version: 2 }),
    sampleChange('commented', { version: 2 }),
    sampleChange('acknowledged', { version: 3, state: 'acknowledged' }),
    sampleChange('ended', { version: 4, state: 'normal' }),
    sampleChange('raised', { id: 'quiet', level: 'blue' }),
  )
  await vi.waitFor(async () => expect(await results(journal)).toHaveLength(4))
  expect(receiver.received.map(({ body }) => (JSON.parse(body) as Notice).change)).toEqual([
    'raised',
    'level',
    'acknowledged',
    'ended',
  ])
  expect(await results(journal)).toEqual(Array(4).fill('push.sent'))
})

test('what was over before anybody knew is pushed to nobody, whatever is done about it; when it happens again it is news', async () => {
  const sent: string[] = []
  const channel: NoticeSender = { send: async ({ change }) => (sent.push(change), 'ok') }
  const journal = new MemoryJournal()
  outbox(journal, { channel })
  const report = { late: true, report: { by: 'GW' } }
  await record(
    journal,
    sampleChange('raised', { ...report, state: 'returned' }),
    sampleChange('acknowledged', { ...report, version: 2, state: 'normal' }),
    sampleChange('raised', { ...report, id: 'a2', state: 'returned' }),
    sampleChange('again', { id: 'a2', version: 2, late: true }),
  )
  await vi.waitFor(async () => expect(await results(journal)).toHaveLength(1))
  expect(sent).toEqual(['again'])
})

test('a receiver that breaks in every way and then recovers has everything, in order, and was visible as degraded', async () => {
  const receiver = await startReceiver(status(500))
  stops.push(receiver.stop)
  const journal = new MemoryJournal()
  const part = outbox(journal, { config: { ...config, url: receiver.url } })
  const accepted: string[] = []
  let call = 0
  receiver.behave = (answer, request) => {
    const broken = [status(500), reset, status(503, { 'retry-after': '0' })][call++]
    if (broken) return broken(answer, request)
    accepted.push((JSON.parse(request.body) as Notice).change)
    accept(answer, request)
  }
  await record(journal, sampleChange('raised'), sampleChange('acknowledged', { version: 2, state: 'acknowledged' }))
  await vi.waitFor(() => expect(part.status()).toMatchObject({ state: 'degraded' }))
  expect(part.status().detail).toMatch(/2 owed/)
  await vi.waitFor(() => expect(accepted).toEqual(['raised', 'acknowledged']), 10_000)
  await vi.waitFor(async () => expect(await results(journal)).toEqual(['push.failed', 'push.sent', 'push.sent']))
  expect(part.status().state).toBe('ok')
})

test('a refused push is not repeated, does not hold up the next one and is recorded', async () => {
  const receiver = await startReceiver(status(400))
  stops.push(receiver.stop)
  const journal = new MemoryJournal()
  outbox(journal, { config: { ...config, url: receiver.url } })
  await record(journal, sampleChange('raised'), sampleChange('ended', { version: 2, state: 'normal' }))
  await vi.waitFor(async () => expect(await results(journal)).toEqual(['push.refused', 'push.refused']))
  expect(receiver.received).toHaveLength(2)
})

test('a drill, a test and a simulation are pushed only where somebody wants them, and then say what they are', async () => {
  const journal = new MemoryJournal()
  const sent: string[] = []
  const channel: NoticeSender = {
    send: ({ mode, text }) => {
      sent.push(`${mode} ${text.en.split(' ')[0]}`)
      return Promise.resolve('ok')
    },
  }
  for (const mode of ['live', 'drill', 'test', 'simulated'] as const)
    await record(journal, sampleChange('raised', { id: mode, mode }))
  const quiet = outbox(journal, { channel })
  await vi.waitFor(() => expect(sent).toEqual(['live Red']))
  await quiet.stop()
  outbox(journal, { channel, config: { ...config, modes: ['live', 'drill'] } })
  await vi.waitFor(() => expect(sent).toEqual(['live Red', 'drill [DRILL]']))
  expect(await results(journal)).toEqual(['push.sent', 'push.sent'])
})

test('a wrong key or address keeps every push, is seen as a failed channel, and all leave once it is put right', async () => {
  const clock = new ManualClock(1_767_225_600_000)
  const journal = new MemoryJournal(clock)
  let wrong = true
  let tries = 0
  const sent: string[] = []
  const channel: NoticeSender = {
    send: ({ alarm }) => {
      tries++
      if (wrong) return Promise.reject(new ChannelMisconfigured('the webhook does not know us or its address', { status: 401 }))
      sent.push(alarm.id)
      return Promise.resolve('ok')
    },
  }
  const part = outbox(journal, { channel })
  const alarms = Array.from({ length: 8 }, (_, i) => `a${i}`)
  await record(journal, ...alarms.map((id) => sampleChange('raised', { id })))
  for (let minute = 0; minute < 100; minute++) {
    clock.advance(60_000)
    await new Promise((resolve) => setTimeout(resolve, 12))
  }
  expect(part.status()).toMatchObject({
    state: 'degraded',
    detail: expect.stringMatching(/^webhook failed: .*401.*8 owed and kept/),
  })
  expect(part.status().figures).toMatchObject({ watchfire_push_channel_failed: 1 })
  // One at a time: a receiver that keeps us out is not stormed.
  expect(tries).toBeGreaterThan(8)
  expect(tries).toBeLessThan(130)
  expect(new Set(await results(journal))).toEqual(new Set(['push.failed']))
  wrong = false
  clock.advance(60_000)
  await vi.waitFor(() => expect(sent.toSorted()).toEqual(alarms), 5_000)
  expect(part.status().state).toBe('ok')
})

test('a no that is not about the notice is not believed for an hour, then it is recorded as a refusal', async () => {
  const clock = new ManualClock(1_767_225_600_000)
  const journal = new MemoryJournal(clock)
  const at: number[] = []
  outbox(journal, {
    channel: {
      send: () => {
        at.push(clock.now() - 1_767_225_600_000)
        return Promise.reject(new DeliveryRejected('the webhook said no', { status: 409 }))
      },
    },
  })
  await record(journal, sampleChange('raised'))
  await vi.waitFor(
    async () => {
      clock.advance(30_000)
      expect((await results(journal)).at(-1)).toBe('push.refused')
    },
    { timeout: 10_000, interval: 12 },
  )
  expect(at.length).toBeGreaterThan(20)
  expect(at.at(-1)! - at[0]!).toBeGreaterThanOrEqual(INSIST_MS)
})

test('a restart sends what was owed and nothing that was delivered', async () => {
  const journal = new MemoryJournal()
  const sent: string[] = []
  let broken = false
  const channel: NoticeSender = {
    send: (notice) => {
      if (broken) return Promise.reject(new DeliveryFailed('down'))
      sent.push(notice.change)
      return Promise.resolve('ok')
    },
  }
  const first = outbox(journal, { channel })
  await record(journal, sampleChange('raised'))
  await vi.waitFor(async () => expect(await results(journal)).toEqual(['push.sent']))
  broken = true
  await record(journal, sampleChange('acknowledged', { version: 2, state: 'acknowledged' }))
  await vi.waitFor(async () => expect(await results(journal)).toEqual(['push.sent', 'push.failed']))
  await first.stop()
  broken = false
  outbox(journal, { channel })
  await vi.waitFor(() => expect(sent).toEqual(['raised', 'acknowledged']))
  await vi.waitFor(async () => expect(await results(journal)).toHaveLength(3))
})

test('after a long outage the newest state of each alarm and every alarm that went red is told, not every step between', async () => {
  const clock = new ManualClock(1_767_225_600_000)
  const journal = new MemoryJournal(clock)
  const steps: [AlarmChangeEntry['change'], Parameters<typeof sampleAlarm>[0]][] = [
    ['raised', { id: 'red', level: 'yellow' }],
    ['level', { id: 'red', level: 'red' }],
    ['returned', { id: 'red', state: 'returned' }],
    ['again', { id: 'red' }],
    ['ended', { id: 'red', state: 'normal' }],
    ['raised', { id: 'yellow', level: 'yellow' }],
    ['ended', { id: 'yellow', level: 'yellow', state: 'normal' }],
  ]
  await record(journal, ...steps.map(([change, alarm]) => sampleChange(change, alarm)))
  clock.advance(STALE_MS + 1)
  const sent: string[] = []
  outbox(journal, {
    channel: {
      send: (notice) => {
        sent.push(`${notice.alarm.id} ${notice.change}`)
        return Promise.resolve('ok')
      },
    },
  })
  await vi.waitFor(async () => expect(await results(journal)).toHaveLength(7))
  expect(sent.toSorted()).toEqual(['red ended', 'red level', 'yellow ended'])
  expect(sent.indexOf('red level')).toBeLessThan(sent.indexOf('red ended'))
  const entries = await journal.readRecord(1, ['push.failed'])
  expect(entries.map((entry) => readRecordEntry(entry))).toMatchObject(
    Array(4).fill({ detail: expect.stringMatching(/^superseded by/) }),
  )
})

test('retries double to a minute and are spread over half of the delay', () => {
  expect([1, 2, 3, 7, 8, 400].map((attempts) => retryDelayMs(attempts, 1))).toEqual([1_000, 2_000, 4_000, 60_000, 60_000, 60_000])
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, random) => {
      const delay = retryDelayMs(attempts, random)
      return delay >= 500 && delay <= 60_000
    }),
  )
})

test('whatever fails and whenever: each alarm is told in the order of the record, once, and the worst alarm first', () => {
  const change = fc.record({ alarm: fc.integer({ min: 0, max: 3 }), fails: fc.integer({ min: 0, max: 3 }) })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const levels = ['red', 'orange', 'yellow', 'blue'] as const
      const queue = new PushQueue()
      const fails = new Map<number, number>()
      changes.forEach(({ alarm, fails: times }, i) => {
        const notice = {
          pos: i + 1,
          alarm: sampleAlarm({ id: `a${alarm}`, level: levels[alarm]! }),
          change: 'level',
          recordedAt: 0,
        }
        fails.set(i + 1, times)
        queue.add(notice as Notice)
        queue.add(notice as Notice)
      })
      const told: number[] = []
      for (let now = 0; queue.size > 0; now = Math.max(now, queue.nextDueAt() ?? 0)) {
        const owed = queue.take(now)
        if (!owed) continue
        const left = fails.get(owed.notice.pos)!
        fails.set(owed.notice.pos, left - 1)
        if (left > 0) queue.failed(owed, now, 0.5, 0)
        else {
          told.push(owed.notice.pos)
          queue.settle(owed.notice.pos)
        }
      }
      expect(told.toSorted((a, b) => a - b)).toEqual(changes.map((_, i) => i + 1))
      for (const id of [0, 1, 2, 3]) {
        const own = told.filter((pos) => changes[pos - 1]!.alarm === id)
        expect(own).toEqual(own.toSorted((a, b) => a - b))
      }
      if (changes.every((one) => one.fails === 0)) {
        expect(told.map((pos) => changes[pos - 1]!.alarm)).toEqual(changes.map((one) => one.alarm).toSorted())
      }
    }),
  )
})
