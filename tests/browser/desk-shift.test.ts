import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasChromium, launchChromium } from './chromium.ts'
import { furnish, makeAlarm } from './district.ts'
import { FakePlatform } from './fake-platform.ts'
import { buildPages, eventually } from './pages.ts'

describe.skipIf(!hasChromium())('the desk at the beginning of a shift', () => {
  let browser: Browser
  let platform: FakePlatform
  beforeAll(async () => {
    await buildPages()
    browser = await launchChromium()
    platform = await FakePlatform.start()
    furnish(platform)
  })
  afterAll(async () => {
    await browser.close()
    await platform.stop()
  })
  const desk = '[data-zone=queue]'

  test('the bar says what is blocked and how to unblock it, and stays until both are let through', async () => {
    const context = await browser.newContext({ viewport: { width: 1600, height: 900 } })
    const page = await context.newPage()
    await page.goto(`${platform.url}/desk`)
    const bar = page.locator('[data-zone=shift-bar]')
    await bar.waitFor()
    expect(await bar.innerText()).toMatch(/声音被浏览器挡住[\s\S]*点一下[\s\S]*通知未开启/)
    await bar.locator('[data-action=sound]').click()
    await eventually(async () => expect(await bar.locator('[data-state=sound]').count()).toBe(0))
    expect(await bar.innerText()).toContain('通知')
    await context.grantPermissions(['notifications'], { origin: platform.url })
    await bar.waitFor({ state: 'detached' })
    await context.close()
  })

  test('of two tabs one sounds, the one last worked in; when it is closed the other takes over', async () => {
    const context = await browser.newContext()
    const [first, second] = [await context.newPage(), await context.newPage()]
    for (const page of [first, second]) {
      await page.goto(`${platform.url}/desk`)
      await page.waitForSelector(desk)
    }
    const sounding = async () => Promise.all([first, second].map((page) => page.locator('.desk').getAttribute('data-sounds')))
    await eventually(async () => expect((await sounding()).toSorted()).toEqual(['false', 'true']))
    await first.evaluate(() => dispatchEvent(new Event('focus')))
    await eventually(async () => expect(await sounding()).toEqual(['true', 'false']))
    await first.close()
    await eventually(async () => expect(await second.locator('.desk').getAttribute('data-sounds')).toBe('true'))
    await context.close()
  })

  test('a new red is told by the browser while the tab is hidden, once, and an old one is not', async () => {
    const context = await browser.newContext()
    await context.grantPermissions(['notifications'], { origin: platform.url })
    await context.addInitScript(() => {
      const told: string[] = []
      Object.assign(globalThis, { told })
      class Told extends EventTarget {
        static permission = 'granted'
        constructor(title: string) {
          super()
          told.push(title)
        }
      }
      Object.assign(globalThis, { Notification: Told })
    })
    const old = makeAlarm(platform.now, { level: 'red' })
    platform.alarm(old)
    const page = await context.newPage()
    await page.goto(`${platform.url}/desk`)
    await page.waitForSelector(`[data-alarm="${old.id}"]`)
    await eventually(async () => expect(await page.locator('.desk').getAttribute('data-sounds')).toBe('true'))
    await page.evaluate(() => Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true }))
    const red = makeAlarm(platform.now, { level: 'red' })
    platform.alarm({ ...old, version: 2 })
    platform.alarm(makeAlarm(platform.now, { level: 'orange' }))
    platform.alarm(red)
    platform.alarm({ ...red, version: 2 })
    const told = () => page.evaluate(() => (globalThis as unknown as { told: string[] }).told)
    await eventually(async () => expect(await told()).toHaveLength(1))
    expect((await told())[0]).toContain('红色·一级')
    await context.close()
  })
})
