import type { Server as HttpServer } from 'node:http'
import { randomUUID } from 'node:crypto'
import type { Socket as NetSocket } from 'node:net'
import { Server, type Namespace, type Socket } from 'socket.io'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Alarm } from '../core/alarm.ts'
import type { Clock } from '../core/clock.ts'
import type { Heartbeat, Subscribe } from '../core/live.ts'
import { ModeSchema, type Mode } from '../core/mode.ts'
import type { Registry } from '../core/registry.ts'
import { isForeign, type Access, type Asked, type Caller } from './access.ts'
import { LiveClient } from './live-client.ts'
import { LiveMessage } from './live-message.ts'
import { Scope, scopeKey, type Covers, type Frame } from './live-scope.ts'
import type { LiveState, Pulse, StateChange } from './live-state.ts'
import type { Sight } from './sight.ts'
import type { Walls } from './walls.ts'

const READINGS_MS = 200
const BEAT_MS = 1_000
/** Most series in one message of readings: 25,000 values a second a view, and the loop never long at it. */
const READINGS_A_MESSAGE = 5_000

const subscription = Compile(
  Type.Object({
    devices: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 10_000 })),
    metrics: Type.Optional(Type.Array(Type.String({ maxLength: 128 }), { maxItems: 1_000 })),
    enterpriseId: Type.Optional(Type.String({ maxLength: 64 })),
    mode: Type.Optional(ModeSchema),
  }),
)
type Options = {
  http: HttpServer
  access: Access
  live: LiveState
  registry: Registry
  mode: Mode
  frame: Omit<Frame, 'epoch'>
  clock: Clock
  watched: () => void
  walls: Walls
  /** whose socket it is, is known now */
  loggedIn: (socket: NetSocket) => void
  /** once a second, before the heartbeat: what the platform is to say about itself */
  beat: () => void
}

/** The live feed (design §4.5): pictures, numbered changes, coalesced readings and a heartbeat, over socket.io. */
export class LiveFeed {
  readonly epoch = randomUUID()
  resyncs = 0
  #io: Server
  #namespace: Namespace
  #options: Options
  #scopes = new Map<string, Scope>()
  #clients = new Map<Socket, LiveClient>()
  #timers: NodeJS.Timeout[]
  #beatAt: number

