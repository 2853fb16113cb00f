import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alarmStates, type Alarm } from '../../core/alarm.ts'
import { levels } from '../../core/level.ts'
import type { Change, Readings, Snapshot } from '../../core/live.ts'
import type { Mode } from '../../core/mode.ts'
import { GOOD } from '../../core/quality.ts'
import { BlockBuilder } from '../../core/reading.ts'
import type { RecordEntry } from '../../core/record.ts'
import type { Device } from '../../core/registry.ts'
import type { LiveMessage } from '../../dashboards/live-message.ts'
import { Scope } from '../../dashboards/live-scope.ts'
import { LiveState } from '../../dashboards/live-state.ts'
import {
  countLevels,
  fromSnapshot,
  withChanges,
  withReadings,
  type LiveState as Screen,
} from '../../dashboards/web/live-state.ts'
import { blockDraft, connectionDraft, recordDraft } from '../../journal/codec.ts'
import { Directory } from '../../journal/directory.ts'
import type { Draft, Entry } from '../../journal/journal.ts'
import { anAlarm } from './stage.ts'

/** The live state over a directory, fed entry by entry as the main thread feeds it. */
class Feed {
  readonly directory = new Directory()
  readonly connected = new Set<string>()
  readonly live = new LiveState(this.directory, (id) => this.connected.has(id))
  now = 1_000_000
  #pos = 1

  scope(mode: Mode, enterpriseId: string | null = null): Scope {
    const frame = { epoch: 'e', jurisdiction: 'j', zone: 'UTC' }
    return new Scope(mode, enterpriseId, this.live, this.directory.registry, frame)
  }

  take(draft: Draft) {
    const entry: Entry = { ...draft, pos: this.#pos, receivedAt: this.now, key: null }
    this.#pos += draft.count
    if (entry.stream === 'record') this.directory.apply(entry)
    return this.live.apply(entry)
  }

  record(entry: RecordEntry) {
    return this.take(recordDraft(entry))
  }

  device(id: string, enterpriseId: string, mode: Mode, retired = false) {
    const row: Device = {
      id,
      enterpriseId,
      kind: 'gas-detector',
      name: id,
      mode,
      zoneId: null,
      latitude: null,
      longitude: null,
      attributes: {},
      terminalPhone: null,
      unitAddress: null,
      serial: null,
      tokenHash: '',
      demo: false,
      createdAt: 1,
      retiredAt: retired ? this.now : null,
    }
    return this.record({ kind: 'registry.changed', by: 'admin', before: null, entity: 'device', row })
  }

  reading(device: string, metric: string, mode: Mode, value: number, measuredAt = this.now) {
    let series = this.directory.series.find(mode, device, metric)
    if (!series) this.record({ kind: 'series.defined', series: [(series = this.directory.series.reserve(mode, device, metric))] })
    const block = new BlockBuilder()
    block.add(series.id, measuredAt, this.now, value, GOOD)
    return this.take(blockDraft(block.take(), 1))
  }
}

const ids = ['d-1', 'd-2', 'd-3', 'd-4'] as const
const placeOf = (id: string): { enterpriseId: string; mode: Mode } => ({
  enterpriseId: id === 'd-1' || id === 'd-2' ? 'e-1' : 'e-2',
  mode: id === 'd-4' ? 'test' : 'live',
})
const step = fc.oneof(
  fc.record({
    do: fc.constant('reading' as const),
    id: fc.constantFrom(...ids),
    metric: fc.constantFrom('combustibleLel', 'toxicPpm'),
    value: fc.double({ noNaN: true }),
    late: fc.boolean(),
  }),
  fc.record({
    do: fc.constant('alarm' as const),
    id: fc.constantFrom(...ids),
    n: fc.integer({ min: 0, max: 3 }),
    state: fc.constantFrom(...alarmStates),
    level: fc.constantFrom(...levels),
  }),
  fc.record({ do: fc.constant('device' as const), id: fc.constantFrom(...ids), retired: fc.boolean() }),
  fc.record({ do: fc.constant('link' as const), id: fc.constantFrom(...ids), connected: fc.boolean() }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 60_000 }) }),
  fc.record({ do: fc.constant('platform' as const), stopped: fc.boolean() }),
  fc.record({ do: fc.constant('readings go out' as const) }),
)

