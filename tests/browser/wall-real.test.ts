import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import type { Snapshot } from '../../core/live.ts'
import { inOrder } from '../../dashboards/replay/drawing.ts'
import { ADMIN_PASSWORD, startProcess, type PlatformProcess } from '../flow/platform-process.ts'
import { hasChromium, KIOSK, launchChromium } from './chromium.ts'
import { buildPages, eventually } from './pages.ts'
import { keepShot, listed, shownCounters } from './wall-stage.ts'

/** Between browser and platform: a cable that can be pulled. */
async function cable(target: number): Promise<{ port: number; cut(): void; mend(): void; close(): void }> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server: Server = createServer((from) => {
    if (isCut) return void from.destroy()
    const to = connect(target, '127.0.0.1')
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true
      cutAll()
    },
    mend: () => void (isCut = false),
    close() {
      cutAll()
      server.close()
    },
  }
}

describe.skipIf(!hasChromium())('the wall of a real platform', () => {
  let platform: PlatformProcess
  let browser: Browser
  let wire: Awaited<ReturnType<typeof cable>>
  let wall: Page
  let desk: Page

  beforeAll(async () => {
    await buildPages()
    platform = await startProcess()
    wire = await cable(Number(new URL(platform.http).port))
    browser = await launchChromium(KIOSK)
    const open = async (base: string, path: string) => {
      const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } })
      const answer = await context.request.post(`${base}/api/v1/session`, {
        data: { username: 'admin', password: ADMIN_PASSWORD },
        headers: { origin: base },
      })
      expect(answer.status()).toBeLessThan(300)
      const page = await context.newPage()
      await page.goto(`${base}${path}`)
      return page
    }
    wall = await open(`http://127.0.0.1:${wire.port}`, '/wall?name=hall')
    desk = await open(platform.http, '/desk')
    await wall.waitForSelector('[data-zone=heartbeat][data-state=live]', { timeout: 30_000 })
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    wire?.close()
    platform?.child.kill('SIGCONT')
    await platform?.kill()
  })

  const seenAfterMs = async (act: () => void) => {
    const at = Date.now()
    act()
    await wall.waitForSelector('[data-zone=heartbeat]:not([data-state=live])', { timeout: 15_000 })
    const cellMs = Date.now() - at
    await wall.waitForSelector('[data-zone=banner][data-state=interrupted]', { timeout: 15_000 })
    return { cellMs, bannerMs: Date.now() - at }
  }
  const restored = async () => {
    await wall.waitForSelector('[data-zone=heartbeat][data-state=live]', { timeout: 30_000 })
    await eventually(async () => expect(await wall.locator('[data-zone=banner][data-state=interrupted]').count()).toBe(0))
  }

  test('a platform that is stopped dead is seen within five seconds, and so is that it is back', async () => {
    const { cellMs, bannerMs } = await seenAfterMs(() => platform.child.kill('SIGSTOP'))
    await keepShot(wall, 'stopped')
    platform.child.kill('SIGCONT')
    process.stderr.write(`SIGSTOP seen after ${cellMs} ms (cell), ${bannerMs} ms (banner)\n`)
    expect(cellMs).toBeLessThan(5_000)
    expect(bannerMs).toBeLessThan(5_000)
    await restored()
  })

  test('a cut cable is seen within five seconds, and the wall comes back by itself when it is mended', async () => {
    const { cellMs, bannerMs } = await seenAfterMs(() => wire.cut())
    process.stderr.write(`cut socket seen after ${cellMs} ms (cell), ${bannerMs} ms (banner)\n`)
    expect(cellMs).toBeLessThan(5_000)
    expect(bannerMs).toBeLessThan(5_000)
    expect(await wall.locator('[data-zone=banner]').innerText()).toMatch(/正在重连\(第 \d+ 次\)/)
    wire.mend()
    await restored()
  })

  test('F47: a moment is shown again with the same hash, live counters stay, and a live red brings the wall back', async () => {
    const { id: enterpriseId } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', {
      name: '滨江化工',
      region: '370102',
    })
    const install = async (name: string) => {
      const device = { enterpriseId, kind: 'gas-detector', name, attributes: { substance: 'ch4' } }
      return (await platform.call<{ token: string }>('POST', '/api/v1/devices', device)).token
    }
    const [first, second] = [await install('GAS-01'), await install('GAS-02')]
    const publish = (token: string, combustibleLel: number) =>
      platform.ask('POST', `/api/v1/${token}/telemetry`, { combustibleLel })
    const reds = (page: Page, { unacknowledged, open }: { unacknowledged: number; open: number }) =>
      eventually(async () => expect((await shownCounters(page))['red']).toEqual({ unacknowledged, open }), 15_000)
    await publish(first, 5)
    const calm = Date.now()
    await publish(first, 60)
    await reds(wall, { unacknowledged: 1, open: 1 })
    const shownLive = await listed(wall)
    const at = Date.now()
    const { alarms } = await platform.call<{ alarms: Alarm[] }>('GET', '/api/v1/alarms?open=true')
    await platform.call('POST', `/api/v1/alarms/${alarms[0]!.id}/acknowledge`, { version: alarms[0]!.version })
    await reds(wall, { unacknowledged: 0, open: 1 })

    // What a page of the present was sent is what the past gives back, but for numbers of its connection and how the parts were.
    const socket = io(`${platform.http}/live`, { transports: ['websocket'], auth: { token: await platform.token() } })
    await setTimeout(300)
    const sent = await new Promise<Snapshot>((resolve) => {
      socket.on('snapshot', resolve)
      socket.emit('subscribe', {}, () => socket.emit('snapshot', {}, () => undefined))
    })
    socket.disconnect()
    const again = await platform.call<{ snapshot: Snapshot; readings: string }>('GET', `/api/v1/wall?at=${sent.serverTs}`)
    const { platform: parts } = again.snapshot
    expect(again).toMatchObject({ readings: 'kept', source: 'journal', downSince: null })
    expect([sent.devices.length, sent.readings.length, sent.alarms.length]).toEqual([2, 1, 1])
    expect(again.snapshot).toEqual(
      inOrder({ ...sent, epoch: 'replay', seq: 0, platform: { ...sent.platform, notices: parts.notices } }),
    )

    const past = await desk.context().newPage()
    await past.clock.install()
    const bar = past.locator('[data-zone=replay]')
    const shown = async (state = 'shown') => {
      await past.waitForSelector(`[data-zone=replay][data-state=${state}]`, { timeout: 15_000 })
      return { at: Number(await bar.getAttribute('data-at')), hash: await bar.getAttribute('data-hash') }
    }
    // A moment that has not come leaves nothing on the screen that might be taken for the present.
    await past.goto(`${platform.http}/wall?at=2538-12-10T10:00`)
    await shown('failed')
    expect(await past.locator('[data-zone=past-empty]').innerText()).toBe('这个时刻还没有到')
    const typed = async (text: string) => {
      await past.fill('[data-zone=replay] input', text)
      await past.keyboard.press('Enter')
    }
    await typed(new Date(at).toISOString())
    const { hash } = await shown()
    await reds(past, { unacknowledged: 1, open: 1 })
    expect(await listed(past)).toEqual(shownLive)
    expect(await past.locator('[data-zone=present] [data-level=red]').innerText()).toMatch(/^红 0\s*\/\s*1$/)
    for (const zone of ['heartbeat', 'sound', 'duty', 'banner', 'spoken-zone'])
      expect(await past.locator(`[data-zone=${zone}]`).count(), zone).toBe(0)
    await keepShot(past, 'replay')
    await past.reload()
    expect(await shown()).toEqual({ at, hash })
    expect(past.url()).toContain(`at=${encodeURIComponent(new Date(at).toISOString())}`)

    await past.keyboard.press('PageDown')
    await reds(past, { unacknowledged: 0, open: 1 })
    expect((await shown()).at).toBeGreaterThan(at)
    await past.keyboard.press('PageUp')
    await reds(past, { unacknowledged: 1, open: 1 })
    expect((await shown()).at).toBeLessThanOrEqual(at)
    await typed(new Date(calm).toISOString())
    await reds(past, { unacknowledged: 0, open: 0 })
    await keepShot(past, 'replay-calm')
    // A moment whose readings are gone counts nobody as heard or silent.
    await past.route('**/api/v1/wall?*', async (route) => {
      const moment = (await (await route.fetch()).json()) as object
      await route.fulfill({ json: { ...moment, readings: 'gone', downSince: calm } })
    })
    await typed(String(calm))
    await eventually(async () => expect(await past.locator('[data-zone=readings-gone]').count()).toBe(3))
    expect(await bar.innerText()).toContain('平台当时未运行(自 ')
    await keepShot(past, 'replay-gone')
    await past.unroute('**/api/v1/wall?*')
    await typed('yesterday')
    await shown('failed')
    expect(await bar.innerText()).toMatch(/^回放 REPLAY [\d-]{10} [\d:]{8}\s+看不懂这个时刻/)
    await past.keyboard.press('Escape')
    await past.locator('[data-step="10"]').click()
    await shown()
    const { items } = await platform.call<{ items: { kind: string }[] }>('GET', '/api/v1/audit?kind=wall.viewed')
    expect(items).toHaveLength(1)

    await publish(second, 60)
    await shown('leaving')
    expect(await bar.innerText()).toContain('实时出现红色报警')
    await past.locator('body').press('l')
    await eventually(async () =>
      expect(await bar.innerText()).toMatch(/^REPLAY 回放 .*\s+A red alarm has come just now; back to live in \d+ s/),
    )
    await keepShot(past, 'replay-leaving')
    await past.clock.fastForward(11_000)
    await past.waitForSelector('[data-zone=heartbeat][data-state=live]', { timeout: 15_000 })
    expect(await bar.count()).toBe(0)
    expect(new URL(past.url()).search).toBe('')
    await past.close()
  }, 60_000)

  test('F28: a crashed tab is told of at the desk within fifteen seconds of its last beat, and no longer once the wall is back', async () => {
    // It has said that it is there.
    await eventually(async () => {
      const metrics = await (await fetch(`${platform.http}/metrics`)).text()
      expect(metrics).toMatch(/watchfire_walls\{[^}]*\} 1/)
    }, 15_000)
    const session = await wall.context().newCDPSession(wall)
    const at = Date.now()
    const crashed = wall.waitForEvent('crash')
    void session.send('Page.crash').catch(() => undefined)
    await crashed
    const notice = desk.locator('[data-zone=notice][data-state=wall-offline]')
    await notice.waitFor({ timeout: 25_000 })
    process.stderr.write(`crashed tab seen at the desk after ${Date.now() - at} ms\n`)
    expect(Date.now() - at).toBeLessThan(16_000)
    expect(await notice.innerText()).toMatch(/^大屏离线 · hall · 00:\d\d$/)
    const again = await wall.context().newPage()
    await again.goto(`http://127.0.0.1:${wire.port}/wall?name=hall`)
    await eventually(async () => expect(await notice.count()).toBe(0), 15_000)
  })
})
