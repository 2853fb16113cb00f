import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { alarmStates } from '../../core/alarm.ts'
import { ManualClock } from '../../core/clock.ts'
import { levels } from '../../core/level.ts'
import type { Snapshot } from '../../core/live.ts'
import { silentLog } from '../../core/log.ts'
import type { Mode } from '../../core/mode.ts'
import { GOOD } from '../../core/quality.ts'
import { BlockBuilder, readBlock } from '../../core/reading.ts'
import type { RecordEntry } from '../../core/record.ts'
import type { Device } from '../../core/registry.ts'
import { Scope } from '../../dashboards/live-scope.ts'
import { LiveState } from '../../dashboards/live-state.ts'
import { inOrder } from '../../dashboards/replay/drawing.ts'
import { momentOf } from '../../dashboards/replay/moment-text.ts'
import { Past } from '../../dashboards/replay/past.ts'
import type { Replays } from '../../dashboards/replay/question.ts'
import { ReplayThread } from '../../dashboards/replay/thread.ts'
import { noLimits, Sight } from '../../dashboards/sight.ts'
import { knownAt } from '../../ingest/known-at.ts'
import { EmbeddedStore } from '../../ingest/stores/embedded.ts'
import { blockDraft, connectionDraft, readConnection, readRecordEntry, recordDraft } from '../../journal/codec.ts'
import { Directory } from '../../journal/directory.ts'
import { openJournal, type EmbeddedJournal } from '../../journal/embedded.ts'
import type { Draft } from '../../journal/journal.ts'
import { placeBefore } from '../../journal/moments.ts'
import type { ThreadedJournal } from '../../journal/thread.ts'
import { ADMIN_PASSWORD, anAlarm, Stage } from './stage.ts'

const START = Date.UTC(2026, 2, 20)
const HOUR = 3_600_000
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const views = [
  { mode: 'live' as Mode, enterpriseId: null, sight: noLimits },
  { mode: 'test' as Mode, enterpriseId: null, sight: noLimits },
  { mode: 'live' as Mode, enterpriseId: 'e-1', sight: { ...noLimits, enterpriseId: 'e-1' } },
  { mode: 'live' as Mode, enterpriseId: null, sight: { ...noLimits, regions: ['990102'] } },
]
type Captured = { at: number; view: (typeof views)[number]; snapshot: Snapshot }

