import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import { ADMIN_PASSWORD, startProcess, type PlatformProcess } from '../flow/platform-process.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import { buildPages, eventually } from './pages.ts'

describe.skipIf(!hasChromium())('two operators at two desks of a real platform', () => {
  let platform: PlatformProcess
  let browser: Browser
  let li: Page
  let wang: Page
  let token: string

  beforeAll(async () => {
    await buildPages()
    platform = await startProcess()
    browser = await launchChromium()
    const { id: enterpriseId } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', {
      name: '滨江化工',
      region: '370102',
    })
    const device = { enterpriseId, kind: 'gas-detector', name: 'GAS-01', attributes: { substance: 'ch4' } }
    token = (await platform.call<{ token: string }>('POST', '/api/v1/devices', device)).token
    const open = async (username: string) => {
      await platform.call('POST', '/api/v1/users', { username, password: ADMIN_PASSWORD, role: 'duty' })
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
      const page = await context.newPage()
      await page.goto(`${platform.http}/login?next=%2Fdesk`)
      await page.fill('input[autocomplete=username]', username)
      await page.fill('input[type=password]', ADMIN_PASSWORD)
      await page.keyboard.press('Enter')
      await page.waitForSelector('[data-zone=queue] [data-state=empty]')
      return page
    }
    li = await open('li')
    wang = await open('wang')
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await platform?.kill()
  })

  const publish = (combustibleLel: number) => platform.ask('POST', `/api/v1/${token}/telemetry`, { combustibleLel })
  const alarmNow = async () => (await platform.call<{ alarms: Alarm[] }>('GET', '/api/v1/alarms?open=true')).alarms[0]!
  const detail = (page: Page, state: string) => page.waitForSelector(`section[data-zone=detail][data-state=${state}]`)

  test('both acknowledge at once: one has done it, the other is shown who was first', async () => {
    await publish(60)
    await Promise.all([detail(li, 'active'), detail(wang, 'active')])
    await Promise.all([li.keyboard.press('a'), wang.keyboard.press('a')])
    const outcomes = await Promise.all(
      [li, wang].map(async (page) => {
        const outcome = page.locator('[data-zone=outcome]')
        await outcome.waitFor()
        return { state: await outcome.getAttribute('data-state'), text: await outcome.innerText() }
      }),
    )
    const states = outcomes.map(({ state }) => state).sort()
    // The slower may already have seen it acknowledged when the key came down.
    expect([
      ['conflict', 'done'],
      ['done', 'failed'],
    ]).toContainEqual(states)
    const { acknowledgedBy } = await alarmNow()
    const { people } = await platform.call<{ people: { id: string; username: string }[] }>('GET', '/api/v1/dispatch/people')
    const first = people.find(({ id }) => id === acknowledgedBy)!.username
    expect(outcomes[['li', 'wang'].indexOf(first)]!.state).toBe('done')
    await Promise.all([detail(li, 'acknowledged'), detail(wang, 'acknowledged')])
  }, 60_000)

  test('one marks a red as false and only the other can agree; both see every step', async () => {
    await li.keyboard.press('f')
    const form = li.locator('[data-zone=action-form]')
    expect(await form.innerText()).toContain('须由另一人确认')
    await form.locator('[name=reasonCode]').selectOption('calibration')
    await form.locator('[name=text]').fill('标定气瓶接错')
    await form.locator('[name=text]').press('Control+Enter')
    await li.waitForSelector('[data-zone=requests] [data-own=true]')
    expect(await li.locator('[data-zone=requests] [data-action=confirm]').count()).toBe(0)
    await wang.locator('[data-zone=requests] [data-own=false] [data-action=confirm]').click()
    await eventually(async () => {
      for (const page of [li, wang]) {
        expect(await page.locator('[data-zone=case]').getAttribute('data-state')).toBe('falseAlarm')
        expect(await page.locator('[data-zone=requests]').count()).toBe(0)
        const timeline = await page.locator('[data-zone=timeline]').innerText()
        expect(timeline).toMatch(/误报 · 申请,待第二人确认[\s\S]*判为误报[\s\S]*标定 · 标定气瓶接错 · 第二人: wang \(li\)/)
      }
    }, 10_000)
    expect((await alarmNow()).case).toMatchObject({ state: 'falseAlarm', falseAlarm: { reason: 'calibration' } })
  }, 60_000)
})
