import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { hasChromium, launchChromium } from './chromium.ts'
import { furnish } from './district.ts'
import { FakePlatform } from './fake-platform.ts'
import { buildPages, eventually, openPage } from './pages.ts'

const HOUR = 3_600_000
const shots = process.env['WATCHFIRE_TEST_SHOTS']

describe.skipIf(!hasChromium())('windows', () => {
  let browser: Browser
  let platform: FakePlatform
  let windows: Record<string, unknown>[]
  beforeAll(async () => {
    await buildPages()
    browser = await launchChromium()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    platform = await FakePlatform.start()
    furnish(platform)
    const { now } = platform
    const nobody = { confirmedBy: null, confirmedAt: null, refusedBy: null, refusedAt: null, endedBy: null, endedAt: null }
    const one = (id: string, device: string, over: object) => ({
      ...{ id, enterpriseId: 'binjiang', points: [{ device, metric: 'combustibleLel' }], rules: [], reason: '二号罐区季度标定' },
      ...{ from: now - HOUR / 4, until: now + HOUR, byEnterprise: true, declaredBy: 'p-anna', declaredAt: now - HOUR / 3 },
      ...{ ...nobody, comment: null },
      ...over,
    })
    const confirmed = { confirmedBy: 'p-bert', confirmedAt: now - HOUR / 4 }
    windows = [
      one('w-1', 'GAS-1', { kind: 'calibration', state: 'waiting', secondFor: ['test'] }),
      one('w-2', 'GAS-2', { kind: 'calibration', state: 'in-force', ...confirmed }),
      one('w-3', 'GAS-3', {
        ...{ kind: 'hot-work', state: 'in-force', byEnterprise: false, rules: ['gas.combustible'], reason: '装卸区管线焊接' },
      }),
      one('w-5', 'GAS-5', {
        ...{ kind: 'maintenance', state: 'waiting', byEnterprise: false, rules: ['silent', 'gas.combustible'] },
        ...{ secondFor: ['integrity', 'many'], reason: '更换网关' },
      }),
      one('w-6', 'GAS-6', {
        ...{ kind: 'panel-test', state: 'over', byDevice: true, byEnterprise: false, declaredBy: 'device:GAS-6' },
        ...{ until: now - HOUR / 8 },
      }),
      one('w-4', 'GAS-4', { kind: 'maintenance', state: 'lapsed', rules: ['gas.combustible'], until: now - 60_000 }),
    ]
    platform.route('GET', '/windows', () => ({ body: { windows, people: { 'p-anna': '安娜', 'p-bert': '李工' } } }))
    platform.route('GET', '/rules', () => ({
      body: { rules: [{ id: 'gas.combustible', title: { zh: '可燃气体', en: 'Combustible gas' } }], faults: [] },
    }))
  })
  afterEach(() => platform.stop())

  test('what waits is confirmed or refused with a reason, and a refusal by the platform is told in words', async () => {
    platform.route('POST', '/windows/:id/confirm', () => ({ status: 403, body: { error: { code: 'own-window', message: 'x' } } }))
    platform.route('POST', '/windows/:id/refuse', () => ({ body: {} }))
    await using watched = await openPage(browser, `${platform.url}/windows`, { width: 1440, height: 900 })
    const { page } = watched
    const waiting = page.locator('[data-window=w-1]')
    await waiting.waitFor()
    expect(await page.locator('[data-zone=windows][data-state=in-force] tbody tr').count()).toBe(2)
    expect(await page.locator('[data-window=w-3]').innerText()).toContain('生命安全报警照常报')
    // What it names stands there in words, and why one person was not enough.
    const work = await page.locator('[data-window=w-5]').innerText()
    expect(work).toContain('仅:无数据、可燃气体')
    expect(work).toContain('须第二人确认:含防拆、旁路、故障、离线等规则、超过 20 个测点')
    expect(await page.locator('main').innerText()).not.toContain('gas.combustible')
    expect(await page.locator('[data-window=w-6]').innerText()).toContain('已到上限,其报警按真实处理')
    if (shots) await page.screenshot({ path: `${shots}/windows.png`, fullPage: true })
    await page.locator('[data-action=language]').click()
    await eventually(async () =>
      expect(await page.locator('[data-window=w-5]').innerText()).toContain('Only: no data, Combustible gas'),
    )
    if (shots) await page.screenshot({ path: `${shots}/windows-en.png`, fullPage: true })
    await page.locator('[data-action=language]').click()
    await waiting.locator('[data-action=confirm]').click()
    await eventually(async () => expect(await waiting.innerText()).toContain('须由第二人确认'))
    await waiting.locator('[data-action=refuse]').click()
    const now = waiting.locator('[data-action=refuse-now]')
    expect(await now.isDisabled()).toBe(true)
    await waiting.locator('input').fill('现场没有标准气')
    await now.click()
    await eventually(() =>
      expect(platform.calls).toContainEqual(
        expect.objectContaining({ method: 'POST', path: '/windows/w-1/refuse', body: { reason: '现场没有标准气' } }),
      ),
    )
  })

  test('declaring names points, alarms where they are to be named, a length its kind allows, and why', async () => {
    const inTheWay = { device: 'GAS-5', window: 'w-2', until: platform.now + HOUR, possibleAt: platform.now + 3 * HOUR }
    let refusals = 1
    platform.route('POST', '/windows', () =>
      refusals-- > 0
        ? { status: 409, body: { error: { code: 'window-test-too-soon', message: 'x', details: inTheWay } } }
        : { status: 201, body: {} },
    )
    await using watched = await openPage(browser, `${platform.url}/windows`, { width: 1440, height: 900 })
    const { page } = watched
    await page.locator('[data-action=declare]').click()
    const form = page.locator('[data-zone=declare]')
    expect(await form.locator('[name=minutes] option').count()).toBe(4)
    await form.locator('input[value=hot-work]').check()
    expect(await form.locator('[name=minutes] option').count()).toBe(6)
    await form.locator('[name=enterprise]').selectOption('binjiang')
    await form.locator('input[value=GAS-5]').check()
    expect(await form.locator('[type=submit]').isDisabled()).toBe(true)
    await form.locator('input[value="gas.combustible"]').check()
    await form.locator('[name=reason]').fill('二号罐区动火')
    await form.locator('[name=minutes]').selectOption('240')
    expect(await form.locator('[data-zone=second]').innerText()).toBe('须第二人确认:超过 2 小时')
    await form.locator('[type=submit]').click()
    await eventually(async () => expect(await form.locator('[role=alert]').innerText()).toContain('已被窗口 w-2 覆盖至'))
    if (shots) await page.screenshot({ path: `${shots}/declare.png` })
    await form.locator('[type=submit]').click()
    await eventually(() => {
      const { body } = platform.calls.find(({ method, path }) => method === 'POST' && path === '/windows')!
      expect(body).toMatchObject({
        kind: 'hot-work',
        points: [{ device: 'GAS-5' }],
        rules: ['gas.combustible'],
        reason: '二号罐区动火',
      })
    })
    await eventually(async () => expect(await form.count()).toBe(0))
  })

  test('the desk has a line for windows that run or wait, with the way to them; a wall has none', async () => {
    const notices = [{ code: 'windows-running', text: '2', since: platform.now - 60_000 }]
    platform.platform = { ...platform.platform, notices }
    await using watched = await openPage(browser, `${platform.url}/desk`, { width: 1440, height: 900 })
    const { page } = watched
    const notice = page.locator('[data-zone=notice][data-state=windows-running]')
    await notice.waitFor()
    expect(await notice.innerText()).toContain('企业或主机测试窗口生效中')
    expect(await notice.innerText()).toContain('2')
    if (shots) await page.screenshot({ path: `${shots}/desk.png` })
    await page.locator('[data-action=language]').click()
    await eventually(async () => expect(await notice.innerText()).toContain('Windows of enterprises or panels in force'))
    if (shots) await page.screenshot({ path: `${shots}/desk-en.png` })
    await notice.locator('[data-action=windows]').click()
    await page.waitForURL('**/windows')
    await page.locator('[data-window=w-1]').waitFor()
    expect(await page.locator('[data-zone=notice]').count()).toBe(0)
  })

  test('on the wall a device under calibration is grey and says so, and does not count as normal', async () => {
    platform.devices = new Map([...platform.devices].filter(([id]) => id.startsWith('GAS-')).slice(0, 5))
    await using watched = await openPage(browser, `${platform.url}/wall?z2=devices`)
    const { page } = watched
    const row = page.locator('[data-zone=devices][data-device=GAS-2]').first()
    await row.waitFor()
    const rest = page.locator('[data-zone=devices-rest]')
    expect(await rest.getAttribute('data-online')).toBe('5')
    const test = { kind: 'calibration' as const, metrics: ['combustibleLel'], until: platform.now + HOUR }
    platform.device({ ...platform.devices.get('GAS-2')!, test })
    await eventually(async () => expect(await row.locator('.state').innerText()).toBe('标定中'))
    expect(await rest.getAttribute('data-online')).toBe('4')
    expect(await rest.locator('[data-count=testing]').innerText()).toContain('1')
    const colour = (device: string) =>
      page.locator(`.measured[data-device=${device}] .number`).evaluate((element) => getComputedStyle(element).color)
    expect(await colour('GAS-2')).not.toBe(await colour('GAS-3'))
    if (shots) await page.screenshot({ path: `${shots}/wall.png` })
  })
})