/** A platform's journal with the live state and the history behind it, and what its walls were sent. */
class Recorded {
  readonly clock = new ManualClock(START)
  readonly captured: Captured[] = []
  readonly directory = new Directory()
  readonly connected = new Set<string>()
  readonly live = new LiveState(this.directory, (id) => this.connected.has(id))
  readonly dir: string
  readonly store: EmbeddedStore
  journal!: EmbeddedJournal
  #next = 1

  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'watchfire-replay-'))
    this.store = EmbeddedStore.open({ dataDir: this.dir })
  }

  static async open(): Promise<Recorded> {
    const recorded = new Recorded()
    await recorded.openJournal()
    ends.push(async () => {
      await recorded.journal.stop()
      recorded.store.close()
      rmSync(recorded.dir, { recursive: true, force: true })
    })
    await recorded.append({ kind: 'platform.started', version: '0', mode: 'live' })
    for (const [id, region] of [
      ['e-1', '990101'],
      ['e-2', '990102'],
    ] as const)
      await recorded.append({
        ...{ kind: 'registry.changed', by: 'admin', before: null, entity: 'enterprise' },
        row: { id, name: id, region, sector: null, createdAt: 1, retiredAt: null },
      } as RecordEntry)
    return recorded
  }

  async openJournal(): Promise<void> {
    const { clock, dir } = this
    this.journal = await openJournal({
      ...{ dir, cursors: [], log: silentLog, segmentBytes: 6_000, maxAgeMs: HOUR },
      ...{ wallClock: clock, monotonic: () => clock.now() },
    })
  }

  /** All that is left of the older segments is their record. */
  async forgetReadings(): Promise<void> {
    await this.journal.stop()
    this.clock.advance(2 * HOUR)
    await this.openJournal()
    await expect.poll(() => this.journal.tail(), { timeout: 10_000, interval: 50 }).toBeGreaterThan(1)
  }

  append(...entries: RecordEntry[]): Promise<void> {
    return this.write(...entries.map((entry) => recordDraft(entry)))
  }

  async write(...drafts: Draft[]): Promise<void> {
    await this.journal.append(drafts)
    const { entries, next } = await this.journal.read(this.#next)
    this.#next = next
    for (const entry of entries) {
      if (entry.stream === 'record') this.directory.apply(entry)
      if (entry.kind === 'platform.started') this.connected.clear()
      if (entry.kind === 'connection') {
        const { deviceId, connected } = readConnection(entry)
        if (connected) this.connected.add(deviceId)
        else this.connected.delete(deviceId)
      }
      if (entry.kind === 'block') {
        this.store.define(this.directory.series.all())
        this.store.write(readBlock(entry.payload), () => undefined)
      }
      this.live.apply(entry)
    }
  }

  device(id: string, changes: Partial<Device> = {}): Promise<void> {
    const row: Device = {
      ...{ id, enterpriseId: id < 'd-3' ? 'e-1' : 'e-2', kind: 'gas-detector', name: id, mode: id === 'd-4' ? 'test' : 'live' },
      ...{ zoneId: null, latitude: null, longitude: null, attributes: {}, terminalPhone: null, unitAddress: null, serial: null },
      ...{ tokenHash: '', demo: false, createdAt: 1, retiredAt: null },
      ...changes,
    }
    return this.append({ kind: 'registry.changed', by: 'admin', before: null, entity: 'device', row })
  }

  reading(device: string, metric: string, value: number, measuredAt: number): Promise<void> {
    const mode: Mode = device === 'd-4' ? 'test' : 'live'
    const known = this.directory.series.find(mode, device, metric)
    const series = known ?? { id: this.directory.series.all().length + 1, mode, device, metric }
    const block = new BlockBuilder()
    block.add(series.id, measuredAt, this.clock.now(), value, GOOD)
    const drafts = known ? [] : [recordDraft({ kind: 'series.defined', series: [series] })]
    return this.write(...drafts, blockDraft(block.take(), 1))
  }

  /** What every wall is sent now. */
  capture(): void {
    const at = this.clock.now()
    while (this.live.look(at).length > 0);
    for (const view of views) {
      const { mode, enterpriseId, sight } = view
      const frame = { epoch: 'replay', jurisdiction: 'j', zone: 'UTC' }
      const { registry } = this.directory
      const { text } = new Scope(mode, enterpriseId, this.live, registry, frame, new Sight(sight, registry)).snapshot(at, null)
      this.captured.push({ at, view, snapshot: (JSON.parse(text.slice(text.indexOf('['))) as [string, Snapshot])[1] })
    }
    this.clock.advance(1)
  }

  past(windowBytes: number): Past {
    return new Past({
      dir: this.journal.dir,
      knownAt: async ({ mode, at, seriesBelow }) => {
        const series = this.directory.series.all().filter((one) => one.mode === mode && one.id < seriesBelow)
        return { readings: await knownAt(this.store, series, mode, at), keptSince: 0 }
      },
      elapsedMs: () => 0,
      windowBytes,
    })
  }

  ask(past: Past, at: number, view: (typeof views)[number]) {
    return past.wallAt({ at, ...view, jurisdiction: 'j', zone: 'UTC', throughPos: this.journal.head() })
  }
}

type Step = { afterMs: number; what: number; device: number; a: number; b: number; lateMs: number; captured: boolean }
const steps = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40_000 })),
    what: fc.integer({ min: 0, max: 11 }),
    device: fc.integer({ min: 1, max: 4 }),
    a: fc.nat(7),
    b: fc.nat(7),
    lateMs: fc.oneof(fc.constant(0), fc.integer({ min: -120_000, max: 600_000 })),
    captured: fc.boolean(),
  }),
  { minLength: 40, maxLength: 90 },
)

