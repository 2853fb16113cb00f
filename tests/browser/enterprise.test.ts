import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_PASSWORD, Stage } from '../dashboards/stage.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import { makeAlarm } from './district.ts'
import { dist } from './fake-platform.ts'
import { buildPages, eventually } from './pages.ts'

describe.skipIf(!hasChromium())('an enterprise in one picture', () => {
  let browser: Browser
  let stage: Stage
  beforeAll(async () => {
    await buildPages()
    browser = await launchChromium()
    stage = await Stage.start({ distDir: dist, jurisdiction: '滨海新区应急管理局' })
  })
  afterAll(async () => {
    await browser.close()
    await stage.stop()
  })

  test('five things with what is connected; what is not is shown as missing, what is silent is never counted, in two languages', async () => {
    await stage.call('POST', '/api/v1/enterprises', { id: 'e-1', name: '滨江化工', region: '320114', sector: '化工' })
    await stage.call('POST', '/api/v1/zones', { id: 'tank', enterpriseId: 'e-1', name: '二号罐区', riskGrade: 'major' })
    await stage.call('POST', '/api/v1/zones', { id: 'gate', enterpriseId: 'e-1', name: '门岗' })
    const place = { enterpriseId: 'e-1', zoneId: 'tank' }
    const attributes = { substance: '液氨', expectedPeriodMs: 600_000 }
    await stage.device('gas-1', { ...place, name: '可燃气体探测器 1', attributes: { expectedPeriodMs: 600_000 } })
    await stage.device('gas-2', { ...place, name: '可燃气体探测器 2' })
    await stage.device('tank-1', { ...place, name: '液氨储罐', kind: 'tank-level', attributes })
    await stage.device('hyd-1', { ...place, name: '消火栓', kind: 'hydrant' })
    await stage.device('head-1', { ...place, zoneId: 'gate', name: '门岗计数', kind: 'headcount', attributes })
    await stage.device('head-2', { ...place, name: '罐区计数', kind: 'headcount' })
    await stage.reading('gas-1', 'combustibleLel', 12.5)
    await stage.reading('tank-1', 'levelM', 6.2)
    await stage.reading('hyd-1', 'pressureMpa', 0.31)
    await stage.reading('head-1', 'headcount', 17)
    await stage.raise(
      'a-1',
      makeAlarm(Date.now(), { id: 'a-1', deviceId: 'gas-1', ...place, level: 'orange', value: 12.5, limit: 10 }),
    )
    const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } })
    await context.request.post(`${stage.url}/api/v1/session`, {
      data: { username: 'admin', password: ADMIN_PASSWORD },
      headers: { origin: stage.url },
    })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', ({ message }) => complaints.push(message))
    await page.goto(`${stage.url}/enterprise/e-1`)
    const panel = (name: string) => page.locator(`section[data-zone=${name}]`)
    await eventually(async () => expect(await panel('gas').getAttribute('data-state')).toBe('partial'), 15_000)
    expect(await panel('gas').innerText()).toMatch(
      /气体报警[\s\S]*已接入 2 · 在线 1[\s\S]*可燃气体探测器 1[\s\S]*12\.5[\s\S]*无数据/,
    )
    expect(await panel('gas').locator('li[data-device=gas-1]').getAttribute('data-level')).toBe('orange')
    expect(await panel('hazards').innerText()).toMatch(/液氨储罐[\s\S]*介质 液氨[\s\S]*6\.20/)
    // Fire water is no hazard source, though it is under pressure.
    expect(await panel('hazards').innerText()).not.toContain('消火栓')
    expect(await page.locator('[data-zone=persons]').innerText()).toBe('至少 17 人(1 处无数据)')
    expect(await panel('production').getAttribute('data-state')).toBe('missing')
    expect(await panel('production').innerText()).toMatch(/未接入[\s\S]*不代表停产/)
    expect(await panel('zones').innerText()).toMatch(/二号罐区[\s\S]*静态风险 重大[\s\S]*不明/)
    expect(await page.locator('[data-zone=open-alarms]').innerText()).toBe('未处置报警 1 条')
    expect(await page.locator('body').innerText()).not.toContain('正常')
    await page.screenshot({ path: join(import.meta.dirname, '../.out/enterprise.png') })
    await page.keyboard.press('l')
    await eventually(async () =>
      expect(await panel('production').innerText()).toMatch(/Not connected[\s\S]*does not mean it stands still/),
    )
    await page.screenshot({ path: join(import.meta.dirname, '../.out/enterprise-en.png') })
    await stage.device('pump-1', { ...place, name: '合成装置', kind: 'other', attributes })
    await stage.reading('pump-1', 'running', 1)
    await eventually(async () => expect(await panel('production').innerText()).toContain('Running'), 10_000)
    await page.goto(`${stage.url}/enterprise/none`)
    await eventually(async () => expect(await page.locator('[role=alert]').innerText()).toContain('There is no such enterprise'))
    await page.goto(`${stage.url}/enterprise`)
    await eventually(async () => expect(await page.locator('.choices a').getAttribute('href')).toBe('/enterprise/e-1'))
    expect(complaints).toEqual([])
  })

  test('somebody of the enterprise says on the phone that they have an alarm: the desk sees who and after how long, and it is still to be acknowledged', async () => {
    await stage.call('POST', '/api/v1/users', {
      username: '赵工',
      password: ADMIN_PASSWORD,
      role: 'enterprise',
      enterpriseId: 'e-1',
    })
    const place = { enterpriseId: 'e-1', zoneId: 'tank' }
    const alarm = makeAlarm(Date.now() - 30_000, { id: 'a-9', deviceId: 'gas-1', ...place, level: 'red', value: 52, limit: 50 })
    await stage.raise('a-9', alarm)
    const login = async (username: string, viewport: { width: number; height: number }, path: string) => {
      const context = await browser.newContext({ viewport })
      await context.request.post(`${stage.url}/api/v1/session`, {
        data: { username, password: ADMIN_PASSWORD },
        headers: { origin: stage.url },
      })
      const page = await context.newPage()
      await page.goto(`${stage.url}${path}`)
      return page
    }
    const phone = await login('赵工', { width: 390, height: 844 }, '/m?alarm=a-9')
    await phone.locator('[data-action=receive]').waitFor()
    expect(await phone.locator('[data-action=acknowledge]').count()).toBe(0)
    expect((await phone.locator('[data-action=receive]').boundingBox())!.height).toBeGreaterThanOrEqual(48)
    await phone.screenshot({ path: join(import.meta.dirname, '../.out/received-before.png') })
    await phone.locator('[data-action=receive]').click()
    const line = phone.locator('[data-zone=phone-detail] [data-zone=received][data-state=received]')
    await line.waitFor()
    expect(await line.innerText()).toMatch(/企业已接警 · 赵工 · .*报警产生后 \d+ 秒/)
    await phone.screenshot({ path: join(import.meta.dirname, '../.out/received-after.png') })
    await phone.locator('[data-action=back]').click()
    await phone.locator('[data-zone=card][data-alarm=a-9] [data-zone=received]').waitFor()
    const desk = await login('admin', { width: 1600, height: 900 }, '/desk?alarm=a-9')
    await desk.locator('[data-zone=queue] [data-alarm=a-9] [data-zone=received]').waitFor()
    await desk.locator('[data-zone=queue] [data-alarm=a-9]').click()
    await eventually(async () =>
      expect(await desk.locator('[data-zone=detail] [data-zone=received]').innerText()).toMatch(/企业已接警 · 赵工/),
    )
    expect(await desk.locator('section[data-zone=detail]').getAttribute('data-state')).toBe('active')
    expect(await desk.locator('[data-action=receive]').count()).toBe(0)
    await desk.screenshot({ path: join(import.meta.dirname, '../.out/received-desk.png') })
    await phone.evaluate(() => localStorage.setItem('watchfire.locale', 'en'))
    await phone.goto(`${stage.url}/m?alarm=a-9`)
    await eventually(async () =>
      expect(await line.innerText()).toMatch(/The enterprise has received it · 赵工 · .* s after the alarm/),
    )
    await phone.screenshot({ path: join(import.meta.dirname, '../.out/received-after-en.png') })
    for (const page of [phone, desk]) await page.context().close()
  })
})
