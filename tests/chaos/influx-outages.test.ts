import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import { startProcess, temporaryDir, type PlatformProcess } from '../flow/platform-process.ts'
import { startInflux, withoutInflux, type InfluxServer } from '../suites/influx-server.ts'
import { smallDisk } from './disks.ts'
import { accountAt, accountOf, Sender } from './influx-sender.ts'
import { SlowProxy } from './slow-proxy.ts'

type Ready = { status: string; parts: Record<string, { state: string; detail?: string }> }

/** One platform with an InfluxDB behind a proxy; everything ends with the test. */
class Scene {
  platform!: PlatformProcess
  sender!: Sender
  readonly dataDir = temporaryDir()
  readonly server: InfluxServer
  readonly proxy: SlowProxy
  #env: Record<string, string>

  private constructor(server: InfluxServer, proxy: SlowProxy, env: Record<string, string>) {
    this.server = server
    this.proxy = proxy
    this.#env = env
  }

  static async set(server: InfluxServer, env: Record<string, string> = {}): Promise<Scene> {
    const scene = new Scene(server, await SlowProxy.start(server.url), env)
    ends.push(() => scene.end())
    return scene
  }

  async startPlatform(): Promise<void> {
    const influx = {
      WATCHFIRE_STORE: 'influx',
      WATCHFIRE_INFLUX_URL: this.proxy.url,
      WATCHFIRE_INFLUX_BUCKET: this.server.db,
      WATCHFIRE_INFLUX_DIALECT: 'v1',
    }
    this.platform = await startProcess({ dataDir: this.dataDir, env: { ...influx, ...this.#env } })
    if (!this.sender) {
      const enterprise = { name: 'e', region: '370102' }
      const { id: enterpriseId } = await this.platform.call<{ id: string }>('POST', '/api/v1/enterprises', enterprise)
      const device = { enterpriseId, kind: 'hydrant', name: 'HYD-01' }
      const { id, token } = await this.platform.call<{ id: string; token: string }>('POST', '/api/v1/devices', device)
      this.sender = new Sender(id, token)
    }
    await this.sender.connect(this.platform.mqttPort)
  }

  async readyz(): Promise<Ready> {
    const { status, body } = await this.platform.ask('GET', '/readyz')
    expect(status).toBe(200)
    return body as Ready
  }

  degraded(reason: RegExp): Promise<void> {
    return vi.waitFor(
      async () => {
        const { status, parts } = await this.readyz()
        expect(status).toBe('degraded')
        expect(parts['influx']).toMatchObject({ state: 'degraded', detail: expect.stringMatching(reason) as string })
      },
      { timeout: 15_000, interval: 100 },
    )
  }

  /** Every acknowledged reading is at the server exactly once, and the platform says that it is well. */
  async whole(timeout = 20_000): Promise<void> {
    const owed = accountOf(this.sender)
    const { device } = this.sender
    await vi.waitFor(
      async () => {
        const [found] = await this.server.query(`SELECT count("flowLps") FROM "water" WHERE "device" = '${device}'`)
        expect(found?.values[0]?.[1]).toBe(owed.count)
      },
      { timeout, interval: 100 },
    )
    expect(await accountAt(this.server, this.sender)).toEqual(owed)
    await vi.waitFor(async () => expect((await this.readyz()).parts['influx']).toEqual({ state: 'ok' }), 5_000)
  }

  async figure(name: string): Promise<number> {
    const { body } = await this.platform.ask('GET', '/metrics')
    return Number(new RegExp(`^${name}\\{part="influx"\\} (\\S+)$`, 'm').exec(body as string)?.[1])
  }

  async end(): Promise<void> {
    await this.sender?.disconnect()
    await this.platform?.kill()
    await this.proxy.stop()
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})
async function influx(options: Parameters<typeof startInflux>[0] = {}): Promise<InfluxServer> {
  const server = await startInflux(options)
  ends.push(() => server.dispose())
  return server
}

describe.skipIf(withoutInflux)('InfluxDB', () => {
  test('dead at the start: the platform starts, answers and raises alarms; what was sent meanwhile is there once, later', async () => {
    const server = await influx()
    await server.stop()
    const scene = await Scene.set(server)
    await scene.startPlatform()
    await scene.sender.send(5_000)
    await scene.sender.publish({ tamper: 1 })
    await scene.degraded(/does not answer|takes no readings/)
    expect(await scene.figure('watchfire_outbox_lag_rows')).toBeGreaterThanOrEqual(5_000)
    expect(await scene.figure('watchfire_outbox_lag_seconds')).toBeGreaterThan(0)
    const { platform, sender } = scene
    const asked = `/api/v1/readings?device=${sender.device}&metric=flowLps&from=${Date.now() - 7_200_000}&to=${Date.now()}`
    const { series } = await platform.call<{ series: { points: unknown[] }[] }>('GET', asked)
    expect(series[0]!.points).toHaveLength(5_000)
    await vi.waitFor(async () => {
      const { alarms } = await platform.call<{ alarms: { metric: string }[] }>('GET', '/api/v1/alarms?open=true')
      expect(alarms.map(({ metric }) => metric)).toContain('tamper')
    }, 10_000)
    await server.start()
    await scene.whole()
    expect(await scene.figure('watchfire_outbox_lag_rows')).toBeLessThan(100)
  })

  test('away: what is only there is refused with 503, what is recent is answered', async () => {
    const server = await influx()
    const scene = await Scene.set(server, { WATCHFIRE_EMBEDDED_DAYS: '1' })
    await scene.startPlatform()
    const day = 86_400_000
    const now = Date.now()
    await scene.sender.publish([3 * day, 2 * day, 1_000].map((ago) => ({ ts: now - ago, values: { flowLps: 1 } })))
    await vi.waitFor(async () => expect((await accountAt(server, scene.sender)).count).toBe(3), 10_000)
    await scene.sender.disconnect()
    await scene.platform.kill('SIGTERM')
    // What a trim an hour later would write down: older readings have left this machine.
    const book = new DatabaseSync(join(scene.dataDir, 'outbox.db'))
    book.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run('localSince', now - day)
    book.close()
    await scene.startPlatform()
    const ask = async (from: number) => {
      const path = `/api/v1/readings?device=${scene.sender.device}&metric=flowLps&from=${from}&to=${now + 1}`
      return scene.platform.ask('GET', path, undefined, { authorization: `Bearer ${await scene.platform.token()}` })
    }
    expect(((await ask(now - 4 * day)).body as { series: { points: unknown[] }[] }).series[0]!.points).toHaveLength(3)
    await server.kill()
    expect(await ask(now - 4 * day)).toMatchObject({ status: 503, body: { error: { code: 'influx-unreachable' } } })
    expect(((await ask(now - day)).body as { series: { points: unknown[] }[] }).series[0]!.points).toHaveLength(1)
  })

  test('killed in the middle of a write: every acknowledged reading is there once', async () => {
    const server = await influx()
    const scene = await Scene.set(server)
    await scene.startPlatform()
    for (let round = 0; round < 3; round++) {
      const killed = new Promise<void>((resolve) => {
        scene.proxy.onHalfWrite = () => void server.kill().then(resolve)
      })
      await scene.sender.send(6_000)
      await killed
      await scene.sender.send(2_000)
      await server.start()
    }
    await scene.whole()
  })

  test('away for longer than any memory, over a SIGKILL of the platform: every acknowledged reading is there once', async () => {
    const server = await influx()
    const scene = await Scene.set(server)
    await scene.startPlatform()
    await scene.sender.send(1_000)
    await scene.whole()
    await server.kill()
    await scene.sender.send(20_000)
    await scene.sender.disconnect()
    await scene.platform.kill()
    await scene.startPlatform()
    await scene.sender.send(20_000)
    await scene.degraded(/about \d/)
    await server.start()
    await scene.whole(45_000)
  })

  test('slow, 2 s a request: the platform acknowledges as ever and every reading is there once', async () => {
    const server = await influx()
    const scene = await Scene.set(server)
    await scene.startPlatform()
    scene.proxy.treatment = { delayMs: 2_000 }
    const began = performance.now()
    await scene.sender.send(12_000)
    expect(performance.now() - began).toBeLessThan(5_000)
    await scene.whole(45_000)
  })

  const disk = withoutInflux ? null : smallDisk(48)
  test.skipIf(!disk)('its disk is full: readings wait until it has room and was started again, and are there once', async () => {
    ends.push(() => Promise.resolve(disk!.remove()))
    const server = await influx({ dir: disk!.dir })
    const scene = await Scene.set(server)
    await scene.startPlatform()
    await scene.sender.send(1_000)
    await scene.whole()
    const ballast = join(disk!.dir, 'ballast')
    for (let piece = 1 << 20; piece >= 512;) {
      try {
        appendFileSync(ballast, Buffer.alloc(piece))
      } catch {
        piece >>= 1
      }
    }
    await scene.sender.send(8_000)
    await scene.degraded(/InfluxDB answers 500/)
    rmSync(ballast)
    // 1.6.7 goes on refusing until it is started again, and then has only what it acknowledged.
    await server.stop()
    await server.start()
    await scene.whole()
  })

  test('the password is wrong: readings are held, somebody is called, and nothing was lost once it is right', async () => {
    const server = await influx({ auth: { user: 'root', password: 'root root' } })
    const secret = 'not yet known there'
    const scene = await Scene.set(server, { WATCHFIRE_INFLUX_USER: 'watchfire', WATCHFIRE_INFLUX_PASSWORD: secret })
    await scene.startPlatform()
    await scene.sender.send(3_000)
    await scene.degraded(/refuses the platform.*401/)
    await vi.waitFor(async () => expect(await partAlarms(scene)).toMatchObject([{ state: 'active', level: 'yellow' }]), 10_000)
    const { body } = await scene.platform.ask('GET', '/metrics')
    const basic = Buffer.from(`watchfire:${secret}`).toString('base64')
    for (const said of [scene.platform.stderr(), JSON.stringify(await scene.readyz()), body as string]) {
      expect(said).not.toContain(secret)
      expect(said).not.toContain(basic)
    }
    await server.query(`CREATE USER "watchfire" WITH PASSWORD '${secret}' WITH ALL PRIVILEGES`)
    await scene.whole()
    // Gone, but nobody has acknowledged it: it stays to be seen.
    await vi.waitFor(async () => expect(await partAlarms(scene)).toMatchObject([{ state: 'returned' }]), 10_000)
  })
})

async function partAlarms({ platform }: Scene): Promise<Alarm[]> {
  const { alarms } = await platform.call<{ alarms: Alarm[] }>('GET', '/api/v1/alarms?open=true')
  return alarms.filter(({ subject }) => subject === 'platform/influx/refused')
}