/** `plain`: nothing late and no links, of which history alone knows less than walls did. */
async function run(recorded: Recorded, list: Step[], plain: boolean): Promise<void> {
  let n = 0
  for (const { afterMs, what, device: number, a, b, lateMs, captured } of list) {
    recorded.clock.advance(afterMs)
    const device = `d-${number}`
    const now = recorded.clock.now()
    n++
    if (what <= 4) {
      await recorded.reading(device, a < 5 ? 'combustibleLel' : 'toxicPpm', n, plain ? now : now - lateMs)
    } else if (what <= 6) {
      const mode: Mode = device === 'd-4' ? 'test' : 'live'
      const state = alarmStates[(a + b) % alarmStates.length]!
      const enterpriseId = device < 'd-3' ? 'e-1' : 'e-2'
      const changes = { mode, enterpriseId, deviceId: device, level: levels[a % 4]!, state, version: n }
      const alarm = { ...anAlarm(`a-${b % 4}-${number}`), ...changes }
      await recorded.append({
        kind: 'alarm.changed',
        change: 'raised',
        alarm,
        causePos: 1,
        at: now,
        by: 'platform',
        comment: null,
      })
    } else if (what === 7) {
      await recorded.device(device, { name: `${device} ${n}`, retiredAt: a === 7 ? now : null })
    } else if (what === 8 && !plain) {
      await recorded.write(connectionDraft({ deviceId: device, connected: a < 5, at: now, reason: 'mqtt' }))
    } else if (what === 9) {
      const enterpriseId = a < 4 ? 'e-1' : 'e-2'
      const id = `enterprise:${enterpriseId}`
      const risk = { id, subject: 'enterprise' as const, mode: 'live' as Mode, enterpriseId, index: b, colour: 'blue' as const }
      await recorded.append({
        ...{ kind: 'risk.changed', contributions: [] },
        risk: { ...risk, atLeast: false, since: now, weightsVersion: 1 },
      })
    } else if (what === 10) {
      await recorded.append({
        ...{ kind: 'window.declared', by: 'u1' },
        window: {
          ...{
            id: `w-${n}`,
            kind: 'calibration',
            enterpriseId: 'e-1',
            points: [{ device, metric: null }],
            rules: [],
            reason: 'r',
          },
          ...{ from: now, until: now + 60_000, byEnterprise: false },
        },
      } as RecordEntry)
    } else if (!plain) {
      await recorded.append(a < 4 ? { kind: 'platform.stopped' } : { kind: 'platform.started', version: '0', mode: 'live' })
    }
    if (captured) recorded.capture()
  }
}

const shuffled = <T>(list: readonly T[], seed: number): T[] =>
  list
    .map((one, i) => ({ one, key: Math.sin(seed + i * 12.9898) }))
    .sort((x, y) => x.key - y.key)
    .map(({ one }) => one)

async function expectReplayed(recorded: Recorded, past: Past, seed: number): Promise<void> {
  for (const { at, view, snapshot } of shuffled(recorded.captured, seed)) {
    const moment = await recorded.ask(past, at, view)
    // `seq` counts what one connection was sent.
    expect(JSON.stringify(moment.snapshot)).toBe(JSON.stringify(inOrder({ ...snapshot, seq: 0 })))
  }
}

test('what a wall showed is shown again byte for byte, in whatever order moments are asked for', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(), async (list, seed) => {
      const recorded = await Recorded.open()
      await run(recorded, list, false)
      await expectReplayed(recorded, recorded.past(1 << 30), seed)
    }),
    { numRuns: 8 },
  )
}, 60_000)

test('a moment is reached from the record and history alone where the journal before it is not read, or is gone', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(), async (list, seed) => {
      const recorded = await Recorded.open()
      await run(recorded, list, true)
      await expectReplayed(recorded, recorded.past(0), seed)
    }),
    { numRuns: 5 },
  )
  const recorded = await Recorded.open()
  await run(recorded, fc.sample(steps, { numRuns: 1, seed: 7 })[0]!, true)
  await recorded.forgetReadings()
  const gone = recorded.captured.filter(({ at }) => placeBefore(recorded.journal.dir, at, 0) === null)
  expect(gone.length).toBeGreaterThan(10)
  const past = recorded.past(1 << 30)
  expect((await recorded.ask(past, gone[0]!.at, views[0]!)).source).toBe('history')
  await expectReplayed(recorded, past, 1)
}, 60_000)

