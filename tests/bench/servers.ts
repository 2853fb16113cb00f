import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProcess, type PlatformProcess } from '../flow/platform-process.ts'
import type { LoadResult, LoadSpec } from './load.ts'

export const SERVER_CORE = '0'
export const CLIENT_CORE = '1'
const pinned = (core: string) => ['taskset', '-c', core]

export type Server = {
  name: string
  port: number
  pid: number
  /** user name of the i-th connection: a token where the server wants one */
  username(i: number): string
  topic: string
  stop(): Promise<void>
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGKILL')
  await gone
}

export async function startAedes(): Promise<Server> {
  const [program, ...args] = [...pinned(SERVER_CORE), process.execPath, join(import.meta.dirname, 'plain-aedes.ts')]
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await new Promise<string>((resolve) => child.stdout.once('data', (data: Buffer) => resolve(String(data))))
  const port = Number(line.split(' ')[2])
  return { name: 'aedes', port, pid: child.pid!, username: () => '', topic: 'v1/devices/me/telemetry', stop: () => ended(child) }
}

const mosquitto = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/usr/bin/mosquitto'].find((path) => existsSync(path))

/** Null where mosquitto is not installed (Debian: `apt-get install mosquitto`). */
export async function startMosquitto(): Promise<Server | null> {
  if (!mosquitto) return null
  const dir = mkdtempSync(join(tmpdir(), 'watchfire-mosquitto-'))
  const port = await freePort()
  const config = join(dir, 'mosquitto.conf')
  const settings = [
    'allow_anonymous true',
    `listener ${port} 127.0.0.1`,
    'persistence false',
    'log_type error',
    'set_tcp_nodelay true',
  ]
  writeFileSync(config, `${settings.join('\n')}\n`)
  const [program, ...args] = [...pinned(SERVER_CORE), mosquitto, '-c', config]
  const child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  await reachable(port)
  return {
    name: 'mosquitto',
    port,
    pid: child.pid!,
    username: () => '',
    topic: 'v1/devices/me/telemetry',
    stop: async () => {
      await ended(child)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

export type Watchfire = { platform: PlatformProcess; enterpriseId: string; gatewayToken(i: number): Promise<string> } & Server

/** The real platform with `devices` gas detectors to publish as: on the server's core, or `pin: false` where it has no peer to be fair to. */
export async function startWatchfire(
  devices: number,
  options: { dataDir?: string; through?: string[]; env?: Record<string, string>; pin?: boolean } = {},
): Promise<Watchfire> {
  const platform = await startProcess({
    ...options,
    through: [...(options.pin === false ? [] : pinned(SERVER_CORE)), ...(options.through ?? [])],
    env: { WATCHFIRE_MAX_MESSAGES_PER_SECOND: '1000000', WATCHFIRE_LOG_LEVEL: 'warn', ...options.env },
  })
  const { id: enterpriseId } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', {
    name: 'bench',
    region: '370102',
  })
  const tokens = await makeDevices(platform, enterpriseId, 'gas-detector', devices)
  return {
    name: 'watchfire',
    platform,
    enterpriseId,
    port: platform.mqttPort,
    pid: platform.child.pid!,
    username: (i) => tokens[i]!,
    topic: 'v1/devices/me/telemetry',
    gatewayToken: async (i) => (await makeDevice(platform, enterpriseId, 'gateway', `gateway-${i}`)).token,
    stop: async () => {
      await platform.kill()
    },
  }
}

export const makeDevice = (platform: PlatformProcess, enterpriseId: string, kind: string, name: string, attributes = {}) =>
  platform.call<{ id: string; token: string }>('POST', '/api/v1/devices', { enterpriseId, kind, name, attributes })

/** Tokens of `count` new devices named `<kind>-<i>`. */
export async function makeDevices(
  platform: PlatformProcess,
  enterpriseId: string,
  kind: string,
  count: number,
  prefix = kind,
  attributes = {},
) {
  const tokens: string[] = []
  for (let i = 0; i < count; i += 20) {
    const some = Array.from({ length: Math.min(20, count - i) }, (_, k) =>
      makeDevice(platform, enterpriseId, kind, `${prefix}-${i + k}`, attributes),
    )
    for (const { token } of await Promise.all(some)) tokens.push(token)
  }
  return tokens
}

export const load = (spec: LoadSpec): Promise<LoadResult> => onClientCore('load.ts', spec)

/** Runs one of our client programs on the client's core: a specification on stdin, a result on stdout. */
export async function onClientCore<Result>(file: string, spec: object): Promise<Result> {
  const [program, ...args] = [...pinned(CLIENT_CORE), process.execPath, join(import.meta.dirname, file)]
  const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (data: Buffer) => (output += String(data)))
  child.stdin.end(JSON.stringify(spec))
  const code = await new Promise((resolve) => child.once('exit', resolve))
  if (code !== 0) throw new Error(`${file} ended with ${String(code)}`)
  return JSON.parse(output) as Result
}

export const rssMb = (pid: number): number => {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1]) / 1024
}

/** Watches the memory of a process while `work` runs. */
export async function withPeakRss<T>(pid: number, work: () => Promise<T>): Promise<{ result: T; peakMb: number }> {
  let peakMb = rssMb(pid)
  const watch = setInterval(() => (peakMb = Math.max(peakMb, rssMb(pid))), 200)
  try {
    return { result: await work(), peakMb }
  } finally {
    clearInterval(watch)
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function reachable(port: number): Promise<void> {
  const { connect } = await import('node:net')
  for (let attempt = 0; attempt < 100; attempt++) {
    const ok = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      socket.on('error', () => resolve(false)).on('connect', () => socket.destroy())
    })
    if (ok) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing listens on ${port}`)
}
