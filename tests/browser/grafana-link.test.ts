import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { boardOf } from '../../core/grafana-board.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import { furnish, makeAlarm } from './district.ts'
import { FakePlatform } from './fake-platform.ts'
import { buildPages, openPage } from './pages.ts'

describe.skipIf(!hasChromium())('desk and Grafana', () => {
  let browser: Browser
  let platform: FakePlatform
  beforeAll(async () => {
    await buildPages()
    browser = await launchChromium()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    platform = await FakePlatform.start()
    furnish(platform)
  })
  afterEach(() => platform.stop())
  const told = (grafanaUrl: string | null) =>
    platform.route('GET', '/session', () => ({
      body: {
        user: { id: 'u1', username: 'admin', role: 'admin', enterpriseId: null },
        mode: platform.mode,
        jurisdiction: 'x',
        zone: 'Asia/Shanghai',
        demo: false,
        version: '0',
        grafanaUrl,
      },
    }))
  const open = async (query = '') => {
    const watched = await openPage(browser, `${platform.url}/desk${query}`, { width: 1600, height: 900 })
    await watched.page.waitForSelector('[data-zone=detail][data-alarm]')
    return watched
  }

  test('an alarm leads to the dashboard of its kind of device, at its device, with the quarter of an hour before it', async () => {
    told('https://grafana.example.org/')
    const alarm = makeAlarm(platform.now)
    platform.alarm(alarm)
    await using desk = await open()
    const link = desk.page.locator('a[data-zone=grafana]')
    await link.waitFor()
    expect(await link.innerText()).toBe('在 Grafana 中查看')
    expect(await link.getAttribute('rel')).toBe('noopener')
    const url = new URL((await link.getAttribute('href'))!)
    const kind = platform.devices.get(alarm.deviceId)!.kind
    expect(url.pathname).toBe(`/d/${boardOf(kind)}`)
    expect(url.searchParams.get('var-device')).toBe(alarm.deviceId)
    expect(url.searchParams.get('var-mode')).toBe(alarm.mode)
    expect(url.searchParams.get('var-watchfire')).toBe(new URL(platform.url).origin)
    expect(Number(url.searchParams.get('from'))).toBe(alarm.measuredAt - 15 * 60_000)
    expect(Number(url.searchParams.get('to'))).toBeGreaterThanOrEqual(alarm.measuredAt + 15 * 60_000)
  })

  test('without a Grafana there is no link', async () => {
    told(null)
    platform.alarm(makeAlarm(platform.now))
    await using desk = await open()
    expect(await desk.page.locator('a[data-zone=grafana]').count()).toBe(0)
  })

  test('a link from Grafana opens the desk at the alarm of its device', async () => {
    told(null)
    const first = makeAlarm(platform.now, { level: 'red' })
    const other = makeAlarm(platform.now, { level: 'yellow', deviceId: 'GAS-3' })
    platform.alarm(first)
    platform.alarm(other)
    await using desk = await open('?device=GAS-3')
    await desk.page.waitForSelector(`[data-zone=detail][data-alarm="${other.id}"]`)
    await desk.page.keyboard.press('k')
    await desk.page.waitForSelector(`[data-zone=detail][data-alarm="${first.id}"]`)
  })
})
