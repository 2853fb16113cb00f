import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { io, type Socket } from 'socket.io-client'
import type { AlarmBook, TimelineItem } from '../../core/alarm-book.ts'
import type { Alarm, AlarmChangeKind } from '../../core/alarm.ts'
import type { FalseAlarmsOfPoint } from '../../core/case.ts'
import type { History, QuarantineQuery, ReadingsQuery } from '../../core/history.ts'
import type { Change, Heartbeat, Readings, Snapshot } from '../../core/live.ts'
import { silentLog } from '../../core/log.ts'
import type { Mode } from '../../core/mode.ts'
import type { PartStatus } from '../../core/part.ts'
import { GOOD } from '../../core/quality.ts'
import { BlockBuilder } from '../../core/reading.ts'
import type { ActionEntry, RecordEntry } from '../../core/record.ts'
import type { Device } from '../../core/registry.ts'
import type { Rule } from '../../core/rule.ts'
import { startDashboards, type Dashboards, type DashboardsConfig, type DashboardsOptions } from '../../dashboards/server.ts'
import { blockDraft, readRecordEntry, recordDraft } from '../../journal/codec.ts'
import { Directory } from '../../journal/directory.ts'
import { MemoryJournal } from '../../journal/memory.ts'

export const ADMIN_PASSWORD = 'correct horse battery staple'
export const temporaryDir = (): string => mkdtempSync(join(tmpdir(), 'watchfire-dashboards-'))

export type Answer = { status: number; headers: Headers; text: string; body: any } // eslint-disable-line @typescript-eslint/no-explicit-any
type Extra = { headers?: Record<string, string>; as?: string }

/** The dashboards on real sockets, over a memory journal and stand-ins for the parts that are asked. */
export class Stage {
  readonly journal = new MemoryJournal()
  readonly directory = new Directory()
  readonly alarms = new Map<string, Alarm>()
  readonly falseAlarms = new Map<string, FalseAlarmsOfPoint>()
  readonly timelines = new Map<string, TimelineItem[]>()
  readonly asked: { readings: ReadingsQuery[]; quarantine: QuarantineQuery[] } = { readings: [], quarantine: [] }
  readonly connected = new Set<string>()
  partStates: PartStatus[] = [{ name: 'journal', state: 'ok', figures: { watchfire_journal_head: 1 } }]
  /** whether the stand-in for the engine answers actions */
  engineAnswers = true
  dashboards!: Dashboards
  #stop: (() => Promise<void>)[] = []
  #tokens = new Map<string, Promise<string>>()
  #sockets: Socket[] = []
  #dataDir: string
  #measuredAt = 0

  constructor(dataDir = temporaryDir()) {
    this.#dataDir = dataDir
  }

  static async start(config: Partial<DashboardsConfig> = {}, options: Partial<DashboardsOptions> = {}): Promise<Stage> {
    const stage = new Stage(config.dataDir)
    await stage.open(config, options)
    return stage
  }

  get url(): string {
    return this.dashboards.url
  }