/** What two screens must agree on. `lastReceivedAt` is the picture's own moment; a screen goes on from its readings. */
const seen = (state: Screen) => ({
  seq: state.seq,
  alarms: [...state.alarms.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
  counters: state.counters,
  devices: [...state.devices.values()]
    .map((device) => ({ ...device, lastReceivedAt: null }))
    .sort((a, b) => (a.id < b.id ? -1 : 1)),
  readings: [...state.devices.keys()]
    .sort()
    .map((id) => [...(state.readings.get(id)?.values() ?? [])].map((reading) => JSON.stringify(reading)).sort()),
  platform: state.platform,
})

test('a picture and the changes after it give what a new picture shows, in every view, without a hole in the numbers', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(step, { maxLength: 60 }), (before, after) => {
      const feed = new Feed()
      const views = [feed.scope('live'), feed.scope('live', 'e-1'), feed.scope('test')]
      const everything = () => views.map((view) => fromSnapshot(said<Snapshot>(view.snapshot(feed.now, null))))
      let screens: Screen[] | null = null
      for (const one of [...before, null, ...after]) {
        if (one === null) {
          screens = everything()
          continue
        }
        for (const change of perform(feed, one)) {
          if (change.kind === 'names') continue
          views.forEach((view, i) => {
            const text = view.change(change)
            if (text === null || !screens) return
            const numbered = JSON.parse(text) as Change
            expect(numbered.seq).toBe(screens[i]!.seq + 1)
            screens[i] = withChanges(screens[i]!, [numbered])
          })
        }
        if (one.do === 'readings go out') screens = sendReadings(feed, views, screens)
      }
      screens = sendReadings(feed, views, screens)
      expect(screens!.map(seen)).toEqual(everything().map(seen))
      for (const screen of screens!) expect(screen.counters).toEqual(countLevels(screen.alarms.values()))
    }),
    { numRuns: 1_000 },
  )
})

/** What a message says, read back from the frame a screen gets. */
const said = <T>({ frame }: LiveMessage): T => {
  const [, json] = /^42\/live,\["\w+",(.*)\]$/s.exec(frame[1]!.toString())!
  return JSON.parse(json!) as T
}

function sendReadings(feed: Feed, views: Scope[], screens: Screen[] | null): Screen[] | null {
  const changed = feed.live.newest.takeChanged(5_000)
  for (const view of views) view.pictureIsOld()
  if (!screens) return null
  return screens.map((screen, i) => {
    const message = views[i]!.readings(changed, null)
    return message ? withReadings(screen, said<Readings>(message).readings) : screen
  })
}

function perform(feed: Feed, one: typeof step extends fc.Arbitrary<infer T> ? T : never) {
  switch (one.do) {
    case 'reading':
      return feed.reading(one.id, one.metric, placeOf(one.id).mode, one.value, one.late ? feed.now - 5_000 : feed.now)
    case 'alarm': {
      const alarm: Alarm = {
        ...anAlarm(`a-${one.id}-${one.n}`),
        ...placeOf(one.id),
        deviceId: one.id,
        state: one.state,
        level: one.level,
      }
      return feed.record({ kind: 'alarm.changed', change: 'raised', alarm, causePos: 0, at: 0, by: 'platform', comment: null })
    }
    case 'device':
      return feed.device(one.id, placeOf(one.id).enterpriseId, placeOf(one.id).mode, one.retired)
    case 'link':
      if (one.connected) feed.connected.add(one.id)
      else feed.connected.delete(one.id)
      return feed.take(connectionDraft({ deviceId: one.id, connected: one.connected, at: feed.now, reason: 'mqtt' }))
    case 'wait':
      feed.now += one.ms
      return feed.live.look(feed.now)
    case 'platform':
      return feed.live.setPlatform(one.stopped ? 'stopped' : 'ok', one.stopped ? 'disk full' : null, [])
    case 'readings go out':
      return []
  }
}

test('silence is never shown as online: not with a standing link, and not at all after a lost one', () => {
  const feed = new Feed()
  feed.device('d-1', 'e-1', 'live')
  const state = () => feed.live.device('d-1')!.state
  expect(state()).toBe('never')
  feed.connected.add('d-1')
  feed.take(connectionDraft({ deviceId: 'd-1', connected: true, at: feed.now, reason: 'mqtt' }))
  expect(state()).toBe('never')
  feed.reading('d-1', 'combustibleLel', 'live', 1)
  feed.live.look((feed.now += 1_000))
  expect(state()).toBe('online')
  feed.live.look((feed.now += 30_000))
  expect(state()).toBe('stale')
  feed.connected.delete('d-1')
  feed.take(connectionDraft({ deviceId: 'd-1', connected: false, at: feed.now, reason: 'mqtt' }))
  expect(state()).toBe('offline')
  feed.reading('d-1', 'combustibleLel', 'live', 1)
  feed.live.look((feed.now += 1_000))
  expect(state()).toBe('online')
})

test('an older reading never rewrites what the screen knew, and of two for one moment the first stands', () => {
  const feed = new Feed()
  feed.device('d-1', 'e-1', 'live')
  feed.reading('d-1', 'combustibleLel', 'live', 10, 900_000)
  feed.reading('d-1', 'combustibleLel', 'live', 99, 900_000)
  feed.reading('d-1', 'combustibleLel', 'live', 5, 800_000)
  const [series] = feed.live.newest.sender('d-1')!.series
  expect(feed.live.newest.reading(series!)).toEqual(['d-1', 'combustibleLel', 10, 900_000, 1_000_000, GOOD])
})

test('a gas channel without a substance is a fault somebody sees', () => {
  const feed = new Feed()
  feed.device('d-1', 'e-1', 'live')
  const changes = feed.reading('d-1', 'toxicPpm', 'live', 1)
  expect(changes).toEqual([
    expect.objectContaining({ kind: 'device', device: expect.objectContaining({ faults: ['no-substance:toxicPpm'] }) }),
  ])
  feed.reading('d-1', 'toxicPpm#co', 'live', 1)
  expect(feed.live.device('d-1')!.faults).toEqual(['no-substance:toxicPpm'])
})
