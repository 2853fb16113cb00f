import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { alarmPerformance } from '../../alerts/report/alarm-performance.ts'
import type { Annunciation } from '../../alerts/report/annunciations.ts'
import { defaultWeights } from '../../alerts/risk/default-weights.ts'
import { stepsToBlue, weighPlace, type PlaceFacts } from '../../alerts/risk/weigh.ts'
import type { ReportPeriod } from '../../core/performance.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import { furnish } from './district.ts'
import { FakePlatform } from './fake-platform.ts'
import { buildPages, eventually, openPage } from './pages.ts'

/** Midnight of 5 January 2026 in Shanghai. */
const MONDAY = Date.UTC(2026, 0, 4, 16)
const HOUR = 3_600_000
const DAY = 86_400_000
const link = '/reports?by=day&from=2026-01-03&to=2026-01-07'

const storm: Annunciation[] = Array.from({ length: 120 }, (_, i) => ({
  ...{
    at: MONDAY + 9 * HOUR + i * 20_000,
    level: i < 12 ? 'red' : 'yellow',
    rule: 'gas.h',
    subject: `GAS-${i % 3}/combustibleLel`,
  },
  ...{ device: `GAS-${(i % 3) + 1}`, enterprise: 'binjiang', alarm: `a${i}` },
  ...{ acknowledgedAt: i < 12 ? MONDAY + 9 * HOUR + i * 20_000 + 90_000 : null, inactiveAt: MONDAY + 10 * HOUR },
}))