  async open(config: Partial<DashboardsConfig> = {}, options: Partial<DashboardsOptions> = {}): Promise<void> {
    const history: History = {
      readings: (query) => {
        this.asked.readings.push(query)
        return Promise.resolve({ json: new TextEncoder().encode('{"series":[]}'), points: 0 })
      },
      latest: () => Promise.resolve([]),
      at: () => Promise.resolve([]),
      exportPage: () => Promise.resolve({ bytes: new Uint8Array(), rows: 0, last: null }),
      quarantine: (query) => {
        this.asked.quarantine.push(query)
        return Promise.resolve({ entries: [], total: 0 })
      },
      quarantineCounts: () => Promise.resolve([]),
    }
    const alarmBook: AlarmBook = {
      alarms: ({ mode, enterpriseId, enterpriseIds }) =>
        Promise.resolve({
          alarms: [...this.alarms.values()].filter(
            (alarm) =>
              alarm.mode === mode &&
              (enterpriseId === undefined || alarm.enterpriseId === enterpriseId) &&
              (enterpriseIds?.includes(alarm.enterpriseId) ?? true),
          ),
        }),
      alarm: (id) => Promise.resolve(this.alarms.get(id) ?? null),
      timeline: (id) => Promise.resolve(this.timelines.get(id) ?? []),
      falseAlarms: ({ subject }) =>
        Promise.resolve(this.falseAlarms.get(subject) ?? { subject, inSevenDays: 0, needsRectification: false, last: [] }),
      falseAlarmPoints: () =>
        Promise.resolve([...this.alarms.values()].filter(({ subject }) => this.falseAlarms.get(subject)?.needsRectification)),
      rules: async () => {
        const rules = new Map<string, Rule>()
        for (const entry of await this.journal.readRecord(1, ['rule.set', 'rule.removed'])) {
          const change = readRecordEntry(entry)
          if (change.kind === 'rule.set') rules.set(change.rule.id, change.rule)
          else if (change.kind === 'rule.removed') rules.delete(change.ruleId)
        }
        return { rules: [...rules.values()], faults: [] }
      },
      checkRule: (rule) =>
        Promise.resolve(
          (rule as Rule)['limits'] === undefined ? { path: 'limits', message: 'at least one limit is needed' } : null,
        ),
    }
    this.dashboards = await startDashboards({
      config: {
        host: '127.0.0.1',
        port: 0,
        tls: null,
        dataDir: this.#dataDir,
        mode: 'live',
        jurisdiction: '烽燧',
        zone: 'Asia/Shanghai',
        adminPassword: ADMIN_PASSWORD,
        openOnLoopback: false,
        distDir: join(this.#dataDir, 'dist'),
        version: '0.0.0',
        metricsToken: null,
        ...config,
      },
      journal: this.journal,
      directory: this.directory,
      history,
      alarmBook,
      state: { pos: 1, rows: [], series: [], openAlarms: [] },
      connections: { isConnected: (id) => this.connected.has(id) },
      parts: () => this.partStates,
      log: silentLog,
      ...options,
    })
    const follower = this.journal.follow('live', 1, (batch) => {
      for (const entry of batch.entries) if (entry.stream === 'record') this.directory.apply(entry)
      this.dashboards.apply(batch)
    })
    const engine = this.journal.follow('alerts', 1, (batch) => {
      for (const entry of batch.entries) {
        if (entry.kind === 'alarm.changed') {
          const change = readRecordEntry(entry)
          if (change.kind === 'alarm.changed')
            this.#note(change.alarm, { pos: entry.pos, at: entry.receivedAt, type: 'change', entry: change })
        } else if (entry.kind === 'action.refused') {
          const refused = readRecordEntry(entry) as Extract<RecordEntry, { kind: 'action.refused' }>
          this.#note(this.alarms.get(refused.alarmId)!, { pos: entry.pos, at: entry.receivedAt, type: 'action', entry: refused })
        } else if (entry.kind === 'action') this.#answer(readRecordEntry(entry) as ActionEntry, entry.pos, entry.receivedAt)
      }
    })
    this.#stop = [() => this.dashboards.stop(), () => follower.stop(), () => engine.stop()]
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.disconnect()
    for (const stop of this.#stop) await stop()
  }

  async call(method: string, path: string, body?: unknown, { headers = {}, as = 'admin' }: Extra = {}): Promise<Answer> {
    const sent: Record<string, string> = { ...headers }
    if (body !== undefined) sent['content-type'] ??= 'application/json'
    if (as !== '') sent['authorization'] ??= `Bearer ${await this.token(as)}`
    return this.ask(method, path, body === undefined ? undefined : JSON.stringify(body), sent)
  }

  async ask(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(this.url + path, { method, headers, redirect: 'manual', ...(body !== undefined && { body }) })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return { status: response.status, headers: response.headers, text, body: isJson && text !== '' ? JSON.parse(text) : null }
  }

  /** The session of a user, whose password is everybody's. */
  token(username: string): Promise<string> {
    let token = this.#tokens.get(username)
    if (!token) {
      token = this.call('POST', '/api/v1/session', { username, password: ADMIN_PASSWORD }, { as: '' }).then(
        ({ body }) => body.token as string,
      )
      this.#tokens.set(username, token)
    }
    return token
  }

  forgetTokens(): void {
    this.#tokens.clear()
  }

  async live(options: { token?: string; headers?: Record<string, string>; subscribe?: object } = {}): Promise<LiveScreen> {
    const screen = new LiveScreen(this.url, {
      token: options.token ?? (await this.token('admin')),
      ...(options.headers && { headers: options.headers }),
    })
    this.#sockets.push(screen.socket)
    await screen.open(options.subscribe ?? {})
    return screen
  }

  /** A device straight into the record. */
  async device(id: string, changes: Partial<Device> = {}): Promise<Device> {
    const row: Device = {
      id,
      enterpriseId: 'e-1',
      kind: 'gas-detector',
      name: id,
      mode: 'live',
      zoneId: null,
      latitude: null,
      longitude: null,
      attributes: {},
      terminalPhone: null,
      unitAddress: null,
      serial: null,
      tokenHash: id.padEnd(64, '0').replaceAll(/[^0-9a-f]/g, '0'),
      demo: false,
      createdAt: 1,
      retiredAt: null,
      ...changes,
    }
    await this.journal.append([recordDraft({ kind: 'registry.changed', by: 'admin', before: null, entity: 'device', row })])
    return row
  }

  async reading(device: string, metric: string, value: number, mode: Mode = 'live'): Promise<void> {
    const drafts = []
    let series = this.directory.series.find(mode, device, metric)
    if (!series) {
      series = this.directory.series.reserve(mode, device, metric)
      drafts.push(recordDraft({ kind: 'series.defined', series: [series] }))
    }
    const block = new BlockBuilder()
    const now = this.journal.clock.now()
    // Two readings of one moment would be one and its resend.
    this.#measuredAt = Math.max(now, this.#measuredAt + 1)
    block.add(series.id, this.#measuredAt, now, value, GOOD)
    await this.journal.append([...drafts, blockDraft(block.take(), 1)])
  }

  async raise(id: string, changes: Partial<Alarm> = {}, change: AlarmChangeKind = 'raised'): Promise<Alarm> {
    const alarm = { ...(this.alarms.get(id) ?? anAlarm(id)), ...changes }
    await this.journal.append([
      recordDraft({ kind: 'alarm.changed', change, alarm, causePos: 0, at: alarm.measuredAt, by: 'platform', comment: null }),
    ])
    return alarm
  }

  #note(alarm: Alarm, item: TimelineItem): void {
    this.alarms.set(alarm.id, alarm)
    this.timelines.set(alarm.id, [...(this.timelines.get(alarm.id) ?? []), item])
  }

  #answer(action: ActionEntry, pos: number, at: number): void {
    const alarm = this.alarms.get(action.alarmId)!
    this.#note(alarm, { pos, at, type: 'action', entry: action })
    if (!this.engineAnswers) return
    if (action.version !== alarm.version) {
      void this.journal.append([
        recordDraft({
          kind: 'action.refused',
          actionPos: pos,
          alarmId: alarm.id,
          code: 'stale-version',
          message: 'it has changed',
          current: alarm,
        }),
      ])
      return
    }
    const next: Alarm = {
      ...alarm,
      state: 'acknowledged',
      version: alarm.version + 1,
      acknowledgedBy: action.by,
      acknowledgedAt: at,
    }
    this.alarms.set(alarm.id, next)
    void this.journal.append([
      recordDraft({
        kind: 'alarm.changed',
        change: 'acknowledged',
        alarm: next,
        causePos: pos,
        at,
        by: action.by,
        comment: action.comment,
      }),
    ])
  }
}

export const anAlarm = (id: string): Alarm => ({
  id,
  version: 1,
  mode: 'live',
  ruleId: 'gas.combustible',
  ruleVersion: 1,
  subject: 'gas-1/combustibleLel',
  deviceId: 'gas-1',
  enterpriseId: 'e-1',
  zoneId: null,
  metric: 'combustibleLel',
  level: 'yellow',
  state: 'active',
  limitName: 'H',
  limit: 25,
  limitSource: 'GB/T 50493-2019',
  value: 26,
  overRange: false,
  unit: '%LEL',
  latching: false,
  measuredAt: 1_767_225_600_000,
  raisedAt: 1_767_225_600_000,
  occurrences: 1,
  late: false,
  delayed: false,
  acknowledgedBy: null,
  acknowledgedAt: null,
  returnedAt: null,
  endedAt: null,
  message: { zh: '可燃气体 26 %LEL', en: 'Combustible gas 26 %LEL' },
  guidance: [],
  causes: [],
})

/** A client of the live feed that writes down what it is sent. */
export class LiveScreen {
  readonly socket: Socket
  readonly snapshots: Snapshot[] = []
  readonly changes: Change[] = []
  readonly readings: Readings[] = []
  readonly heartbeats: Heartbeat[] = []

  constructor(url: string, { token, headers }: { token?: string; headers?: Record<string, string> }) {
    this.socket = io(`${url}/live`, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      auth: token ? { token } : {},
      ...(headers && { extraHeaders: headers }),
    })
    this.socket.on('snapshot', (snapshot: Snapshot) => this.snapshots.push(snapshot))
    this.socket.on('change', (change: Change) => this.changes.push(change))
    this.socket.on('readings', (readings: Readings) => this.readings.push(readings))
    this.socket.on('hb', (heartbeat: Heartbeat) => this.heartbeats.push(heartbeat))
  }

  async open(subscribe: object): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.socket.once('connect', resolve)
      this.socket.once('connect_error', reject)
    })
    await this.socket.emitWithAck('subscribe', subscribe)
    await this.socket.emitWithAck('snapshot', {})
  }

  get picture(): Snapshot {
    return this.snapshots.at(-1)!
  }

  async until(seen: () => boolean, timeoutMs = 5_000): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (!seen()) {
      if (Date.now() > deadline) throw new Error('what the screen waited for did not come')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}
