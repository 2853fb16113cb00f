import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ManualClock } from '../../core/clock.ts'
import { silentLog } from '../../core/log.ts'
import { GOOD } from '../../core/quality.ts'
import { BlockBuilder } from '../../core/reading.ts'
import type { AlarmChangeEntry, RecordEntry } from '../../core/record.ts'
import type { Rule } from '../../core/rule.ts'
import { Judging } from '../../alerts/judging.ts'
import { StateDb } from '../../alerts/state-db.ts'
import { blockDraft, readRecordEntry, recordDraft } from '../../journal/codec.ts'
import { MemoryJournal } from '../../journal/memory.ts'
import { aDevice, aRule, defineSeries, setDevice, T0 } from './world.ts'

const dirs: string[] = []
const running: Judging[] = []
afterEach(async () => {
  for (const judging of running.splice(0)) await judging.stop()
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true })
})
const folder = () => {
  const dir = mkdtempSync(join(tmpdir(), 'watchfire-alerts-'))
  dirs.push(dir)
  return dir
}

const soon = async (fits: () => boolean | Promise<boolean>) => {
  for (let i = 0; i < 300; i++) {
    if (await fits()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('it did not come about within 3 s')
}

/** A platform of journal and alerts with one gas detector. */
class Stand {
  readonly clock = new ManualClock(T0)
  readonly journal = new MemoryJournal(this.clock)
  dir = folder()
  packsDir: string | null = null
  judging!: Judging

  async start(openState = (file: string) => new StateDb(file)): Promise<this> {
    this.judging = new Judging({
      config: { dataDir: this.dir, packsDir: this.packsDir },
      journal: this.journal,
      log: silentLog,
      openState,
    })
    running.push(this.judging)
    await this.judging.state()
    return this
  }

  async stop(): Promise<void> {
    running.splice(running.indexOf(this.judging), 1)
    await this.judging.stop()
  }

  async devices(count = 1): Promise<void> {
    for (let i = 1; i <= count; i++) {
      const id = `GAS-${i}`
      await this.say(setDevice(aDevice({ id, name: id })), defineSeries(i, 'combustibleLel', id))
    }
  }

  async say(...entries: RecordEntry[]): Promise<number> {
    return (await this.journal.append(entries.map((entry) => recordDraft(entry))))[0]!
  }

  /** One reading a second later. */
  async reading(value: number, series = 1): Promise<number> {
    this.clock.advance(1000)
    const builder = new BlockBuilder(1)
    builder.add(series, this.clock.now(), this.clock.now(), value, GOOD)
    return (await this.journal.append([blockDraft(builder.take(), 1)]))[0]!
  }

  async changes(): Promise<AlarmChangeEntry[]> {
    const entries = await this.journal.readRecord(1, ['alarm.changed'])
    return entries.map((entry) => readRecordEntry(entry) as AlarmChangeEntry)
  }

  story = async () => (await this.changes()).map(({ change, alarm, at }) => [alarm.deviceId, change, alarm.level, at - T0])

  /** Judged and recorded. */
  async settled(changes: number): Promise<void> {
    await soon(async () => (await this.changes()).length >= changes)
    await this.judging.alarms({ mode: 'live', limit: 1 }, this.journal.head())
  }

  all = () => this.judging.alarms({ mode: 'live', limit: 1000 }, this.journal.head())

  async rule(id: string): Promise<Rule | undefined> {
    const { rules } = await this.judging.rules(this.journal.head())
    return rules.find((rule) => rule.id === id)
  }
}

test('a reading over the limit becomes a recorded change that names its rule, limit and source', async () => {
  const stand = await new Stand().start()
  await stand.devices()
  const pos = await stand.reading(30)
  await stand.settled(1)
  const [change] = await stand.changes()
  expect(change).toMatchObject({
    change: 'raised',
    causePos: pos,
    alarm: { ruleId: 'gas.combustible', ruleVersion: 1, level: 'yellow', limitName: 'H', limit: 25, value: 30, causes: [pos] },
  })
  expect(change!.alarm.limitSource).toContain('GB/T 50493-2019 5.5.2')
  expect(change!.alarm.message.zh).toBe('GAS-1 可燃气体 30 %LEL，达到H限值 25 %LEL')
  expect((await stand.all()).alarms).toEqual([change!.alarm])
})

test('an acknowledged action is answered in the record, seen by the next question and stands in the timeline', async () => {
  const stand = await new Stand().start()
  await stand.devices()
  await stand.reading(30)
  await stand.settled(1)
  const [{ alarm }] = (await stand.changes()) as [AlarmChangeEntry]
  const action = { kind: 'action', alarmId: alarm.id, action: 'acknowledge', version: 1, by: 'p1', comment: null } as const
  const pos = await stand.say({ ...action, idempotencyKey: null })
  await stand.settled(2)
  expect((await stand.changes())[1]).toMatchObject({ causePos: pos, by: 'p1', alarm: { state: 'acknowledged', version: 2 } })
  expect((await stand.judging.alarm(alarm.id, stand.journal.head()))?.state).toBe('acknowledged')
  await stand.say({ ...action, idempotencyKey: null })
  await soon(async () => (await stand.journal.readRecord(1, ['action.refused'])).length === 1)
  const timeline = await stand.judging.timeline(alarm.id, stand.journal.head())
  expect(timeline.map(({ type, entry }) => `${type} ${entry.kind}`)).toEqual([
    'change alarm.changed',
    'action action',
    'change alarm.changed',
    'action action',
    'action action.refused',
  ])
})

test('after a stop and a start everything is as it was and nothing is raised again', async () => {
  const stand = await new Stand().start()
  await stand.devices()
  await stand.reading(30)
  await stand.settled(1)
  const before = await stand.judging.state()
  await stand.stop()
  await stand.start()
  const after = await stand.judging.state()
  expect({ ...after, pos: 0 }).toEqual({ ...before, pos: 0 })
  await stand.reading(55)
  await stand.settled(2)
  expect(await stand.story()).toEqual([
    ['GAS-1', 'raised', 'yellow', 1000],
    ['GAS-1', 'level', 'red', 2000],
  ])
})

test('killed at any moment and started from what was on disk: no alarm is lost, doubled or re-timed', async () => {
  const stand = await new Stand().start()
  await stand.devices(20)
  const values = [30, 1, 60, 24, 1, 30, 55, 1, 26, 80]
  const left: string[] = []
  for (let round = 0; round < 10; round++) {
    for (let i = 1; i <= 20; i++) await stand.reading(values[(round + i) % values.length]!, i)
    if (round % 3 === 0) stand.clock.advance(6000)
    await stand.judging.alarms({ mode: 'live', limit: 1 }, stand.journal.head())
    // What a kill leaves behind: the files as they are, without what was not committed.
    const copy = folder()
    cpSync(stand.dir, copy, { recursive: true })
    left.push(copy)
  }
  const end = stand.clock.now() + 100_000
  stand.clock.set(end)
  await stand.judging.alarms({ mode: 'live', limit: 1 }, stand.journal.head())
  await new Promise((resolve) => setTimeout(resolve, 100))
  await stand.stop()
  const told = await stand.changes()
  const keys = (await stand.journal.readRecord(1, ['alarm.changed'])).map(({ key }) => key)
  expect(new Set(keys).size).toBe(told.length)
  expect(told.length).toBeGreaterThan(50)
  const final = new Map(told.map(({ alarm }) => [alarm.id, alarm]))
  for (const dir of left) {
    stand.dir = dir
    await stand.start()
    expect(await stand.changes()).toEqual(told)
    const { alarms } = await stand.all()
    expect(new Map(alarms.map((alarm) => [alarm.id, alarm]))).toEqual(final)
    await stand.stop()
  }
})

test('alarms are paged newest first, by device, level and time', async () => {
  const stand = await new Stand().start()
  await stand.devices(5)
  for (let i = 1; i <= 5; i++) await stand.reading(i === 3 ? 60 : 30, i)
  await stand.settled(5)
  const ask = (query: object) => stand.judging.alarms({ mode: 'live', limit: 2, ...query }, stand.journal.head())
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await ask(cursor === undefined ? {} : { cursor })
    seen.push(...page.alarms.map(({ deviceId }) => deviceId))
    cursor = page.next
  } while (cursor !== undefined)
  expect(seen).toEqual(['GAS-5', 'GAS-4', 'GAS-3', 'GAS-2', 'GAS-1'])
  expect((await ask({ level: 'red' })).alarms.map(({ deviceId }) => deviceId)).toEqual(['GAS-3'])
  expect((await ask({ device: 'GAS-2' })).alarms).toHaveLength(1)
  expect((await ask({ from: T0 + 4000, to: T0 + 5000 })).alarms.map(({ deviceId }) => deviceId)).toEqual(['GAS-4'])
  expect((await ask({ mode: 'drill' })).alarms).toEqual([])
  await expect(ask({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'bad-cursor' })
})

const sitePack = (above: number | string) => `pack: site
rules:
  - id: gas.combustible
    type: threshold
    metric: combustibleLel
    limits:
      - { name: H, above: ${above}, level: yellow }
    source: site approval 7
    title: { zh: 可燃气体, en: Combustible gas }
    message: { zh: '{device} {value}', en: '{device} {value}' }
`

test('a pack changed on disk is in force at once, one with an error is shown and changes nothing', async () => {
  const stand = new Stand()
  stand.packsDir = folder()
  await stand.start()
  expect(await stand.rule('gas.combustible')).toMatchObject({ version: 1, origin: 'pack' })
  const file = join(stand.packsDir, 'site.yaml')
  writeFileSync(file, sitePack(18))
  await soon(async () => (await stand.rule('gas.combustible'))?.version === 2)
  expect(await stand.rule('gas.combustible')).toMatchObject({
    limits: [{ name: 'H', above: 18 }],
    deadband: 2,
    offDelayMs: 30_000,
  })
  writeFileSync(file, sitePack('high'))
  await soon(async () => (await stand.judging.rules(stand.journal.head())).faults.length > 0)
  const { rules, faults } = await stand.judging.rules(stand.journal.head())
  expect(faults).toMatchObject([{ file: 'site.yaml', line: 7, reason: expect.stringContaining('limits.0.above') as unknown }])
  expect(rules.find(({ id }) => id === 'gas.combustible')).toMatchObject({ version: 2 })
  expect(stand.judging.status()).toMatchObject({ state: 'degraded' })
  const [refused] = await stand.journal.readRecord(1, ['pack.refused'])
  expect(readRecordEntry(refused!)).toMatchObject({ file: 'site.yaml', line: 7 })
  // Not even a start in this condition takes the site's limit away.
  await stand.stop()
  await stand.start()
  expect(await stand.rule('gas.combustible')).toMatchObject({ version: 2 })
  rmSync(file)
  await soon(async () => (await stand.rule('gas.combustible'))?.version === 3)
  expect((await stand.judging.rules(stand.journal.head())).faults).toEqual([])
  expect(await stand.rule('gas.combustible')).toMatchObject({ limits: [{ above: 25 }, { above: 50 }] })
})

test('starting again records nothing new while the packs are what they were', async () => {
  const stand = await new Stand().start()
  const head = stand.journal.head()
  await stand.stop()
  await stand.start()
  expect(stand.journal.head()).toBe(head)
})

test("a person's rule stands over the pack until it is taken back, then the pack's is a version of its own", async () => {
  const stand = await new Stand().start()
  const pack = (await stand.rule('gas.combustible'))!
  const mine = { id: pack.id, type: 'threshold', metric: 'combustibleLel', limits: [{ name: 'H', above: 10, level: 'red' }] }
  await stand.say({ kind: 'rule.set', rule: { ...mine, version: 2, origin: 'person' } as unknown as Rule, by: 'p1' })
  expect(await stand.rule(pack.id)).toMatchObject({ ...mine, origin: 'person', message: pack.message, latching: true })
  await stand.stop()
  await stand.start()
  expect(await stand.rule(pack.id)).toMatchObject({ version: 2, origin: 'person' })
  await stand.say({ kind: 'rule.removed', ruleId: pack.id, version: 2, by: 'p1' })
  await soon(async () => (await stand.rule(pack.id))?.version === 3)
  expect(await stand.rule(pack.id)).toEqual({ ...pack, version: 3 })
})

test('a rule that makes no sense is refused with the field it is about', async () => {
  const stand = await new Stand().start()
  const good = { id: 'mine', type: 'threshold', metric: 'levelM', limits: [{ name: 'H', above: 3, level: 'red' }], version: 0 }
  const check = (over: object) => stand.judging.checkRule({ ...good, ...over })
  expect(check({})).toBeNull()
  expect(check({ applies: { kind: 'tank-level' } })).toBeNull()
  expect(check({ limits: [{ name: 'H', above: 'much', level: 'red' }] })).toMatchObject({ path: '/limits/0/above' })
  expect(check({ limits: [] })).toMatchObject({ path: '/limits' })
  expect(check({ type: 'magic' })).toMatchObject({ path: '/type' })
  expect(check({ metric: undefined })).toMatchObject({ path: '/metric' })
  expect(check({ onDelay: 5 })).toMatchObject({ path: '/onDelay' })
  expect(check({ applies: { planet: 'x' } })).toMatchObject({ path: '/applies/planet' })
  expect(stand.judging.checkRule('x')).toMatchObject({ path: '' })
})

test('a question for a position nobody has reached yet says so within two seconds', async () => {
  const stand = await new Stand().start()
  await expect(stand.judging.alarm('a1', stand.journal.head() + 5)).rejects.toMatchObject({ code: 'catching-up' })
})

/** The disk as the database sees it: full for the first so many saves. */
class FullDisk extends StateDb {
  static refusals = 0

  override save(...of: Parameters<StateDb['save']>): void {
    if (FullDisk.refusals-- > 0)
      throw Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 })
    super.save(...of)
  }
}