describe.skipIf(!hasChromium())('reports', () => {
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
    platform.route('GET', '/reports/alarm-performance', ({ query }) => {
      const [from, to] = [Number(query.get('from')), Number(query.get('to'))]
      const asked = { mode: 'live', from, to, by: query.get('by') as ReportPeriod, shifts: [] }
      const read = (since: number, until: number) => storm.filter(({ at }) => at >= since && at < until)
      const report = alarmPerformance(asked, { knownFrom: MONDAY - DAY, asOf: MONDAY + 3 * DAY, zone: 'Asia/Shanghai', read })
      const names = { devices: { 'GAS-1': '可燃气体探测器 1' }, enterprises: { binjiang: '滨江化工有限公司' }, rules: {} }
      return { body: { ...report, names } }
    })
  })
  afterEach(() => platform.stop())
  const open = (path: string) => openPage(browser, platform.url + path, { width: 1440, height: 900 })

  test('what the standards want stands beside what was measured; a time without record is unknown, a quiet one is not', async () => {
    await using reports = await open(link)
    const { page } = reports
    await page.waitForSelector('[data-zone=report][data-state=shown]')
    const line = (name: string) => page.locator('[data-table=total] tr', { hasText: name })
    expect(await line('10 分钟内最多').innerText()).toMatch(/30\s+≤ 10\s+未达标/)
    expect(await line('陈旧报警').getAttribute('data-verdict')).toBe('met')
    expect(await line('红色确认用时中位').innerText()).toMatch(/01:30 \(12\)\s+≤ 01:00\s+未达标/)
    expect(await page.locator('[data-zone=top] tbody tr').count()).toBe(3)
    const days = page.locator('[data-zone=periods] tbody tr')
    expect(await days.count()).toBe(5)
    expect(await days.nth(0).innerText()).toMatch(/2026-01-03\s+未知/)
    expect(await days.nth(1).innerText()).toMatch(/2026-01-04\s+0\s/)
    expect(await days.nth(2).innerText()).toMatch(/2026-01-05\s+120\s/)
    // The controls are not printed, the figures are.
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('[data-zone=tools]').isVisible()).toBe(false)
    expect(await page.locator('[data-table=total]').isVisible()).toBe(true)
  })

  test('the address asks for the report; another period is another address; English by one key', async () => {
    await using reports = await open(link)
    const { page } = reports
    await page.selectOption('[name=by]', 'shift')
    await eventually(() => expect(new URL(page.url()).searchParams.get('by')).toBe('shift'))
    await eventually(async () => expect(await page.locator('[data-zone=periods] tbody tr').count()).toBe(11))
    await page.locator('h2').first().click()
    await page.keyboard.press('l')
    await eventually(async () => expect(await page.locator('h2').first().innerText()).toContain('Alarm-system performance'))
    expect(await page.locator('[data-zone=report]').innerText()).not.toMatch(/reports\./)
  })

  test('a report that cannot be read says why and is asked for again', async () => {
    let isWell = false
    const failing = { status: 503, body: { error: { code: 'catching-up', message: 'risk and rates are catching up' } } }
    platform.route('GET', '/kpi', () => (isWell ? { body: emptyDay } : failing))
    await using reports = await open('/reports#rates')
    const { page } = reports
    await page.waitForSelector('[data-zone=rates][data-state=failed]')
    expect(await page.locator('[data-zone=rates]').innerText()).toContain('平台正在')
    isWell = true
    await page.locator('[data-zone=rates] button').click()
    await page.waitForSelector('[data-zone=rates][data-state=empty]')
    expect(await page.locator('[data-kpi="device.online"]').innerText()).toMatch(/监测设备上线率\s+未知\s+≥ 95 %/)
  })

  test('risk says why it is orange and what makes it blue; unknown is hatched and never called blue', async () => {
    const none = { red: 0, orange: 0, yellow: 0, blue: 0 }
    const facts: PlaceFacts = {
      ...{ grade: 'major', active: { ...none, orange: 1 }, over: none, devices: 4, heard: 4, bypassed: 1, overdueTasks: null },
      waitedMs: { red: null, orange: null, yellow: null, blue: null },
    }
    const weighed = weighPlace(facts, defaultWeights)
    const common = { mode: 'live', atLeast: false, since: MONDAY, weightsVersion: 1, subject: 'enterprise' }
    const orange = { ...common, id: 'enterprise:binjiang', name: '滨江化工有限公司', enterpriseId: 'binjiang', ...weighed }
    const unknown = {
      ...common,
      id: 'enterprise:street',
      name: '江心洲街道办',
      enterpriseId: 'street',
      index: null,
      colour: 'unknown',
    }
    platform.route('GET', '/risk', () => ({
      body: { risks: [orange, unknown], counts: { red: 0, orange: 1, yellow: 0, blue: 0, unknown: 1 } },
    }))
    platform.route('GET', '/risk/:id', () => ({
      body: { ...orange, makesBlue: stepsToBlue(facts, defaultWeights), weights: defaultWeights },
    }))
    platform.route('GET', '/risk/:id/history', () => ({ body: { changes: [] } }))
    await using reports = await open('/reports#risk')
    const { page } = reports
    await page.waitForSelector('[data-zone=why]')
    const why = await page.locator('[data-zone=why]').innerText()
    expect(why).toMatch(/静态风险等级\s+重大\s+20\.0/)
    expect(why).toMatch(/旁路或停用设备占比\s+1 \/ 4\s+5\.0/)
    expect(why).toContain('消除 1 条橙色报警 → 25 黄')
    expect(why).toMatch(/逾期任务\s+任务尚未接入，不计分\s+0\.0/)
    expect(await page.locator('.row[data-colour=unknown] .risk').innerText()).toMatch(/\?\s*未知/)
    expect(await page.locator('.row[data-colour=unknown] i.unknown').count()).toBe(1)
  })
})

const emptyDay = {
  ...{
    day: '2026-01-05',
    from: MONDAY,
    to: MONDAY + DAY,
    complete: true,
    mode: 'live',
    region: null,
    sector: null,
    enterpriseId: null,
  },
  source: { facts: 'none', registryAt: MONDAY + DAY, coverage: null },
  kpis: [
    {
      ...{ id: 'device.online', name: { zh: '监测设备上线率', en: 'Devices: online' }, says: { zh: '公式', en: 'formula' } },
      ...{ formula: 'online', value: null, numerator: null, denominator: null, unknown: { zh: '没有记录', en: 'nothing known' } },
      ...{
        target: { atLeast: 0.95, from: '2020-01-01', source: '方案' },
        met: null,
        missing: [],
        missingCount: 0,
        source: '方案',
      },
    },
  ],
}
