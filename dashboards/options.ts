import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { AlarmBook } from '../core/alarm-book.ts'
import type { Backtests } from '../core/backtest.ts'
import type { Clock } from '../core/clock.ts'
import type { RecordProof } from '../core/evidence.ts'
import type { History } from '../core/history.ts'
import type { Log } from '../core/log.ts'
import type { Measures } from '../core/measures.ts'
import type { Mode } from '../core/mode.ts'
import type { PartStatus } from '../core/part.ts'
import type { Escalation } from '../core/escalation.ts'
import type { Callbacks } from '../core/push.ts'
import type { StateAt } from '../core/state.ts'
import type { Directory } from '../journal/directory.ts'
import type { Journal } from '../journal/journal.ts'
import type { Replays } from './replay/question.ts'
import type { Role } from './rights.ts'
import type { MapConfig } from './basemap.ts'

export type DashboardsConfig = {
  host: string
  /** 0 picks a free one */
  port: number
  tls: { cert: Buffer; key: Buffer } | null
  dataDir: string
  /** the deployment's own mode: what lists and feeds show unless asked otherwise */
  mode: Mode
  jurisdiction: string
  /** where MQTT listens, for the line a person copies; null: it does not */
  mqttPort?: number | null
  zone: string
  /** of `admin` at the first start; null: a random one, written to `admin-password` in the data folder */
  adminPassword: string | null
  /** the demo: a request from this machine needs no login */
  openOnLoopback: boolean
  /** where the built pages are */
  distDir: string
  version: string
  /** what /metrics asks for off loopback; null: not served off loopback */
  metricsToken: string | null
  /** a rule changes only by a proposal another person approves; `PUT` and `DELETE` are refused */
  rulesTwoPersons?: boolean
  /** roles whose logins need a code besides the password; they enrol before anything else */
  secondFactorRoles?: readonly Role[]
  /** so long after somebody was shut out their name and contact are deleted; null: when an administrator does */
  personalDataDays?: number | null
  /** words of the program that speaks for walls; null: none does */
  voiceCommand?: readonly string[] | null
  /** where people open Grafana, for the links on the desk */
  grafanaUrl?: string | null
  /** what maps are drawn on; absent: the fictional district that ships */
  map?: MapConfig
  /** memory all connections together may take that nobody known has used yet */
  strangersBytes?: number
}

/** The story the demo tells, for the pages to show and restart. */
export type Story = {
  name: string
  state: 'waiting' | 'running' | 'done'
  startedAt: number | null
  step: number
  stepName: string
}

export type Demo = {
  story(): Story
  restart(): void | Promise<void>
  /** somebody opened a page: the story may begin */
  watched?(): void
}

/** A reading posted over HTTP: resolves when durable, raises a `PlatformError` when it cannot be taken. */
export type Telemetry = (token: string, payload: Uint8Array, remoteAddress: string) => Promise<unknown>

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export type DashboardsOptions = {
  config: DashboardsConfig
  journal: Journal
  directory: Directory
  history: History
  alarmBook: AlarmBook
  /** the record as it is on disk, and its key; without it there is no evidence to export */
  proof?: RecordProof
  /** risk, rates and reports; without it those calls are not there */
  measures?: Measures
  /** what walls showed in the past; without it those calls are not there */
  replays?: Replays
  /** trying rules on the past; without it those calls are not there */
  backtests?: Backtests
  state: StateAt
  connections: { isConnected(deviceId: string): boolean }
  telemetry?: Telemetry
  /** people are called by their ladders; without it those calls are not there */
  escalation?: Escalation
  /** where callbacks of providers go; without it there is no such call */
  callbacks?: Callbacks
  /** other protocols that start as an HTTP upgrade on our port, by path */
  upgrades?: Record<string, UpgradeHandler>
  parts: () => PartStatus[]
  log: Log
  /** a thread of this part has ended unasked */
  failed?: (error: Error) => void
  demo?: Demo
  clock?: Clock
}