test('a reading that came late is not shown before it came', async () => {
  const recorded = await Recorded.open()
  await recorded.device('d-1')
  await recorded.reading('d-1', 'combustibleLel', 1, START)
  recorded.clock.set(START + 60_000)
  await recorded.reading('d-1', 'combustibleLel', 9, START + 20_000)
  const shown = async (at: number, windowBytes: number) =>
    (await recorded.ask(recorded.past(windowBytes), at, views[0]!)).snapshot.readings.map(([, , value]) => value)
  recorded.clock.advance(1)
  expect(await shown(START + 59_999, 1 << 30)).toEqual([1])
  expect(await shown(START + 60_000, 1 << 30)).toEqual([9])
  const known = async (at: number) =>
    (await knownAt(recorded.store, recorded.directory.series.all(), 'live', at)).map((one) => one.value)
  expect([await known(START - 1), await known(START + 59_999), await known(START + 60_000)]).toEqual([[], [1], [9]])
})

test('values known at a moment are those the live view had, however late or ahead of time others came', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(), async (list, seed) => {
      const recorded = await Recorded.open()
      await run(recorded, list, false)
      const past = recorded.past(0)
      for (const { at, view, snapshot } of shuffled(recorded.captured, seed).slice(0, 40)) {
        const moment = await recorded.ask(past, at, view)
        expect(moment.snapshot.readings).toEqual(inOrder(snapshot).readings)
      }
    }),
    { numRuns: 5 },
  )
}, 60_000)

test('the same moment is the same picture: its hash does not depend on the way to it', async () => {
  const recorded = await Recorded.open()
  await run(recorded, fc.sample(steps, { numRuns: 1, seed: 3 })[0]!, false)
  const past = recorded.past(1 << 30)
  const at = recorded.captured[5]!.at
  const first = (await recorded.ask(past, at, views[0]!)).sha256
  await recorded.ask(past, recorded.captured.at(-1)!.at, views[0]!)
  expect((await recorded.ask(past, at, views[0]!)).sha256).toBe(first)
  expect((await recorded.ask(recorded.past(1 << 30), at, views[0]!)).sha256).toBe(first)
})

test('a moment at which the platform did not run says since when, also when it was killed', async () => {
  const recorded = await Recorded.open()
  await recorded.device('d-1')
  recorded.clock.set(START + 10_000)
  await recorded.append({ kind: 'platform.stopped' })
  recorded.clock.set(START + 60_000)
  await recorded.append({ kind: 'platform.started', version: '0', mode: 'live' })
  recorded.clock.set(START + 70_000)
  await recorded.reading('d-1', 'combustibleLel', 1, START + 70_000)
  recorded.clock.set(START + 120_000)
  await recorded.append({ kind: 'platform.started', version: '0', mode: 'live' })
  recorded.clock.advance(1)
  const past = recorded.past(1 << 30)
  const down = async (at: number) => (await recorded.ask(past, START + at, views[0]!)).downSince
  expect(await down(9_000)).toBeNull()
  expect(await down(30_000)).toBe(START + 10_000)
  expect(await down(65_000)).toBeNull()
  expect(await down(100_000)).toBe(START + 70_000)
  expect(await down(120_000)).toBeNull()
  await expect(recorded.ask(past, START - 1, views[0]!)).rejects.toThrow('nothing had been recorded by then')
})

test('the next and the last change of an alarm are found, each only of what one may see', async () => {
  const recorded = await Recorded.open()
  const change = async (id: string, enterpriseId: string) => {
    recorded.clock.advance(5 * HOUR)
    const at = recorded.clock.now()
    const alarm = { ...anAlarm(id), enterpriseId }
    await recorded.append({ kind: 'alarm.changed', change: 'raised', alarm, causePos: 1, at, by: 'platform', comment: null })
    return at
  }
  const a = await change('a-1', 'e-1')
  const b = await change('a-2', 'e-2')
  const c = await change('a-3', 'e-1')
  recorded.clock.advance(HOUR)
  const past = recorded.past(1 << 30)
  const near = (direction: 'next' | 'previous', at: number, view = views[0]!) =>
    past.changeNear({ at, direction, ...view, throughPos: recorded.journal.head() })
  expect([await near('next', START), await near('next', a), await near('next', c)]).toEqual([a, b, null])
  expect([await near('previous', c + HOUR), await near('previous', c), await near('previous', a)]).toEqual([c, b, null])
  expect([await near('next', a, views[2]), await near('next', START, views[3]), await near('previous', c, views[2])]).toEqual([
    c,
    b,
    a,
  ])
})

