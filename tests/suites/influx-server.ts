import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Tests that need Debian's `influxdb` are skipped where it is missing; with CI=true they run, and fail. */
export const withoutInflux = process.env['CI'] !== 'true' && spawnSync('influxd', ['version']).status !== 0

export type InfluxServer = {
  url: string
  /** database that exists from the start */
  db: string
  /** InfluxQL; raises on an error in the answer. Values of each series of the first statement. */
  query(q: string, db?: string): Promise<InfluxSeries[]>
  createDatabase(name: string): Promise<void>
  /** Starts again on the same port and folder, after `stop` or `kill`. */
  start(): Promise<void>
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Stops it and removes its folder (one that was handed in stays). */
  dispose(): Promise<void>
}
export type InfluxSeries = {
  name: string
  columns: string[]
  values: (string | number | null)[][]
  tags?: Record<string, string>
}

/** Debian's influxd 1.6.7 on loopback, on a free port, in a temporary folder; `auth` makes an admin and asks for it. */
export async function startInflux({
  dir,
  auth,
}: { dir?: string; auth?: { user: string; password: string } } = {}): Promise<InfluxServer> {
  const folder = dir ?? mkdtempSync(join(tmpdir(), 'watchfire-influx-'))
  const [http, rpc] = await freePorts(2)
  const url = `http://127.0.0.1:${http}`
  const db = 'watchfire'
  const config = join(folder, 'influxdb.conf')
  const write = (withAuth: boolean) => writeFileSync(config, configOf(folder, http!, rpc!, withAuth))
  const credentials = auth ? { authorization: `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}` } : {}
  let process_: ChildProcess | null = null

  async function start(): Promise<void> {
    const child = spawn('influxd', ['-config', config], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-4_000)))
    let ended: string | null = null
    child.once('error', (error) => (ended = error.message))
    child.once('exit', (code, signal) => (ended ??= `it ended with ${code ?? signal}`))
    process_ = child
    for (let tries = 0; tries < 400; tries++) {
      if (ended !== null) throw new Error(`influxd did not start: ${ended}\n${said}`)
      const answer = await fetch(`${url}/ping`).catch(() => null)
      if (answer?.status === 204) return
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    throw new Error(`influxd does not answer on ${url}\n${said}`)
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = process_
    process_ = null
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await gone
  }

  async function query(q: string, database = db): Promise<InfluxSeries[]> {
    const body = new URLSearchParams({ q, db: database, epoch: 'ms' })
    const answer = await fetch(`${url}/query`, { method: 'POST', body, headers: credentials })
    const { results, error } = (await answer.json()) as {
      error?: string
      results?: { series?: InfluxSeries[]; error?: string }[]
    }
    const failed = error ?? results?.find((result) => result.error !== undefined)?.error
    if (failed !== undefined) throw new Error(`InfluxDB: ${failed} (${q})`)
    return results?.[0]?.series ?? []
  }

  // Readings of tests are years apart: one shard holds them all, thousands would take seconds to open.
  const createDatabase = async (name: string) => {
    await query(`CREATE DATABASE "${name}" WITH DURATION INF SHARD DURATION 5200w NAME "autogen"`)
  }

  write(false)
  await start()
  await createDatabase(db)
  if (auth) {
    await query(`CREATE USER "${auth.user}" WITH PASSWORD '${auth.password}' WITH ALL PRIVILEGES`)
    await end('SIGTERM')
    write(true)
    await start()
  }
  return {
    url,
    db,
    query,
    createDatabase,
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async dispose() {
      await end('SIGKILL')
      if (dir === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

const configOf = (folder: string, http: number, rpc: number, auth: boolean) => `
reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  query-log-enabled = false
[coordinator]
  query-timeout = "60s"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${http}"
  auth-enabled = ${auth}
  log-enabled = false
[continuous_queries]
  enabled = false
[logging]
  level = "warn"
`

export async function freePorts(n: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: n },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer()
          server.once('error', reject)
          server.listen(0, '127.0.0.1', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
