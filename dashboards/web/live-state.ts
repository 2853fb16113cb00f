import { isOpen, isUnacknowledged, type Alarm } from '../../core/alarm.ts'
import type { Change, LevelCounters, LiveDevice, LiveReading, PlatformState, Snapshot } from '../../core/live.ts'
import type { Mode } from '../../core/mode.ts'

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
  zones: ReadonlyMap<string, string>
  platform: PlatformState
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
    zones: new Map(snapshot.zones.map(({ id, name }) => [id, name])),
    platform: snapshot.platform,
  }
}

/** The state after one numbered change. The feed has made sure that it is the next one. */
export function withChange(state: LiveState, change: Change): LiveState {
  const next = { ...state, seq: change.seq }
  switch (change.kind) {
    case 'alarm':
      next.alarms = withAlarm(state.alarms, change.alarm)
      next.counters = change.counters
      if (!isOpen(change.alarm)) next.ended = [change.alarm, ...state.ended].slice(0, ENDED_KEPT)
      return next
    case 'device': {
      const devices = new Map(state.devices)
      if (change.device) devices.set(change.id, change.device)
      else devices.delete(change.id)
      next.devices = devices
      if (!change.device && state.readings.has(change.id)) {
        const readings = new Map(state.readings)
        readings.delete(change.id)
        next.readings = readings
      }
      return next
    }
    case 'platform':
      next.platform = change.platform
      return next
    case 'risk':
      return next
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

function withAlarm(alarms: ReadonlyMap<string, Alarm>, alarm: Alarm): ReadonlyMap<string, Alarm> {
  const next = new Map(alarms)
  if (isOpen(alarm)) next.set(alarm.id, alarm)
  else next.delete(alarm.id)
  return next
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
