import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { hasChromium, launchChromium } from './chromium.ts'
import { furnish, makeAlarm } from './district.ts'
import { FakePlatform } from './fake-platform.ts'
import { buildPages, eventually, openPage } from './pages.ts'

describe.skipIf(!hasChromium())('desk', () => {
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
  const openDesk = async () => {
    const watched = await openPage(browser, `${platform.url}/desk`, { width: 1600, height: 900 })
    await watched.page.waitForSelector('[data-zone=detail][data-alarm], [data-zone=queue] [data-state=empty]')
    return watched
  }
  const posts = () => platform.calls.filter(({ method }) => method === 'POST')

  test('the queue is in order of urgency, J and K move, A acknowledges with the version that was seen', async () => {
    const yellow = makeAlarm(platform.now - 60_000, { level: 'yellow', version: 4 })
    const red = makeAlarm(platform.now, { level: 'red', version: 2 })
    const done = makeAlarm(platform.now - 90_000, { level: 'red', state: 'acknowledged' })
    for (const alarm of [yellow, done, red]) platform.alarm(alarm)
    await using desk = await openDesk()
    const { page } = desk
    const order = await page.locator('li[data-alarm]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-alarm')))
    expect(order).toEqual([red.id, yellow.id, done.id])
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    await page.keyboard.press('j')
    await page.waitForSelector(`[data-zone=detail][data-alarm="${yellow.id}"]`)
    await page.keyboard.press('a')
    await page.waitForSelector('[data-zone=outcome][data-state=done]')
    expect(posts()).toMatchObject([{ path: `/alarms/${yellow.id}/acknowledge`, body: { version: 4 } }])
    await page.waitForSelector(`li[data-alarm="${yellow.id}"][data-state=acknowledged]`)
  })

  test('a long reason without a value is read whole, inside its card', async () => {
    const zh = '有毒气体通道没有说明是什么物质,或该物质没有限值,因此无法判断,请在设备属性中填写物质名称。'.repeat(3)
    platform.alarm(makeAlarm(platform.now, { limitName: null, limit: null, value: null, message: { zh, en: zh } }))
    await using desk = await openDesk()
    const heading = await desk.page.locator('[data-zone=detail] h1').evaluate((h1) => [h1.scrollWidth, h1.clientWidth])
    expect(heading[0]).toBeLessThanOrEqual(heading[1]!)
  })

  test('acknowledging what has changed meanwhile does nothing and shows what it has become', async () => {
    const alarm = makeAlarm(platform.now, { version: 1 })
    platform.alarm(alarm)
    await using desk = await openDesk()
    const { page } = desk
    platform.alarmUnseen({ ...alarm, version: 2, state: 'acknowledged', acknowledgedBy: '李四', acknowledgedAt: platform.now })
    await page.keyboard.press('a')
    const outcome = page.locator('[data-zone=outcome][data-state=conflict]')
    await outcome.waitFor()
    expect(await outcome.innerText()).toMatch(/未执行[\s\S]*未确认 · 红色 · 版本 1[\s\S]*已确认 · 红色 · 版本 2 · 李四 已确认/)
    expect(posts()).toHaveLength(1)
  })

  test('letters typed into the comment, or composed by an input method, are letters', async () => {
    platform.alarm(makeAlarm(platform.now))
    platform.alarm(makeAlarm(platform.now))
    await using desk = await openDesk()
    const { page } = desk
    const shown = () => page.locator('section[data-zone=detail]').getAttribute('data-alarm')
    const before = await shown()
    await page.locator('textarea').pressSequentially('ajkr')
    await page.evaluate(() => {
      const composing = { code: 'KeyA', key: 'Process', isComposing: true, bubbles: true }
      document.body.dispatchEvent(new KeyboardEvent('keydown', composing))
      document.body.dispatchEvent(new KeyboardEvent('keydown', { ...composing, code: 'KeyJ' }))
    })
    expect(await page.locator('textarea').inputValue()).toBe('ajkr')
    expect(await shown()).toBe(before)
    expect(posts()).toEqual([])
    await page.locator('[data-action=comment]').click()
    await page.waitForSelector('[data-zone=outcome][data-state=done]')
    expect(posts()).toMatchObject([{ body: { version: 1, comment: 'ajkr' } }])
  })

  test('a refusal is said in words and the alarm stays as it was', async () => {
    platform.alarm(makeAlarm(platform.now))
    platform.route('POST', '/alarms/:id/:action', () => ({
      status: 503,
      body: { error: { code: 'no-verdict', message: 'no verdict in 5 s' } },
    }))
    await using desk = await openDesk()
    const { page } = desk
    await page.locator('[data-action=acknowledge]').click()
    await page.waitForSelector('[data-zone=outcome][data-state=failed]')
    expect(await page.locator('[data-zone=outcome]').innerText()).toContain('操作已记录,但尚未得到执行结果')
    expect(await page.locator('section[data-zone=detail]').getAttribute('data-state')).toBe('active')
  })

  test('the detail shows limit, source, rule version, steps, timeline and the trend with both limits', async () => {
    platform.alarm(
      makeAlarm(platform.now - 60_000, { acknowledgedBy: '张三', acknowledgedAt: platform.now, state: 'acknowledged' }),
    )
    await using desk = await openDesk()
    const { page } = desk
    await page.waitForSelector('[data-zone=timeline] li:nth-child(3)')
    const text = await page.locator('section[data-zone=detail]').innerText()
    for (const part of ['52.3', '≥ 50 高高报 HH', 'GB/T 50493-2019', '第 3 版', '通知现场撤离', '推送已送出', '张三'])
      expect(text).toContain(part)
    await eventually(async () => {
      expect(await page.locator('.trend-chart .limit').count()).toBe(2)
      expect(await page.locator('.trend-chart path.line').getAttribute('d')).toMatch(/M.*M/)
    })
  })

  test('the demo’s story is told and can be started over; without a demo there is no panel', async () => {
    let restarted = 0
    platform.route('POST', '/demo/restart', () => ({ body: { restarted: ++restarted } }))
    await using desk = await openDesk()
    await desk.page.locator('[data-action=restart]').click()
    await eventually(() => expect(restarted).toBe(1))
    platform.route('GET', '/demo', () => ({ status: 404, body: { error: { code: 'not-found', message: '' } } }))
    await using plain = await openDesk()
    expect(await plain.page.locator('[data-zone=story]').count()).toBe(0)
  })

  test('a viewer sees everything and can change nothing', async () => {
    platform.alarm(makeAlarm(platform.now))
    const body = {
      user: { id: 'u', username: 'v', role: 'viewer', enterpriseId: null },
      mode: 'live',
      jurisdiction: 'x',
      zone: 'UTC',
      demo: false,
      version: '0',
    }
    platform.route('GET', '/session', () => ({ body }))
    await using desk = await openDesk()
    await eventually(async () =>
      expect(await desk.page.locator('section[data-zone=detail]').innerText()).toContain('您的角色只能查看'),
    )
    await desk.page.keyboard.press('a')
    expect(await desk.page.locator('[data-action=acknowledge]').isDisabled()).toBe(true)
    expect(posts()).toEqual([])
  })

  test('nobody is sent to the login page with the way back', async () => {
    platform.route('GET', '/session', () => ({
      body: { user: null, mode: 'live', jurisdiction: 'x', zone: 'UTC', demo: false, version: '0' },
    }))
    await using desk = await openPage(browser, `${platform.url}/desk`)
    await desk.page.waitForURL(/\/login\?next=%2Fdesk/)
  })
})
