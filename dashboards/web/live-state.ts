import { isOpen, isUnacknowledged, type Alarm } from '../../core/alarm.ts'
import type { Change, LevelCounters, LiveDevice, LiveReading, PlatformState, Snapshot } from '../../core/live.ts'
import type { Mode } from '../../core/mode.ts'
import type { RiskState } from '../../core/risk.ts'

/** What a page knows: a snapshot and everything that followed it. Replaced, never edited; parts that did not change keep their identity. */
export type LiveState = {
  epoch: string
  seq: number
  mode: Mode
  jurisdiction: string
  zone: string
  /** every alarm that is not over, by id */
  alarms: ReadonlyMap<string, Alarm>
  /** alarms that ended while we watched: the wall keeps them grey for a while */
  ended: readonly Alarm[]
  counters: LevelCounters
  devices: ReadonlyMap<string, LiveDevice>
  /** device → metric → newest reading */
  readings: ReadonlyMap<string, ReadonlyMap<string, LiveReading>>
  enterprises: ReadonlyMap<string, string>
  /** enterprise → its administrative division */
  regions: ReadonlyMap<string, string>
  zones: ReadonlyMap<string, string>
  platform: PlatformState
  /** live risk index by id; null: this server gives none */
  risks: ReadonlyMap<string, RiskState> | null
  /** another number when somebody has changed a fence */
  fences: number
}

const ENDED_KEPT = 20

export function fromSnapshot(snapshot: Snapshot): LiveState {
  return {
    epoch: snapshot.epoch,
    seq: snapshot.seq,
    mode: snapshot.mode,
    jurisdiction: snapshot.jurisdiction,
    zone: snapshot.zone,
    alarms: new Map(snapshot.alarms.filter(isOpen).map((alarm) => [alarm.id, alarm])),
    ended: [],
    counters: snapshot.counters,
    devices: new Map(snapshot.devices.map((device) => [device.id, device])),
    readings: merged(new Map(), snapshot.readings),
    enterprises: new Map(snapshot.enterprises.map(({ id, name }) => [id, name])),
    regions: new Map(snapshot.enterprises.map(({ id, region }) => [id, region])),
    zones: new Map(snapshot.zones.map(({ id, name }) => [id, name])),
    platform: snapshot.platform,
    fences: snapshot.fences ?? 0,
    risks: snapshot.risks ? new Map(snapshot.risks.map((risk) => [risk.id, risk])) : null,
  }
}

/** The state after some numbered changes. The feed has made sure that they are the next ones. Each map is copied at most once. */
export function withChanges(state: LiveState, changes: readonly Change[]): LiveState {
  const next = { ...state }
  const alarms = copyOnce(state.alarms)
  const devices = copyOnce(state.devices)
  const readings = copyOnce(state.readings)
  const risks = state.risks && copyOnce(state.risks)
  let firstRisks: Map<string, RiskState> | null = null
  for (const change of changes) {
    next.seq = change.seq
    switch (change.kind) {
      case 'alarm':
        if (isOpen(change.alarm)) alarms.write().set(change.alarm.id, change.alarm)
        else {
          alarms.write().delete(change.alarm.id)
          // One that is over may still be worked on, and so come again.
          next.ended = [change.alarm, ...next.ended.filter(({ id }) => id !== change.alarm.id)].slice(0, ENDED_KEPT)
        }
        next.counters = change.counters
        break
      case 'device':
        if (change.device) devices.write().set(change.id, change.device)
        else {
          devices.write().delete(change.id)
          if (readings.read().has(change.id)) readings.write().delete(change.id)
        }
        break
      case 'platform':
        next.platform = change.platform
        break
      case 'fences':
        next.fences = change.version
        break
      case 'risk':
        ;(risks?.write() ?? (firstRisks ??= new Map())).set(change.risk.id, change.risk)
    }
  }
  return {
    ...next,
    alarms: alarms.read(),
    devices: devices.read(),
    readings: readings.read(),
    risks: risks?.read() ?? firstRisks,
  }
}

export function withReadings(state: LiveState, readings: readonly LiveReading[]): LiveState {
  return readings.length === 0 ? state : { ...state, readings: merged(state.readings, readings) }
}

/** Counters as the alarms themselves give them: what a snapshot's counters must equal. */
export function countLevels(alarms: Iterable<Alarm>): LevelCounters {
  const counters: LevelCounters = {
    red: { unacknowledged: 0, open: 0 },
    orange: { unacknowledged: 0, open: 0 },
    yellow: { unacknowledged: 0, open: 0 },
    blue: { unacknowledged: 0, open: 0 },
  }
  for (const alarm of alarms) {
    if (!isOpen(alarm)) continue
    counters[alarm.level].open++
    if (isUnacknowledged(alarm)) counters[alarm.level].unacknowledged++
  }
  return counters
}

function copyOnce<K, V>(original: ReadonlyMap<K, V>) {
  let copy: Map<K, V> | null = null
  return { read: (): ReadonlyMap<K, V> => copy ?? original, write: (): Map<K, V> => (copy ??= new Map(original)) }
}

function merged(before: LiveState['readings'], readings: readonly LiveReading[]): LiveState['readings'] {
  const devices = new Map(before)
  const copied = new Set<string>()
  for (const reading of readings) {
    const [device, metric] = reading
    if (!copied.has(device)) {
      devices.set(device, new Map(devices.get(device)))
      copied.add(device)
    }
    ;(devices.get(device) as Map<string, LiveReading>).set(metric, reading)
  }
  return devices
}
