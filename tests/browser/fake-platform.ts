import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFile } from 'node:fs/promises'
import { extname, join, normalize } from 'node:path'
import { Server as SocketServer, type Socket } from 'socket.io'
import { isOpen, type Alarm } from '../../core/alarm.ts'
import type { Change, LiveDevice, LiveReading, PlatformState, Snapshot, WallBeat } from '../../core/live.ts'
import type { Mode } from '../../core/mode.ts'
import type { RiskState } from '../../core/risk.ts'
import { defaultMap, folderOf, readBasemap, type MapConfig } from '../../dashboards/basemap.ts'
import { countLevels } from '../../dashboards/web/live-state.ts'

type Unnumbered = Change extends infer C ? (C extends Change ? Omit<C, 'seq'> : never) : never
type Handler = (request: { params: string[]; query: URLSearchParams; body: Record<string, unknown> }) => {
  status?: number
  body: unknown
  headers?: Record<string, string>
}

/** `WATCHFIRE_TEST_DIST`: pages built elsewhere, for two who build at once. */
export const dist = process.env['WATCHFIRE_TEST_DIST'] ?? join(import.meta.dirname, '../../dist')
const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}
const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; frame-ancestors 'none'"

/**
 * A platform that says exactly what a test wants it to say: pages from dist/ under the real content policy, the live feed of
 * core/live.ts, and an API of canned answers. Its clock can differ from the machine's.
 */
