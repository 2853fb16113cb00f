import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import { photosIn } from '../../core/photo.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import { furnish, makeAlarm } from './district.ts'
import { FakePlatform } from './fake-platform.ts'
import { buildPages, eventually } from './pages.ts'

const shots = process.env['WATCHFIRE_TEST_SHOTS']

describe.skipIf(!hasChromium())('phone', () => {
  let browser: Browser
  let platform: FakePlatform
  let context: BrowserContext
  beforeAll(async () => {
    await buildPages()
    browser = await launchChromium()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    platform = await FakePlatform.start()
    furnish(platform)
    platform.route('GET', '/cases', () => ({ body: { alarms: [...platform.alarms.values()].filter((one) => one.case) } }))
    context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
  })
  afterEach(async () => {
    await context.close()
    await platform.stop()
  })
  const openPhone = async (): Promise<Page> => {
    const page = await context.newPage()
    await page.goto(`${platform.url}/m`)
    await page.waitForSelector('[data-zone=alarms] [data-alarm]')
    return page
  }
  const posts = () => platform.calls.filter(({ method, path }) => method === 'POST' && !path.endsWith('/viewed'))
  const height = async (page: Page, selector: string) => (await page.locator(selector).first().boundingBox())!.height
  /** Pulls a thumb with the mouse's pointer events, which are those of a finger. */
  const slide = async (page: Page, share: number) => {
    const thumb = page.locator('.slide .thumb')
    await thumb.scrollIntoViewIfNeeded()
    const from = (await thumb.boundingBox())!
    const track = (await page.locator('.slide').boundingBox())!
    await page.mouse.move(from.x + 28, from.y + 28)
    await page.mouse.down()
    await page.mouse.move(from.x + 28 + (track.width - 56) * share, from.y + 28, { steps: 6 })
    await page.mouse.up()
  }
  /** Waits until the page opens without a network. */
  const ready = (page: Page) =>
    page.waitForFunction(async () => (await navigator.serviceWorker.getRegistration('/m'))?.active?.state === 'activated')

  test('a thumb finds what it needs: cards of 88 px, acknowledging by one tap of 56 px at the bottom', async () => {
    const red = makeAlarm(platform.now, { level: 'red', version: 3 })
    platform.alarm(makeAlarm(platform.now - 60_000, { level: 'yellow' }))
    platform.alarm(red)
    const page = await openPhone()
    expect(await height(page, '[data-zone=card]')).toBeGreaterThanOrEqual(88)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    await page.locator(`[data-alarm="${red.id}"]`).tap()
    const button = page.locator('[data-action=acknowledge]')
    const box = (await button.boundingBox())!
    expect([box.height, box.width >= 360, box.y > 844 / 2]).toEqual([56, true, true])
    expect(await height(page, '[data-action=call]')).toBe(48)
    await button.tap()
    await page.waitForSelector('[data-zone=outcome][data-state=done]')
    expect(posts()).toMatchObject([{ path: `/alarms/${red.id}/acknowledge`, body: { version: 3 } }])
  })

  test('whoever acts rings up the enterprise and the shift from the phone, and answers the roll call there', async () => {
    const alarm = makeAlarm(platform.now, { level: 'red' })
    platform.alarm(alarm)
    platform.route('GET', '/alarms/:id/contacts', () => ({
      body: { contacts: [{ personId: 'c-1', name: '王伟', position: 'head', phone: '138 0000-0001' }] },
    }))
    const people = { duty1: 'p-1', duty2: 'p-2', shiftLeader: 'p-3', dutyLeader: 'p-1' }
    platform.route('GET', '/duty/now', () => ({
      body: { hasRoster: true, duty: { region: '330106', shiftId: 's', people }, people: { 'p-1': '李娜' } },
    }))
    platform.route('GET', '/duty/contacts', () => ({ body: { phones: { 'p-1': '13900000002', 'p-2': null } } }))
    const answerBy = Math.floor(platform.now) + 60_000
    platform.route('GET', '/duty/roll-call', () => ({
      body: { now: platform.now, calls: [{ shiftId: 's', region: '330106', answerBy, open: true, mine: false }] },
    }))
    platform.route('POST', '/duty/roll-call/answer', () => ({ body: { shiftId: 's' } }))
    const page = await openPhone()
    await page.locator(`[data-alarm="${alarm.id}"]`).tap()
    await page.locator('[data-action=call]').tap()
    const link = page.locator('[data-zone=call] a')
    await link.waitFor()
    expect([await link.getAttribute('href'), await link.innerText()]).toEqual([
      'tel:13800000001',
      '王伟 · 主要负责人 138 0000-0001',
    ])
    await page.locator('[data-tab=duty]').tap()
    expect(await page.locator('.tel').count()).toBe(0)
    await page.locator('[data-action=numbers]').tap()
    await page.locator('[data-role=duty1] .tel').waitFor()
    expect(await page.locator('[data-role=duty1] .tel').getAttribute('href')).toBe('tel:13900000002')
    expect(await height(page, '[data-action=here]')).toBeGreaterThanOrEqual(44)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    await page.locator('[data-action=here]').tap()
    await eventually(() => expect(posts()).toMatchObject([{ path: '/duty/roll-call/answer' }]))
  })

  test('a false alarm needs a slide all the way, and letters an input method composes are only letters', async () => {
    const alarm = makeAlarm(platform.now, { level: 'orange' })
    platform.alarm(alarm)
    const page = await openPhone()
    await page.locator('[data-zone=card]').tap()
    await page.locator('[data-action=false-alarm]').tap()
    await slide(page, 1)
    expect(posts()).toEqual([])
    await page.locator('select[name=reasonCode]').selectOption('other')
    await page.locator('textarea[name=text]').fill('厨房蒸汽')
    await page.evaluate(() => {
      const composing = { key: 'ArrowRight', isComposing: true, bubbles: true }
      for (let n = 0; n < 9; n++) document.querySelector('.thumb')!.dispatchEvent(new KeyboardEvent('keydown', composing))
    })
    await slide(page, 0.7)
    expect(posts()).toEqual([])
    await slide(page, 1.1)
    await eventually(() => {
      expect(posts()).toMatchObject([
        { path: `/alarms/${alarm.id}/false-alarm`, body: { version: 1, reasonCode: 'other', comment: '厨房蒸汽' } },
      ])
    })
  })

  test('F37: what is done offline is kept through a reload, said to be undelivered, and arrives once and in order', async () => {
    const first = makeAlarm(platform.now, { level: 'red' })
    const second = makeAlarm(platform.now - 5_000, { level: 'orange' })
    platform.alarm(first)
    platform.alarm(second)
    const page = await openPhone()
    await ready(page)
    await page.waitForTimeout(3_500) // the first picture is kept after three seconds
    await context.setOffline(true)
    // A page that is loaded anew slips out of the browser's own switch for a moment.
    await platform.down()
    await page.reload()
    await page.waitForSelector('[data-zone=banner][data-state=interrupted]')
    for (const { id } of [first, second]) {
      await page.locator(`[data-zone=card][data-alarm="${id}"]`).tap()
      await page.locator('[data-action=acknowledge]').tap()
      expect(await page.locator('[data-zone=phone-detail] [data-zone=pending]').innerText()).toMatch(
        /确认 · 未送达,联网后提交.*升级继续/,
      )
      await page.locator('[data-action=back]').tap()
    }
    expect(await page.locator('[data-zone=outbox]').innerText()).toMatch(/2 项操作未送达,联网后提交[\s\S]*升级继续进行/)
    await page.reload()
    await page.waitForSelector('[data-zone=outbox][data-state=waiting]')
    expect(posts()).toEqual([])
    expect(platform.alarms.get(first.id)?.state).toBe('active')
    await platform.up()
    await context.setOffline(false)
    await page.waitForSelector('[data-zone=outbox]', { state: 'detached', timeout: 20_000 })
    expect(posts().map(({ path }) => path)).toEqual([`/alarms/${first.id}/acknowledge`, `/alarms/${second.id}/acknowledge`])
    // Nothing of the API is kept by the worker.
    const kept = await page.evaluate(async () => {
      const names = await caches.keys()
      const all = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()))
      return all.flat().map(({ url }) => new URL(url).pathname)
    })
    expect(kept).toContain('/m')
    expect(kept.filter((path) => path.startsWith('/api'))).toEqual([])
  })

  test('up the ladder by hand: whom and how is said before, offline it waits, and one that is old asks before it rings anybody', async () => {
    const alarm = makeAlarm(platform.now, { level: 'red', version: 3 })
    platform.alarm(alarm)
    const byHand = [
      { to: { duty: 'duty2' }, channels: ['voice'] },
      { to: { enterprise: 'technical' }, channels: ['voice', 'sms'] },
    ]
    platform.route('GET', '/alarms/:id/ladder', () => ({
      body: { phase: 'climbing', taken: [], next: null, feedbackDueAt: null, byHand },
    }))
    platform.route('POST', '/alarms/:id/call', () => ({ status: 202, body: { steps: [], alarm: platform.alarms.get(alarm.id) } }))
    const page = await context.newPage()
    await page.clock.install({ time: platform.now })
    await page.goto(`${platform.url}/m`)
    await page.locator(`[data-zone=card][data-alarm="${alarm.id}"]`).tap()
    const write = async (to: string) => {
      await page.locator('[data-action=escalate]').first().tap()
      await page.locator('select[name=to]').selectOption(`call:${to}`)
      await page.locator('textarea[name=text]').fill('火势扩大')
      expect(await page.locator('[data-zone=phone-form]').innerText()).toContain('请先填写')
      await page.locator('textarea[name=text]').fill('火势向罐区蔓延,需要更多人')
    }
    await write('next')
    await eventually(async () =>
      expect(await page.locator('[data-zone=call-plan]').innerText()).toContain(
        '将呼叫:值班二 (电话)、企业技术负责人 (电话、短信)',
      ),
    )
    await page.locator('select[name=to]').selectOption('call:dutyLeader')
    await eventually(async () =>
      expect(await page.locator('[data-zone=call-plan]').innerText()).toMatch(
        /将呼叫:带班领导[\s\S]*页面、电话;没有时用短信、邮件/,
      ),
    )
    if (shots) await page.locator('.slide').scrollIntoViewIfNeeded()
    if (shots) await page.screenshot({ path: `${shots}/phone-call.png` })
    await slide(page, 1.1)
    await eventually(() =>
      expect(posts()).toMatchObject([
        { path: `/alarms/${alarm.id}/call`, body: { version: 3, to: 'dutyLeader', reason: '火势向罐区蔓延,需要更多人' } },
      ]),
    )
    expect(await page.locator('[data-zone=outcome]').innerText()).toContain('带班领导')

    await page.route('**/call', (route) => route.abort())
    await write('shiftLeader')
    await slide(page, 1.1)
    expect(await page.locator('[data-zone=phone-detail] [data-zone=pending]').innerText()).toMatch(/立即呼叫 · 班长 · 未送达/)
    // Before the way is free again: else the queue may deliver it while it is young.
    await page.clock.setSystemTime(platform.now + 11 * 60_000)
    await page.unroute('**/call')
    await page.evaluate(() => dispatchEvent(new Event('online')))
    const asks = page.locator('[data-zone=not-done][data-state=asks]')
    await asks.waitFor()
    expect(await asks.innerText()).toMatch(/班长[\s\S]*离线已超过 10 分钟,未提交[\s\S]*仍要呼叫/)
    expect(posts()).toHaveLength(1)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    if (shots) await page.screenshot({ path: `${shots}/phone-call-asks.png` })
    await asks.locator('[data-action=call-again]').tap()
    await eventually(() =>
      expect(posts().at(-1)).toMatchObject({ path: `/alarms/${alarm.id}/call`, body: { to: 'shiftLeader' } }),
    )
    expect(posts()).toHaveLength(2)
    await asks.waitFor({ state: 'detached' })
    if (!shots) return
    await page.evaluate(() => localStorage.setItem('watchfire.locale', 'en'))
    await page.reload()
    await page.locator(`[data-zone=card][data-alarm="${alarm.id}"]`).tap()
    await page.locator('[data-action=escalate]').first().tap()
    await page.locator('select[name=to]').selectOption('call:next')
    await page.locator('.slide').scrollIntoViewIfNeeded()
    await page.screenshot({ path: `${shots}/phone-call-en.png` })
  })

  test('F37: an answer that got lost is asked for again under the same key', async () => {
    const alarm = makeAlarm(platform.now)
    platform.alarm(alarm)
    const page = await openPhone()
    const keys: (string | undefined)[] = []
    await page.route('**/acknowledge', async (route) => {
      keys.push(route.request().headers()['idempotency-key'])
      if (keys.length > 1) return route.continue()
      await route.fetch()
      await route.abort()
    })
    platform.route('POST', '/alarms/:id/acknowledge', ({ params }) => ({
      body: { alarm: { ...platform.alarms.get(params[0]!), version: 2, state: 'acknowledged' } },
    }))
    await page.locator('[data-zone=card]').tap()
    await page.locator('[data-action=acknowledge]').tap()
    await page.waitForSelector('[data-zone=outcome][data-state=done]', { timeout: 15_000 })
    expect(keys).toHaveLength(2)
    expect(keys[0]).toBe(keys[1])
  })

  test('F37: what changed meanwhile is shown as a conflict with what it is now, and what followed on it is not sent', async () => {
    const alarm = makeAlarm(platform.now)
    platform.alarm(alarm)
    const page = await openPhone()
    await ready(page)
    await context.setOffline(true)
    await page.locator('[data-zone=card]').tap()
    await page.locator('[data-action=acknowledge]').tap()
    await page.locator('[data-action=feedback]').tap()
    await page.locator('textarea[name=text]').fill('现场无异味')
    await page.locator('[data-action=send]').tap()
    platform.alarmUnseen({ ...alarm, version: 5, state: 'returned', returnedAt: platform.now } as Alarm)
    await context.setOffline(false)
    const conflict = page.locator('[data-zone=not-done][data-state=conflict]')
    await conflict.waitFor({ timeout: 20_000 })
    expect(await conflict.innerText()).toMatch(/确认未执行[\s\S]*未确认 · 红色 · 版本 1[\s\S]*已恢复未确认 · 红色 · 版本 5/)
    await page.waitForSelector('[data-zone=not-done][data-state=held]')
    expect(posts()).toHaveLength(1)
    expect(platform.alarms.get(alarm.id)?.state).toBe('returned')
    for (const left of [1, 0]) {
      await page.locator('[data-action=understood]').first().tap()
      await eventually(async () => expect(await page.locator('[data-zone=not-done]').count()).toBe(left))
    }
  })

  test('a photo goes out small, with its time and 无位置, named by its content in the feedback', async () => {
    const alarm = makeAlarm(platform.now)
    platform.alarm(alarm)
    const page = await openPhone()
    let sent: Buffer | null = null
    await page.route('**/api/v1/photos*', (route) => {
      sent = route.request().postDataBuffer()
      return route.fulfill({ status: 201, json: { sha256: 'ab'.repeat(32) } })
    })
    await page.locator('[data-zone=card]').tap()
    await page.locator('[data-action=feedback]').tap()
    const large = await page.evaluate(async () => {
      const canvas = document.createElement('canvas')
      canvas.width = 3_000
      canvas.height = 2_000
      const ink = canvas.getContext('2d')!
      for (let n = 0; n < 4_000; n++) {
        ink.fillStyle = `hsl(${(n * 47) % 360} 80% 50%)`
        ink.fillRect((n * 71) % 3_000, (n * 37) % 2_000, 90, 60)
      }
      return canvas.toDataURL('image/png').split(',')[1]!
    })
    const file = { name: 'photo.png', mimeType: 'image/png', buffer: Buffer.from(large, 'base64') }
    await page.locator('input[type=file]').setInputFiles(file)
    await page.waitForSelector('[data-zone=photo][data-state=taken]', { timeout: 15_000 })
    expect(await page.locator('[data-zone=photo]').innerText()).toMatch(/\d{4}-\d\d-\d\d .* · 无位置/)
    await page.locator('textarea[name=text]').fill('法兰已紧固')
    await page.locator('[data-action=send]').tap()
    await eventually(() => expect(posts()).toHaveLength(1))
    expect([sent!.length <= 600_000, sent![0], sent![1]]).toEqual([true, 0xff, 0xd8])
    const [photo] = photosIn(posts()[0]!.body['evidence'] as string)
    expect(photo).toMatchObject({ sha256: 'ab'.repeat(32), place: null })
  })
})