test('a full disk under state.db stops no judging for good: it goes back to what was saved and decides the same again', async () => {
  const stand = await new Stand().start((file) => new FullDisk(file))
  await stand.devices()
  await stand.reading(30)
  await stand.settled(1)
  FullDisk.refusals = 1
  stand.clock.advance(6000)
  await stand.reading(60)
  await soon(() => stand.judging.status().state === 'down')
  await soon(() => stand.judging.status().state === 'ok')
  await stand.reading(1)
  await stand.settled(2)
  const limits = (await stand.changes()).filter(({ alarm }) => alarm.ruleId === 'gas.combustible')
  expect(limits.map(({ change, alarm, at }) => [alarm.deviceId, change, alarm.level, at - T0])).toEqual([
    ['GAS-1', 'raised', 'yellow', 1000],
    ['GAS-1', 'level', 'red', 8000],
  ])
  expect((await stand.all()).alarms.filter(({ ruleId }) => ruleId === 'gas.combustible')).toMatchObject([
    { level: 'red', version: 2 },
  ])
})

test('pushes go on asking for their place while state.db cannot be written, and that ends nothing', async () => {
  const stand = await new Stand().start((file) => new FullDisk(file))
  await stand.devices()
  FullDisk.refusals = 1
  stand.clock.advance(6000)
  await stand.reading(30)
  await soon(() => stand.judging.status().state === 'down')
  // The outbox follows the journal by itself and notes its place with every batch.
  stand.judging.setPushCursor(stand.journal.head())
  await soon(() => stand.judging.status().state === 'ok')
  expect(stand.judging.pushCursor()).toBeNull()
  stand.judging.setPushCursor(7)
  expect(stand.judging.pushCursor()).toBe(7)
})

