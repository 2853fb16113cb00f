import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { LiveDevice } from '../../core/live.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import { kpis, makeAlarm, makeRisk } from './district.ts'
import { eventually, openPage } from './pages.ts'
import { keepShot, wallStage, type WallStage } from './wall-stage.ts'

/** Each zone is broken by something the server should never send; the page may complain, the other zones may not notice. */
const breaks: Record<string, (stage: WallStage) => void> = {
  'counters-zone': ({ platform }) =>
    platform.change({
      kind: 'alarm',
      alarm: makeAlarm(platform.now),
      counters: { red: { unacknowledged: 1, open: 1 } } as never,
    }),
  'devices-zone': ({ platform }) => platform.device({ ...platform.devices.get('GAS-1')!, faults: null } as unknown as LiveDevice),
  'trend-zone': ({ platform }) => {
    const rule = { id: 'gas.combustible', version: 3, limits: [null] }
    platform.route('GET', '/rules', () => ({ body: { rules: [rule] } }))
    platform.alarm(makeAlarm(platform.now))
  },
  'newest-zone': ({ platform }) => platform.alarm(makeAlarm(platform.now, { measuredAt: 1e20 })),
  'alarms-zone': ({ platform }) => platform.alarm(makeAlarm(1e20, { measuredAt: platform.now })),
  'risk-zone': ({ platform }) =>
    platform.change({ kind: 'risk', risk: { ...makeRisk('zone:x', null, 99, 'red'), id: null } as never }),
  'rates-zone': ({ platform }) => platform.route('GET', '/kpi', () => ({ body: { kpis: [{ ...kpis[0], name: null }] } })),
}

describe.skipIf(!hasChromium())('faults of the wall', () => {
  const stage = wallStage()
  const openUnwatched = async (query = ''): Promise<Page> => {
    const page = await stage.browser.newPage({ viewport: { width: 1920, height: 1080 } })
    await page.goto(`${stage.platform.url}/wall${query}`)
    await page.waitForSelector('[data-zone=clock]')
    return page
  }

  test.each(Object.keys(breaks))(
    'F19: when %s cannot be drawn it says so and starts again, and the others go on',
    async (zone) => {
      const { platform } = stage
      const early = zone === 'rates-zone' || zone === 'trend-zone'
      if (early) breaks[zone]!(stage)
      // The list of devices in the place of the map: it shows that readings go on.
      const page = await openUnwatched('?z2=devices')
      if (!early) breaks[zone]!(stage)
      const box = page.locator(`section[data-zone=${zone}]`)
      await eventually(async () => expect(await box.innerText()).toMatch(/本区异常,正在重启\([1-9]\)/), 4_000)
      // Again within two seconds: it is tried anew, for as long as it takes.
      await eventually(async () => expect(await box.innerText()).toMatch(/正在重启\([2-9]\)/), 4_000)
      const beats = () => page.locator('[data-zone=heartbeat]').getAttribute('data-beats')
      const before = Number(await beats())
      await eventually(async () => expect(Number(await beats())).toBeGreaterThan(before))
      const broken = page.locator('section[data-state=error]')
      await eventually(async () =>
        expect(
          await broken.evaluateAll((all) => all.map((one) => one.getAttribute('data-zone')).filter((name) => name !== null)),
        ).toEqual([zone]),
      )
      if (zone !== 'devices-zone') {
        platform.reading(['GAS-1', 'combustibleLel', 7.7, platform.now, platform.now, 0])
        await eventually(async () =>
          expect(await page.locator('.measured[data-device=GAS-1]').first().innerText()).toContain('7.7'),
        )
      }
      await page.close()
    },
  )

  test('F9: a browser that lets no sound through is named within two seconds, on the bar, across the wall and to the server', async () => {
    const silent = await launchChromium()
    try {
      const at = Date.now()
      await using wall = await openPage(silent, `${stage.platform.url}/wall`)
      await wall.page.waitForSelector('[data-zone=sound][data-state=off]', { timeout: 6_000 })
      await wall.page.waitForSelector('[data-zone=banner][data-state=soundless]')
      expect(await wall.page.evaluate(() => performance.now())).toBeLessThan(Date.now() - at + 4_000)
      expect(await wall.page.locator('[data-zone=banner]').innerText()).toContain('声音不可用')
      await eventually(() => expect(stage.platform.wallBeats.at(-1)?.sound).toBe('off'), 9_000)
    } finally {
      await silent.close()
    }
  })

  test('a page whose own thread hangs is covered by what another thread draws', async () => {
    await using wall = await stage.open()
    const { page } = wall
    await page.waitForTimeout(1_500)
    const session = await page.context().newCDPSession(page)
    // The browser's own process takes these from what is on the screen; the page is not asked.
    const frames: string[] = []
    session.on('Page.screencastFrame', ({ data: frame, sessionId }) => {
      frames.push(frame)
      void session.send('Page.screencastFrameAck', { sessionId }).catch(() => undefined)
    })
    await session.send('Page.startScreencast', { format: 'png', everyNthFrame: 1 })
    const until = Date.now() + 12_000
    const hang = page.evaluate((end) => {
      while (Date.now() < end);
    }, until)
    await new Promise((resolve) => setTimeout(resolve, until - Date.now() - 300))
    const whileHung = frames.at(-1)
    await hang
    const data = whileHung ?? ''
    expect(frames.length).toBeGreaterThan(0)
    const blank = await stage.browser.newPage()
    const bright = await blank.evaluate(async (png) => {
      const image = new Image()
      image.src = `data:image/png;base64,${png}`
      await image.decode()
      const canvas = new OffscreenCanvas(image.width, image.height)
      const context = canvas.getContext('2d')!
      context.drawImage(image, 0, 0)
      // The device scale of a screencast is its own; the banner's middle line is at a ninth of the height.
      return [...context.getImageData(image.width * 0.02, image.height * 0.095, 1, 1).data.slice(0, 3)]
    }, data)
    writeFileSync(join(import.meta.dirname, '../.out/wall-hung.png'), Buffer.from(data, 'base64'))
    await blank.close()
    expect(bright).toEqual([242, 242, 242])
  })

  test('a browser that is too old gets a plain page that names what it lacks', async () => {
    const page = await stage.browser.newPage({ viewport: { width: 1920, height: 1080 } })
    await page.addInitScript(() => {
      delete (globalThis as { ResizeObserver?: unknown }).ResizeObserver
      delete (Array.prototype as { at?: unknown }).at
    })
    await page.goto(`${stage.platform.url}/wall`)
    const floor = page.locator('[data-zone=floor]')
    await floor.waitFor()
    expect(await floor.innerText()).toMatch(/Chromium 94[\s\S]*ResizeObserver[\s\S]*Array\.prototype\.at/)
    await keepShot(page, 'floor')
    await page.close()
  })

  test('after a minute without a heartbeat every zone says that it is not to be trusted; the alarms stay', async () => {
    stage.platform.alarm(makeAlarm(stage.platform.now))
    const page = await openUnwatched()
    await page.clock.install()
    stage.platform.beating = false
    await page.clock.runFor(66_000)
    await eventually(async () => expect(await page.locator('.untrusted').count()).toBe(7), 10_000)
    expect(await page.locator('li[data-zone=alarms]').count()).toBe(1)
    await keepShot(page, 'untrusted')
    await page.close()
  })
})
