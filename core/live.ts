import type { Alarm } from './alarm.ts'
import type { Level } from './level.ts'
import type { Mode } from './mode.ts'
import type { RiskState } from './risk.ts'
import type { WindowKind } from './window.ts'

/**
 * The live feed (socket.io namespace `/live`): a snapshot, then numbered changes. `seq` is contiguous per connection; a
 * client that sees a gap asks for a new snapshot. `epoch` changes at a restart of the platform.
 */
export type Snapshot = {
  epoch: string
  seq: number
  serverTs: number
  mode: Mode
  jurisdiction: string
  zone: string
  alarms: Alarm[]
  counters: LevelCounters
  devices: LiveDevice[]
  enterprises: { id: string; name: string; region: string }[]
  zones: { id: string; name: string; enterpriseId: string }[]
  readings: LiveReading[]
  platform: PlatformState
  /** live risk index of what the view covers, once it is known */
  risks?: RiskState[]
  /** counts changes of the fences of this start of the platform: who draws them asks for them when it is another */
  fences?: number
}

export type LevelCounters = Record<Level, { unacknowledged: number; open: number }>

/** `stale`: no data for 3 expected periods. `never`: nothing has ever come. */
export type OnlineState = 'online' | 'stale' | 'offline' | 'never'

export type LiveDevice = {
  id: string
  name: string
  kind: string
  enterpriseId: string
  zoneId: string | null
  latitude: number | null
  longitude: number | null
  state: OnlineState
  lastReceivedAt: number | null
  expectedPeriodMs: number
  /** visible faults of the installation, e.g. `no-substance:toxicPpm` */
  faults: string[]
  /** what it says is a test just now; `metrics` null: all of it */
  test?: { kind: WindowKind; metrics: string[] | null; until: number }
}

/** [device, metric, value, measuredAt, receivedAt, quality code] */
export type LiveReading = [device: string, metric: string, value: number, measuredAt: number, receivedAt: number, quality: number]

export type PlatformState = {
  /** `stopped`: nothing can be acknowledged (disk full or failing); devices are kept waiting, un-acknowledged */
  receiving: 'ok' | 'stopped'
  detail: string | null
  /** damage found, packs refused, parts degraded: things somebody must see */
  notices: { code: string; text: string; since: number; words?: { zh: string; en: string } }[]
}

export type Change = { seq: number } & (
  | { kind: 'alarm'; alarm: Alarm; counters: LevelCounters }
  | { kind: 'device'; device: LiveDevice | null; id: string }
  | { kind: 'platform'; platform: PlatformState }
  | { kind: 'risk'; risk: RiskState }
  | { kind: 'fences'; version: number }
)

export type Heartbeat = { seq: number; serverTs: number; lastIngestTs: number | null; ingestRate: number }

/** Coalesced newest values of what the subscription covers, at most five times a second. */
export type Readings = { seq: number; readings: LiveReading[] }

/**
 * What a wall says of itself every five seconds (event `wall`), so that somebody sees when it no longer does. `leaving`: it was closed on
 * purpose and is not missed.
 */
export type WallBeat = {
  wall: string
  name: string
  seq: number | null
  frames: number
  heapMb: number | null
  sound: 'ready' | 'muted' | 'off'
  picture: 'live' | 'delayed' | 'interrupted' | 'waiting'
  leaving?: boolean
}

/** Event `show`, to walls: somebody at the desk wants this looked at. */
export type Show = { alarmId: string }

export type Subscribe = { devices?: string[]; metrics?: string[]; enterpriseId?: string; mode?: Mode }