test('a moment is written with or without an offset, or as milliseconds; what is none is told apart', () => {
  const at = Date.UTC(2026, 2, 21, 6, 48, 5)
  for (const text of [
    '2026-03-21 14:48:05',
    '2026-03-21T14:48:05+08:00',
    '2026-03-21T06:48:05Z',
    '2026-03-21T14:48:05 08:00',
    String(at),
  ])
    expect([text, momentOf(text.replace('05 08', '05+08'), 'Asia/Shanghai')]).toEqual([text, at])
  for (const text of ['', '03:12', 'yesterday', '2026-02-31 10:00', '2026-13-01 10:00', '2026-03-21 25:00', '12', '1e12'])
    expect(() => momentOf(text, 'UTC'), text).toThrow('at is no time')
})

test('who may not look back, or asks for no moment that was, is told so; a look is recorded once', async () => {
  const asked: object[] = []
  const replays: Replays = {
    wallAt: (question) => (asked.push(question), Promise.resolve(new TextEncoder().encode('{}'))),
    changeNear: () => Promise.resolve(null),
    reached: () => undefined,
    stop: () => Promise.resolve(),
  }
  const stage = await Stage.start({}, { replays })
  ends.push(() => stage.stop())
  const now = Date.now()
  const call = async (path: string, as = 'admin') => {
    const { status, body } = await stage.call('GET', `/api/v1${path}`, undefined, { as })
    return [status, body?.error?.code]
  }
  expect(await call(`/wall?at=${now - 1_000}`, '')).toEqual([401, 'not-logged-in'])
  expect(await call(`/wall?at=${now + 60_000}`)).toEqual([400, 'in-the-future'])
  expect(await call('/wall?at=yesterday')).toEqual([400, 'unreadable-time'])
  expect(await call('/wall')).toEqual([400, 'invalid'])
  const screen = { 'x-watchfire-wall': 'a1b2c3d4e5f6', origin: stage.url }
  const pairing = await stage.ask('POST', '/api/v1/pairing', undefined, screen)
  await stage.call('POST', `/api/v1/pairing/${pairing.body.code}/approve`, { name: '指挥大厅' })
  const wall = { ...screen, cookie: pairing.headers.get('set-cookie')!.split(';')[0]! }
  for (const path of ['/wall?', '/wall/change?direction=next&'])
    expect((await stage.ask('GET', `/api/v1${path}at=${now - 1_000}`, undefined, wall)).status, path).toBe(403)
  const region = '990101'
  await stage.call('POST', '/api/v1/users', { username: 'part', password: ADMIN_PASSWORD, role: 'viewer', regions: [region] })
  expect(await call(`/wall?at=${now - 1_000}&enterpriseId=e-9`, 'part')).toEqual([404, 'not-found'])
  expect(await call(`/wall?at=${now - 60_000}`, 'part')).toEqual([200, undefined])
  expect(await call(`/wall?at=${now - 70_000}`, 'part')).toEqual([200, undefined])
  expect(asked[0]).toMatchObject({ at: now - 60_000, sight: { enterpriseId: null, regions: [region], sectors: [] } })
  const looks = (await stage.journal.readRecord(1, ['wall.viewed'])).map((entry) => readRecordEntry(entry))
  expect(looks).toMatchObject([{ at: now - 60_000, mode: 'live', enterpriseId: null }])
})

test('a fifth who wants to look back is told that others are before them', async () => {
  vi.useFakeTimers()
  try {
    const thread = new ReplayThread({ journal: {} as ThreadedJournal, history: () => ({}), log: silentLog })
    const question = { at: START, ...views[0]!, jurisdiction: 'j', zone: 'UTC' }
    const asked = Array.from({ length: 5 }, () => thread.wallAt(question).catch((error: { code: string }) => error.code))
    await vi.advanceTimersByTimeAsync(20_000)
    expect(await Promise.all(asked)).toEqual([...Array.from({ length: 4 }, () => 'catching-up'), 'busy'])
  } finally {
    vi.useRealTimers()
  }
})