  constructor(options: Options) {
    this.#options = options
    this.#beatAt = options.clock.now()
    this.#io = new Server({
      transports: ['websocket'],
      serveClient: false,
      destroyUpgrade: false,
      maxHttpBufferSize: 256 * 1024,
      connectTimeout: 5_000,
      perMessageDeflate: false,
      allowRequest: (request, answer) => {
        const foreign = isForeign({ headers: request.headers, remoteAddress: request.socket.remoteAddress })
        answer(foreign ? 'origin refused' : null, !foreign)
      },
    })
    this.#io.attach(options.http)
    this.#io.use((_, next) => next(new Error('the live feed is the namespace /live')))
    this.#namespace = this.#io.of('/live')
    this.#namespace.use((socket, next) => {
      const caller = this.#callerOf(socket)
      if (caller?.due === null) {
        socket.data = caller
        this.#options.loggedIn(socket.request.socket)
        next()
      } else next(Object.assign(new Error('not-logged-in'), { data: { code: 'not-logged-in', message: 'log in first' } }))
    })
    this.#namespace.on('connection', (socket) => this.#connected(socket))
    this.#timers = [setInterval(() => this.#sendReadings(), READINGS_MS), setInterval(() => this.#beat(), BEAT_MS)]
  }

  get clients(): number {
    return this.#clients.size
  }

  /** Tells every view what changed, in order. One text a view, sent to each of its clients that keeps up. */
  publish(changes: StateChange[]): void {
    for (const change of changes) {
      if (change.kind === 'names') {
        for (const scope of this.#scopes.values()) scope.redraw()
        for (const client of this.#clients.values()) client.namesChanged = true
        continue
      }
      for (const scope of this.#scopes.values()) {
        const text = scope.change(change)
        if (text === null) continue
        const message = new LiveMessage('change', text)
        for (const client of this.#clients.values()) if (client.scope === scope) client.send(message)
      }
    }
  }

  /** Has every wall that shows this mode and may see the alarm show it; says how many there are. */
  show({ id, mode, enterpriseId }: Alarm): number {
    let asked = 0
    for (const client of this.#clients.values()) {
      const { scope } = client
      if (!client.isWall || scope?.mode !== mode || !client.caller.sight.covers(enterpriseId)) continue
      if (scope.enterpriseId !== null && scope.enterpriseId !== enterpriseId) continue
      client.ask({ alarmId: id })
      asked++
    }
    return asked
  }

  /** Ends the connections of a person, or of one session: they may come back if they still may. */
  end(who: { personId: string } | { session: string }): void {
    for (const [socket, { caller }] of this.#clients) {
      if ('personId' in who ? caller.id === who.personId : caller.session === who.session) socket.disconnect(true)
    }
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#io.disconnectSockets(true)
    // Not io.close(): that would close the HTTP server, which is not ours.
    this.#io.engine.close()
    await Promise.resolve()
  }

  #callerOf(socket: Socket): Caller | null {
    const { token, wall } = socket.handshake.auth as { token?: unknown; wall?: unknown }
    if (token !== undefined && token !== null && typeof token !== 'string') return null
    const asked: Asked = { headers: socket.request.headers, remoteAddress: socket.request.socket.remoteAddress }
    return this.#options.access.identify(asked, token || undefined, typeof wall === 'string' ? wall : undefined)
  }

  #connected(socket: Socket): void {
    const client = new LiveClient(socket, socket.data as Caller)
    this.#clients.set(socket, client)
    this.#options.watched()
    socket.on('disconnect', () => {
      this.#clients.delete(socket)
      this.#leave(client)
    })
    // The one thing a wall may say: that it is there. Whatever is no beat is dropped.
    socket.on('wall', (said: unknown) => {
      client.isWall = this.#options.walls.heard(said, this.#options.clock.now(), client.caller.wall) || client.isWall
    })
    socket.on('subscribe', (wish: unknown, acknowledge?: unknown) => {
      const answer = this.#subscribe(client, wish)
      if (typeof acknowledge === 'function') acknowledge(answer)
    })
    socket.on('snapshot', (_wish: unknown, acknowledge?: unknown) => {
      if (!client.scope) this.#subscribe(client, {})
      this.#sendPicture(client)
      if (typeof acknowledge === 'function') acknowledge({ ok: true, epoch: this.epoch, seq: client.scope!.seq })
    })
  }

  #subscribe(client: LiveClient, wish: unknown) {
    const fault = subscription.Check(wish ?? {}) ? null : subscription.Errors(wish)[0]
    if (fault) return { error: { code: 'invalid', message: `${fault.instancePath.slice(1) || 'subscribe'} ${fault.message}` } }
    const { devices, metrics, enterpriseId, mode } = (wish ?? {}) as Subscribe
    const { caller } = client
    if (enterpriseId !== undefined && !caller.sight.covers(enterpriseId)) {
      return { error: { code: 'not-found', message: `there is no enterprise ${enterpriseId}` } }
    }
    const scope = this.#scope(mode ?? this.#options.mode, caller.enterpriseId ?? enterpriseId ?? null, caller.sight)
    if (client.scope !== scope) this.#leave(client)
    client.scope = scope
    client.covers = this.#covers(devices, metrics)
    // Numbers of another view mean nothing to this client: it gets a picture when it asks, or at the next beat.
    client.needsPicture = true
    return { ok: true, epoch: this.epoch, mode: scope.mode, seq: scope.seq }
  }

  #scope(mode: Mode, enterpriseId: string | null, sight: Sight): Scope {
    const key = scopeKey(mode, enterpriseId, sight)
    let scope = this.#scopes.get(key)
    if (!scope) {
      const { live, registry, frame } = this.#options
      scope = new Scope(mode, enterpriseId, live, registry, { ...frame, epoch: this.epoch }, sight)
      this.#scopes.set(key, scope)
    }
    return scope
  }

  #leave({ scope }: LiveClient): void {
    if (!scope) return
    const others = this.#clients.values().some((client) => client.scope === scope)
    if (!others) this.#scopes.delete(scope.key)
  }

  #covers(devices: string[] | undefined, metrics: string[] | undefined): Covers {
    if (!devices && !metrics) return null
    const { newest } = this.#options.live
    const wantedDevices = devices && new Set(devices)
    const wantedMetrics = metrics && new Set(metrics)
    return (series) =>
      (!wantedDevices || wantedDevices.has(newest.deviceOf(series))) &&
      (!wantedMetrics || wantedMetrics.has(newest.metricOf(series)))
  }

  #sendPicture(client: LiveClient): void {
    client.picture(client.scope!.snapshot(this.#options.clock.now(), client.covers))
  }

  #sendReadings(): void {
    const changed = this.#options.live.newest.takeChanged(READINGS_A_MESSAGE)
    for (const scope of this.#scopes.values()) scope.pictureIsOld()
    if (changed.length === 0) return
    for (const scope of this.#scopes.values()) {
      let all: LiveMessage | null | undefined
      for (const client of this.#clients.values()) {
        if (client.scope !== scope || client.needsPicture) continue
        const message = client.covers ? scope.readings(changed, client.covers) : (all ??= scope.readings(changed, null))
        if (message) client.send(message)
      }
    }
  }

  #beat(): void {
    const { beat, live, clock } = this.#options
    beat()
    const now = clock.now()
    const seconds = Math.max(0.001, (now - this.#beatAt) / 1000)
    this.#beatAt = now
    const pulses = live.takePulse()
    const beats = new Map<Scope, LiveMessage>()
    for (const client of this.#clients.values()) {
      const { scope } = client
      if (!scope) continue
      // Whoever fell behind, or never asked: one fresh picture once there is room for it.
      if ((client.needsPicture || client.namesChanged) && client.hasRoom) {
        if (client.fellBehind) this.resyncs++
        this.#sendPicture(client)
      }
      let message = beats.get(scope)
      if (!message) {
        message = new LiveMessage(
          'hb',
          JSON.stringify(heartbeat(scope, pulses.get(scope.key) ?? scope.pulse(pulses), now, seconds)),
        )
        beats.set(scope, message)
      }
      client.send(message, true)
    }
  }
}

const heartbeat = ({ seq }: Scope, pulse: Pulse | undefined, serverTs: number, seconds: number): Heartbeat => ({
  seq,
  serverTs,
  lastIngestTs: pulse?.lastAt ?? null,
  ingestRate: Math.round((pulse?.rows ?? 0) / seconds),
})
