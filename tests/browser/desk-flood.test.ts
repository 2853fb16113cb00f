import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { hasChromium, launchChromium } from './chromium.ts'
import { furnish, makeAlarm } from './district.ts'
import { FakePlatform } from './fake-platform.ts'
import { buildPages } from './pages.ts'

let browser: Browser
let platform: FakePlatform
beforeAll(async () => {
  await buildPages()
  if (hasChromium()) browser = await launchChromium()
})
afterAll(() => browser?.close())
beforeEach(async () => {
  platform = await FakePlatform.start()
  furnish(platform)
})
afterEach(() => platform.stop())

test.skipIf(!hasChromium())(
  '5,000 alarms are on the desk within a second, and a filter answers within a tenth of one',
  async () => {
    const kinds = ['GAS-', 'SMK-', 'HYD-']
    for (let n = 0; n < 5_000; n++) {
      const level = (['yellow', 'blue', 'orange'] as const)[n % 3]!
      const deviceId = `${kinds[n % 3]}${1 + (n % 20)}`
      const alarm = makeAlarm(platform.now - n * 1000, { level, deviceId, state: n % 2 === 0 ? 'active' : 'acknowledged' })
      platform.alarms.set(alarm.id, alarm)
    }
    const page = await browser.newPage({ viewport: { width: 1600, height: 900 } })
    // What the page itself costs, whatever else this machine is doing.
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' })
    const cpuMs = async () => {
      const { metrics } = await cdp.send('Performance.getMetrics')
      return metrics.find(({ name }) => name === 'TaskDuration')!.value * 1000
    }
    await page.goto(`${platform.url}/desk`)
    await page.waitForSelector('[data-zone=detail][data-alarm]')
    const paintedMs = await cpuMs()
    const filterMs: number[] = []
    for (const level of ['blue', 'orange', 'yellow', 'blue', 'yellow']) {
      const before = await cpuMs()
      await page.selectOption('[data-zone=filters] [name=level]', level)
      await page.waitForSelector(`li[role=option]:first-child[data-level=${level}]`)
      filterMs.push((await cpuMs()) - before)
    }
    expect(await page.locator('li[role=option]').count()).toBeLessThanOrEqual(80)
    expect(await page.locator('[data-zone=hidden]').getAttribute('data-hidden')).toMatch(/^333\d$/)
    // The budgets (1 s, 100 ms) are for a desk's own machine and stand in docs/benchmarks.md; what is far over them is a fault anywhere.
    expect(paintedMs).toBeLessThan(3_000)
    expect(filterMs.toSorted((a, b) => a - b)[1]).toBeLessThan(500)
    process.stdout.write(
      `desk, 5000 alarms: ${Math.round(paintedMs)} ms to paint, filter ${filterMs.map(Math.round).join(' ')} ms\n`,
    )
    await page.close()
  },
)