test('where vehicles are and who has voted outlives a stop: what began before is completed after', async () => {
  const stand = await new Stand().start()
  const zone = { id: 'Z1', siteId: null, enterpriseId: 'E1', name: 'Z1', retiredAt: null }
  const gas = ['A', 'B'].map((id) => aDevice({ id, zoneId: 'Z1' }))
  const own = {
    metric: undefined,
    limits: undefined,
    deadband: undefined,
    onDelayMs: undefined,
    offDelayMs: undefined,
    applies: {},
  }
  const rule = (id: string, type: string, options: object) =>
    ({
      kind: 'rule.set',
      rule: JSON.parse(JSON.stringify({ ...aRule({ origin: 'person' }), ...own, id, type, ...options })) as Rule,
      by: 'p1',
    }) as const
  await stand.say(
    { kind: 'registry.changed', entity: 'zone', row: zone, before: null, by: 'test' },
    ...gas.map(setDevice),
    setDevice(aDevice({ id: 'V', kind: 'vehicle' })),
    ...[defineSeries(1, 'combustibleLel', 'A'), defineSeries(2, 'combustibleLel', 'B')],
    ...[defineSeries(3, 'latitude', 'V'), defineSeries(4, 'longitude', 'V')],
    rule('test.vote', 'voting', { conditions: [{ metric: 'combustibleLel', above: 20 }], votes: [{ atLeast: 2, level: 'red' }] }),
    rule('test.stay', 'geofence', {
      ...{ level: 'orange', when: 'dwell', stayMs: 40_000 },
      fences: [{ id: 'f', shape: { circle: [121, 29], radiusM: 500 } }],
    }),
  )
  const parked = async () => {
    stand.clock.advance(20_000)
    const builder = new BlockBuilder(2)
    builder.add(3, stand.clock.now(), stand.clock.now(), 29, GOOD)
    builder.add(4, stand.clock.now(), stand.clock.now(), 121, GOOD)
    await stand.journal.append([blockDraft(builder.take(), 2)])
  }
  await stand.reading(21, 1)
  await parked()
  await stand.stop()
  await stand.start()
  await parked()
  await stand.reading(22, 2)
  await parked()
  const story = async () =>
    (await stand.changes()).filter(({ alarm }) => alarm.ruleId.startsWith('test.')).map(({ alarm }) => alarm.subject)
  await soon(async () => (await story()).length >= 2)
  expect(await story()).toEqual(['zone:Z1', 'V'])
})

test('a lost state.db is built again from the journal, to the same alarms', async () => {
  const stand = await new Stand().start()
  await stand.devices(3)
  for (let i = 1; i <= 3; i++) await stand.reading(60, i)
  await stand.settled(3)
  const before = await stand.all()
  await stand.stop()
  stand.dir = join(folder(), 'new')
  mkdirSync(stand.dir)
  await stand.start()
  expect(await stand.all()).toEqual(before)
  expect((await stand.changes()).length).toBe(3)
})
