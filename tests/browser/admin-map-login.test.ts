import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encoderOf } from '../../ingest/encoding.ts'
import { ADMIN_PASSWORD, Stage } from '../dashboards/stage.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import { furnish, makeAlarm } from './district.ts'
import { dist, FakePlatform } from './fake-platform.ts'
import { buildPages, eventually, openPage } from './pages.ts'

describe.skipIf(!hasChromium())('admin, map and login', () => {
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
  const open = (path: string) => openPage(browser, platform.url + path, { width: 1440, height: 900 })

  test('a new device’s token is shown once with the line that sends its first reading; a fault stands at its field', async () => {
    await using admin = await open('/admin')
    const { page } = admin
    await page.locator('.add').click()
    await page.locator('form .primary').click()
    expect(await page.locator('[data-field=name]').innerText()).toBe('必填')
    await page.fill('[name=name]', '坏')
    await page.selectOption('[name=kind]', 'hydrant')
    await page.selectOption('[name=enterpriseId]', 'binjiang')
    await page.fill('[name=attributes]', 'substance=ch4\nexpectedPeriodMs=5000')
    await page.locator('form .primary').click()
    expect(await page.locator('[data-field=latitude]').innerText()).toContain('latitude')
    await page.fill('[name=name]', '新消火栓')
    await page.locator('form .primary').click()
    await page.waitForSelector('[data-zone=token]')
    expect(await page.locator('[data-copy=token]').innerText()).toBe('wf_3nXyQe7bK1tR9uVw')
    expect(await page.locator('[data-copy=line]').innerText()).toMatch(
      /^mosquitto_pub -h 127\.0\.0\.1 -p 1883 -q 1 -u 'wf_3nXyQe7bK1tR9uVw' -t v1\/devices\/me\/telemetry -m '\{"pressureMpa":0\.35\}'$/,
    )
    expect(platform.calls.filter(({ method }) => method === 'POST').at(-1)?.body).toEqual({
      name: '新消火栓',
      kind: 'hydrant',
      enterpriseId: 'binjiang',
      mode: 'live',
      attributes: { substance: 'ch4', expectedPeriodMs: 5000 },
    })
    await page.locator('[data-zone=token] .primary').click()
    expect(await page.content()).not.toContain('wf_3nXyQe7bK1tR9uVw')
  })

  test('a field that does not fit says what belongs there in the language of the page, not the pattern of the server', async () => {
    platform.route('POST', '/enterprises', () => ({
      status: 400,
      body: { error: { code: 'invalid', message: 'region must match pattern "^[0-9]{6,12}$"', details: { field: 'region' } } },
    }))
    await using admin = await open('/admin#enterprises')
    const { page } = admin
    await page.locator('.add').click()
    await page.fill('[name=name]', '江南化工')
    await page.fill('[name=region]', '3202')
    await page.locator('form .primary').click()
    expect(await page.locator('[data-field=region]').innerText()).toBe('输入有误 · 6–12 位数字,GB/T 2260')
  })

  test('a sheet is checked, its good rows go in after the mode is chosen, tokens and bad rows are downloaded', async () => {
    const stage = await Stage.start({ distDir: dist })
    try {
      await using admin = await openPage(browser, `${stage.url}/login`, { width: 1440, height: 900 })
      const { page } = admin
      await page.fill('[name=username]', 'admin')
      await page.fill('[name=password]', ADMIN_PASSWORD)
      await page.locator('.primary').click()
      // Nothing is there yet: the first steps lead here.
      await page.waitForURL(`${stage.url}/start`)
      await page.locator('[data-step=import] a[href="/admin#import"]').click()
      await page.waitForURL(`${stage.url}/admin#import`)
      const rows = [
        '企业名称,行政区划代码,设备名称,设备类型,设备编号',
        '滨江化工,330106,一号,气体探测器,GAS-1',
        '滨江化工,,二号,摄像头,GAS-2',
      ]
      const choose = (name: string, text: string | Uint8Array) =>
        page.setInputFiles('[name=sheet]', { name, mimeType: 'text/csv', buffer: Buffer.from(text) })
      await choose('台账.xlsx', 'PK\u0003\u0004')
      await page.waitForSelector('[role=alert]')
      expect(await page.locator('[role=alert]').innerText()).toContain('Excel 工作簿')
      await choose('台账.csv', encoderOf('gbk')(rows.join('\r\n')))
      await page.waitForSelector('[data-dry-run=true]')
      expect(await page.locator('[data-zone=import-answer] h2').innerText()).toBe('1 行可导入，1 行待修正')
      expect(await page.locator('tr[data-row="3"]').innerText()).toContain('“设备类型”不能是“摄像头”')
      expect(await page.locator('[data-action=import]').isDisabled()).toBe(true)
      expect(stage.directory.registry.devices.size).toBe(0)
      await page.check('[name=mode][value=live]')
      const saved = async (action: string): Promise<string> => {
        const [download] = await Promise.all([page.waitForEvent('download'), page.locator(`[data-action=${action}]`).click()])
        return readFileSync(await download.path(), 'utf8')
      }
      // The tokens are on their way to the disk before anybody can lose them.
      expect(await saved('import')).toMatch(/\r\n2,一号,新增,GAS-1,wf_[A-Za-z0-9]{32}\r\n$/)
      await page.waitForSelector('[data-dry-run=false]')
      expect(stage.directory.registry.devices.get('GAS-1')).toMatchObject({ name: '一号', mode: 'live' })
      expect(await saved('bad')).toMatch(/滨江化工,,二号,摄像头,GAS-2,“设备类型”不能是“摄像头”；须是下列之一/)
      await page.locator('[data-action=another]').click()
      await page.waitForSelector('.drop')
    } finally {
      await stage.stop()
    }
  })

  test('retiring asks first', async () => {
    let retired = ''
    platform.route('POST', '/devices/:id/retire', ({ params }) => ({ body: { id: (retired = params[0]!) } }))
    await using admin = await open('/admin')
    const { page } = admin
    await page.locator('tr[data-id="GAS-4"] .acts button').last().click()
    expect(await page.locator('dialog').innerText()).toContain('可燃气体探测器 4')
    await page.locator('dialog button').first().click()
    expect(retired).toBe('')
    await page.locator('tr[data-id="GAS-4"] .acts button').last().click()
    await page.locator('[data-action=confirm]').click()
    await eventually(() => expect(retired).toBe('GAS-4'))
  })

  test('quarantined bytes are shown as text or hex with the faulty byte marked, never as markup', async () => {
    await using admin = await open('/admin#quarantine')
    const { page } = admin
    await page.waitForSelector('[data-zone=payload]')
    expect(await page.locator('[data-code=not-json] mark').innerText()).toBe(',')
    expect(await page.locator('[data-code=not-utf8] [data-zone=payload]').getAttribute('data-state')).toBe('hex')
    expect(await page.locator('[data-code=not-utf8] mark').innerText()).toBe('3c')
    expect(await page.locator('img').count()).toBe(0)
  })

  test('the map shows the worst alarm, moves vehicles as they report and lists devices without a position', async () => {
    platform.alarm(makeAlarm(platform.now, { deviceId: 'GAS-2' }))
    await using map = await open('/map')
    const { page } = map
    await page.waitForSelector('.spot[data-level=red]')
    expect(await page.locator('[data-zone=unplaced]').getAttribute('data-count')).toBe('5')
    const vehicle = page.locator('.spot[data-device="VEH-1"]')
    const before = (await vehicle.boundingBox())!
    const now = platform.now
    platform.reading(['VEH-1', 'latitude', 32.036, now, now, 0])
    await eventually(async () => expect((await vehicle.boundingBox())!.y).toBeLessThan(before.y - 20))
    await vehicle.click()
    expect(await page.locator('section[data-zone=panel]').innerText()).toContain('苏A·1037危')
    const here = (await vehicle.boundingBox())!
    await page.mouse.move(here.x + 60, here.y)
    await page.mouse.wheel(0, -400)
    await eventually(async () => expect((await vehicle.boundingBox())!.x).toBeLessThan(here.x - 20))
    await page.locator('[data-action=fit]').click()
    await page.waitForSelector('.spot[data-level=red]')
  })

  test('login says in words what is wrong, and goes only to our own pages', async () => {
    let answer: { status: number; body: unknown; headers?: Record<string, string> } = {
      status: 401,
      body: { error: { code: 'login-failed', message: 'no' } },
    }
    platform.route('POST', '/session', () => answer)
    await using login = await open('/login?next=//evil.example/')
    const { page } = login
    const submit = async () => {
      await page.fill('[name=username]', 'zhang')
      await page.fill('[name=password]', 'secret')
      await page.locator('.primary').click()
    }
    const says = (text: string) => eventually(async () => expect(await page.locator('.failure').innerText()).toBe(text))
    await submit()
    await says('用户名或密码不正确')
    answer = { status: 429, body: { error: { code: 'too-many-attempts', message: 'wait' } }, headers: { 'retry-after': '42' } }
    await submit()
    await says('尝试过于频繁,请在 42 秒后再试')
    answer = { status: 200, body: { token: 't', user: {} } }
    await submit()
    await page.waitForURL(`${platform.url}/desk`)
  })
})