export class FakePlatform {
  url = ''
  epoch = 'epoch-1'
  mode: Mode = 'live'
  /** what maps are drawn on; the fictional district unless a test says else */
  map: MapConfig = { ...defaultMap }
  jurisdiction = '滨海新区应急管理局'
  clockAheadMs = 0
  ingestRate = 1240
  beating = true
  /** connects, and then says nothing at all */
  silent = false
  alarms = new Map<string, Alarm>()
  devices = new Map<string, LiveDevice>()
  readings = new Map<string, LiveReading>()
  enterprises: Snapshot['enterprises'] = []
  zones: Snapshot['zones'] = []
  /** undefined: a platform that gives no risk index */
  risks: RiskState[] | undefined
  /** what walls said of themselves */
  wallBeats: WallBeat[] = []
  platform: PlatformState = { receiving: 'ok', detail: null, notices: [] }
  /** how many snapshots clients asked for */
  snapshotsAsked = 0
  /** every call of the API: method, path, body */
  calls: { method: string; path: string; body: Record<string, unknown> }[] = []
  #server: Server
  #io!: SocketServer
  #port = 0
  #seqs = new Map<Socket, number>()
  #timer: ReturnType<typeof setInterval>
  #files = new Map<string, { text: string; headers: Record<string, string> }>()
  #routes: { method: string; pattern: RegExp; handle: Handler }[] = []

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
    this.#timer = setInterval(() => this.beating && !this.silent && this.beat(), 1000)
  }

  /** Where the one before was, if that is free: to a browser it is the same site, whose scripts it has compiled already. */
  static #before = 0

  static async start(): Promise<FakePlatform> {
    const platform = new FakePlatform()
    await platform.#listen(FakePlatform.#before).catch(() => platform.#listen(0))
    FakePlatform.#before = platform.#port
    return platform
  }

  get now(): number {
    return Date.now() + this.clockAheadMs
  }

  /** Later definitions win. `:x` in a path matches one segment. */
  route(method: string, path: string, handle: Handler): void {
    const pattern = new RegExp(`^${path.replace(/:[a-z]+/g, '([^/]+)')}$`)
    this.#routes.unshift({ method, pattern, handle })
  }

  /** An answer of the API that is a file, byte for byte. */
  file(path: string, text: string, headers: Record<string, string> = {}): void {
    this.#files.set(path, { text, headers })
  }

  beat(): void {
    for (const [socket, seq] of this.#seqs) {
      socket.emit('hb', { seq, serverTs: this.now, lastIngestTs: this.now - 800, ingestRate: this.ingestRate })
    }
  }

  alarm(alarm: Alarm): void {
    if (isOpen(alarm)) this.alarms.set(alarm.id, alarm)
    else this.alarms.delete(alarm.id)
    this.change({ kind: 'alarm', alarm, counters: countLevels(this.alarms.values()) })
  }

  /** Changes the state without telling anybody: what happens while a wall is cut off. */
  alarmUnseen(alarm: Alarm): void {
    this.alarms.set(alarm.id, alarm)
  }

  device(device: LiveDevice): void {
    this.devices.set(device.id, device)
    this.change({ kind: 'device', device, id: device.id })
  }

  platformState(platform: PlatformState): void {
    this.platform = platform
    this.change({ kind: 'platform', platform })
  }

  reading(...readings: LiveReading[]): void {
    for (const reading of readings) this.readings.set(`${reading[0]}\n${reading[1]}`, reading)
    this.#io.of('/live').emit('readings', { seq: 0, readings })
  }

  change(change: Unnumbered): void {
    for (const [socket, seq] of this.#seqs) {
      this.#seqs.set(socket, seq + 1)
      socket.emit('change', { ...change, seq: seq + 1 })
    }
  }

  /** Somebody at the desk has it shown. */
  show(alarmId: string): void {
    this.#io.of('/live').emit('show', { alarmId })
  }

  /** The next change arrives with a number that leaves a hole. */
  loseOneChange(): void {
    for (const [socket, seq] of this.#seqs) this.#seqs.set(socket, seq + 1)
  }

  get clients(): number {
    return this.#seqs.size
  }

  /** Cuts every connection and refuses new ones until `up`. */
  async down(): Promise<void> {
    await this.#io.close()
    this.#server.closeAllConnections()
  }

  async up(): Promise<void> {
    this.#server = createServer((request, response) => void this.#serve(request, response))
    await this.#listen(this.#port)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#io.close()
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, '127.0.0.1', resolve)
    })
    this.#io = new SocketServer(this.#server, { transports: ['websocket'] })
    this.#io.of('/live').on('connection', (socket) => {
      socket.on('subscribe', (_query: unknown, done: (answer: unknown) => void) => done({ ok: true }))
      socket.on('snapshot', (_query: unknown, done: (answer: unknown) => void) => {
        this.snapshotsAsked++
        if (this.silent) return
        const seq = this.#seqs.get(socket) ?? 100
        this.#seqs.set(socket, seq)
        socket.emit('snapshot', this.snapshot(seq))
        done({ ok: true })
      })
      socket.on('wall', (beat: WallBeat) => this.wallBeats.push(beat))
      socket.on('disconnect', () => this.#seqs.delete(socket))
    })
    this.#port = (this.#server.address() as AddressInfo).port
    this.url = `http://127.0.0.1:${this.#port}`
  }

  snapshot(seq: number): Snapshot {
    return {
      epoch: this.epoch,
      seq,
      serverTs: this.now,
      mode: this.mode,
      jurisdiction: this.jurisdiction,
      zone: 'Asia/Shanghai',
      alarms: [...this.alarms.values()],
      counters: countLevels(this.alarms.values()),
      devices: [...this.devices.values()],
      enterprises: this.enterprises,
      zones: this.zones,
      readings: [...this.readings.values()],
      platform: this.platform,
      ...(this.risks && { risks: this.risks }),
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake')
    if (url.pathname.startsWith('/basemap/files/')) return this.#basemap(request, url, response)
    if (url.pathname.startsWith('/api/v1')) return this.#api(request, url, response)
    const path = url.pathname.replace(/\/$/, '').replace(/^\/m(?=$|\/)/, '/phone')
    const file = normalize(join(dist, extname(path) === '' ? join(path, 'index.html') : path))
    try {
      if (!file.startsWith(dist)) throw new Error('outside')
      const bytes = await readFile(file)
      response.writeHead(200, {
        'content-type': types[extname(file)] ?? 'application/octet-stream',
        'content-security-policy': CSP,
        ...(path === '/phone/sw.js' && { 'service-worker-allowed': '/m' }),
      })
      response.end(bytes)
    } catch {
      response.writeHead(404).end()
    }
  }

  /** Files of the basemap, whole or by one range of bytes. */
  async #basemap(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    const name = decodeURIComponent(url.pathname.slice('/basemap/files/'.length))
    const known = (await readBasemap(this.map)).files.some((file) => file.name === name)
    if (!known) return void response.writeHead(404).end()
    const bytes = await readFile(join(folderOf(this.map), name))
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    if (!range) return void response.writeHead(200).end(bytes)
    const part = bytes.subarray(Number(range[1]), Number(range[2]) + 1)
    const end = Number(range[1]) + part.length - 1
    response.writeHead(206, { 'content-range': `bytes ${range[1]}-${end}/${bytes.length}` }).end(part)
  }

  async #api(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
    const path = url.pathname.slice('/api/v1'.length)
    const method = request.method ?? 'GET'
    if (method === 'GET' && path === '/map') {
      response.writeHead(200, { 'content-type': 'application/json' })
      return void response.end(JSON.stringify(await readBasemap(this.map)))
    }
    this.calls.push({ method, path, body })
    const file = method === 'GET' ? this.#files.get(path) : undefined
    if (file) return void response.writeHead(200, file.headers).end(file.text)
    const route = this.#routes.find((candidate) => candidate.method === method && candidate.pattern.test(path))
    const params = route?.pattern.exec(path)?.slice(1) ?? []
    const answer = route?.handle({ params, query: url.searchParams, body }) ?? {
      status: 404,
      body: { error: { code: 'not-found', message: 'no such thing' } },
    }
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers })
    response.end(JSON.stringify(answer.body))
  }
}
