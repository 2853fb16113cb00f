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
  /** What was asked of alarms; that one was looked at is told too, and is nothing that was done. */
  const posts = () => platform.calls.filter(({ method, path }) => method === 'POST' && !path.endsWith('/viewed'))

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

  test('F33: acknowledging what has changed meanwhile does nothing and shows what it has become', async () => {
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

  test('F32: letters typed into a form, or composed by an input method, are letters', async () => {
    platform.alarm(makeAlarm(platform.now))
    platform.alarm(makeAlarm(platform.now))
    await using desk = await openDesk()
    const { page } = desk
    const shown = () => page.locator('section[data-zone=detail]').getAttribute('data-alarm')
    const before = await shown()
    await page.keyboard.press('n')
    await page.locator('[data-zone=action-form] textarea:focus').pressSequentially('ajkrdsfec')
    await page.evaluate(() => {
      const composing = { code: 'KeyA', key: 'Process', isComposing: true, bubbles: true }
      document.body.dispatchEvent(new KeyboardEvent('keydown', composing))
      document.body.dispatchEvent(new KeyboardEvent('keydown', { ...composing, code: 'KeyJ' }))
    })
    expect(await page.locator('textarea').inputValue()).toBe('ajkrdsfec')
    expect(await shown()).toBe(before)
    expect(posts()).toEqual([])
    await page.keyboard.press('Control+Enter')
    await page.waitForSelector('[data-zone=outcome][data-state=done]')
    expect(posts()).toMatchObject([{ body: { version: 1, comment: 'ajkrdsfec' } }])
    expect(await page.locator('[data-zone=action-form]').count()).toBe(0)
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
    // Two detectors in one zone are no value of their own: its device's is drawn, and "2 devices" is no line among %LEL.
    const voting = { metric: null, unit: '', value: 2, limit: 2, limitName: null, measuredAt: platform.now - 60_000 }
    const two = makeAlarm(platform.now - 60_000, voting)
    platform.alarm(two)
    await page.click(`li[data-zone=queue][data-alarm="${two.id}"]`)
    await eventually(async () => {
      expect(await page.locator('section[data-zone=detail] h3').allInnerTexts()).toContainEqual(
        expect.stringContaining('可燃气体'),
      )
      expect(await page.locator('.trend-chart path.line').getAttribute('d')).toMatch(/M/)
      expect(await page.locator('.trend-chart .limit').count()).toBe(0)
    })
    // A red that came back at H says that it was red.
    const back = makeAlarm(platform.now, { level: 'red', value: 27.7, limit: 25, limitName: 'H', limitLevel: 'yellow' })
    platform.alarm(back)
    await page.click(`li[data-zone=queue][data-alarm="${back.id}"]`)
    await eventually(async () =>
      expect(await page.locator('section[data-zone=detail]').innerText()).toMatch(/27\.7 %LEL ≥ 25 \S+ H · 曾达红色/),
    )
  })

  test('F30: a filter says how many alarms it hides, and hides no red', async () => {
    const red = makeAlarm(platform.now, { level: 'red' })
    const yellow = makeAlarm(platform.now, { level: 'yellow' })
    const blue = makeAlarm(platform.now, { level: 'blue', deviceId: 'HYD-4', enterpriseId: 'street', zoneId: null })
    for (const alarm of [red, yellow, blue]) platform.alarm(alarm)
    await using desk = await openDesk()
    const { page } = desk
    const listed = () =>
      page.locator('li[role=option][data-alarm]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-alarm')))
    expect(await page.locator('[data-zone=hidden]').count()).toBe(0)
    await page.selectOption('[data-zone=filters] [name=level]', 'blue')
    expect(await listed()).toEqual([red.id, blue.id])
    expect(await page.locator('[data-zone=hidden]').innerText()).toContain('已隐藏 1 条(红 1 仍显示)')
    expect(await page.locator('[data-unacknowledged]').getAttribute('data-unacknowledged')).toBe('3')
    await page.locator('[data-zone=hidden]').click()
    expect((await listed()).length).toBe(3)
    await page.selectOption('[data-zone=filters] [name=kind]', 'hydrant')
    await page.selectOption('[data-zone=filters] [name=enterprise]', 'street')
    expect(await listed()).toEqual([red.id, blue.id])
    await page.locator('[data-zone=hidden]').click()
    await page.selectOption('[data-zone=filters] [name=sort]', 'newest')
    expect(await page.locator('[data-zone=sort]').innerText()).toContain('排序:时间')
  })

  test('F34: a red cannot be shelved, and no time beyond the limit of a level is sent', async () => {
    const red = makeAlarm(platform.now, { level: 'red' })
    platform.alarm(red)
    const orange = makeAlarm(platform.now, { level: 'orange' })
    await using desk = await openDesk()
    const { page } = desk
    expect(await page.locator('button[data-action=shelve]').isDisabled()).toBe(true)
    await page.keyboard.press('s')
    expect(await page.locator('[data-zone=outcome][data-state=failed]').innerText()).toContain('不能搁置')
    platform.alarm(orange)
    await page.locator(`li[data-alarm="${orange.id}"]`).click()
    await page.keyboard.press('s')
    const form = page.locator('[data-zone=action-form][data-action=shelve]')
    const minutes = form.locator('[name=minutes]')
    expect([await minutes.inputValue(), await minutes.getAttribute('max')]).toEqual(['30', '60'])
    await form.locator('[name=reasonCode]').selectOption('known-work')
    await form.locator('[name=text]').fill('管网抢修')
    await form.locator('[name=text]').press('Control+Enter')
    expect(await form.locator('[role=alert]').innerText()).toContain('至少 5 字')
    await form.locator('[name=text]').fill('管网抢修作业中')
    for (const wrong of ['61', '0', '']) {
      await minutes.fill(wrong)
      await form.locator('[name=text]').press('Control+Enter')
      expect(await form.locator('[role=alert]').innerText()).toContain('1–60')
    }
    expect(posts()).toEqual([])
    await minutes.fill('60')
    await form.locator('[name=text]').press('Control+Enter')
    await page.waitForSelector('[data-zone=outcome][data-state=done]')
    const body = { version: 1, reasonCode: 'known-work', comment: '管网抢修作业中', minutes: 60 }
    expect(posts()).toMatchObject([{ path: `/alarms/${orange.id}/shelve`, body }])
  })

  test('F34: what is set aside is listed with its reason and when it comes back', async () => {
    const setAside = {
      until: platform.now + 600_000,
      isConditionTrue: true,
      by: 'u2',
      comment: '管网抢修',
      reasonCode: 'known-work',
    }
    platform.alarm(makeAlarm(platform.now, { level: 'yellow', state: 'shelved', setAside }))
    platform.alarm(makeAlarm(platform.now, { state: 'outOfService', setAside: { until: null, isConditionTrue: false } }))
    await using desk = await openDesk()
    const list = desk.page.locator('[data-zone=set-aside]')
    await eventually(async () => {
      const text = await list.innerText()
      expect(text).toMatch(/搁置 · (09:5\d|10:00) 后恢复/)
      expect(text).toContain('已知作业 · 管网抢修')
      expect(text).toContain('未设结束时间')
    })
  })

  test('what one person asks for waits on the desk of the others, who agree to the version they see', async () => {
    const request = { action: 'false-alarm' as const, by: 'u2', at: platform.now - 5_000, version: 3, comment: '标定' }
    const more = { minutes: null, untilMs: null, details: { reasonCode: 'calibration' } }
    const asked = makeAlarm(platform.now, { version: 3, request: { ...request, ...more } })
    const own = makeAlarm(platform.now, { version: 3, request: { ...request, ...more, by: 'u1' } })
    const changed = makeAlarm(platform.now, { version: 4, request: { ...request, ...more } })
    for (const alarm of [asked, own, changed]) platform.alarm(alarm)
    await using desk = await openDesk()
    const { page } = desk
    await page.waitForSelector('[data-zone=requests][data-count="2"]')
    const mine = page.locator(`[data-request="${own.id}"]`)
    expect([await mine.getAttribute('data-own'), await mine.locator('[data-action=confirm]').count()]).toEqual(['true', 0])
    await page.locator(`[data-request="${asked.id}"] [data-action=confirm]`).click()
    await page.waitForSelector('[data-zone=outcome][data-state=done]')
    expect(posts()).toMatchObject([{ path: `/alarms/${asked.id}/confirm`, body: { version: 3 } }])
  })

  test('Shift and A lists what is acknowledged together: the same place, no red, in the versions seen', async () => {
    const here = ['yellow', 'blue'].map((level) => makeAlarm(platform.now, { level: level as 'yellow', version: 2 }))
    const red = makeAlarm(platform.now, { level: 'red' })
    const elsewhere = makeAlarm(platform.now, { level: 'yellow', zoneId: 'load' })
    for (const alarm of [...here, red, elsewhere]) platform.alarm(alarm)
    platform.route('POST', '/alarms/acknowledge', () => ({ body: { acknowledged: here, requested: [], refused: [] } }))
    await using desk = await openDesk()
    const { page } = desk
    await page.keyboard.press('Shift+A')
    const form = page.locator('[data-zone=group-form]')
    expect((await form.locator('li').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-alarm')))).sort()).toEqual(
      here.map(({ id }) => id).sort(),
    )
    platform.alarm(makeAlarm(platform.now, { level: 'yellow' }))
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-zone=outcome][data-state=done]')
    const sent = posts().at(-1)!.body['alarms'] as { id: string; version: number }[]
    expect(sent.map(({ id, version }) => `${id} ${version}`).sort()).toEqual(here.map(({ id }) => `${id} 2`).sort())
    await page.locator('[data-action=group-red]').click()
    await page.waitForSelector('[data-zone=group-form][data-red=true]')
    expect(await form.innerText()).toContain('须第二人确认')
    await form.locator('textarea').press('Control+Enter')
    expect(await form.locator('[role=alert]').innerText()).toContain('至少 5 字')
  })

  test('what is written about an alarm that changes meanwhile is not sent before somebody has looked again', async () => {
    const alarm = makeAlarm(platform.now, { level: 'yellow' })
    platform.alarm(alarm)
    await using desk = await openDesk()
    const { page } = desk
    await page.keyboard.press('e')
    const form = page.locator('[data-zone=action-form]')
    await form.locator('[name=to]').selectOption('superior')
    await form.locator('[name=text]').fill('下风向有学校')
    platform.alarm({ ...alarm, version: 2, level: 'red' })
    await form.locator('[data-state=changed]').waitFor()
    await form.locator('[name=text]').press('Control+Enter')
    expect(posts()).toEqual([])
    await form.locator('[data-state=changed] button').click()
    await form.locator('[name=text]').press('Control+Enter')
    await page.waitForSelector('[data-zone=outcome][data-state=done]')
    expect(posts()).toMatchObject([{ body: { version: 2, to: 'superior', comment: '下风向有学校' } }])
  })

  test('whoever was sent and did not answer puts the alarm on top; title and icon carry what nobody acknowledged', async () => {
    const dispatch = {
      ...{ to: { team: '二号巡检组' }, note: null, by: 'u1', at: 0, acceptBy: 1, dueAt: 2, acceptedBy: null, acceptedAt: null },
    }
    const nothing = { feedback: null, firstFeedbackAt: null, escalation: null, falseAlarm: null, closing: null }
    const dropped = makeAlarm(platform.now, {
      ...{ level: 'blue', state: 'acknowledged' },
      case: { state: 'unaccepted', occurrence: 1, openedAt: 0, dispatch, ...nothing },
    })
    const red = makeAlarm(platform.now)
    for (const alarm of [red, dropped]) platform.alarm(alarm)
    await using desk = await openDesk()
    const { page } = desk
    const first = page.locator('li[role=option]').first()
    expect([await first.getAttribute('data-alarm'), await first.getAttribute('data-case')]).toEqual([dropped.id, 'unaccepted'])
    expect(await page.locator('[data-zone=case]').innerText()).toMatch(/派单无人接收[\s\S]*二号巡检组/)
    await eventually(async () => {
      expect(await page.title()).toMatch(/^\(1\) /)
      expect(await page.locator('link[rel=icon]').getAttribute('data-count')).toBe('1')
    })
    platform.alarm({ ...red, version: 2, state: 'acknowledged', acknowledgedBy: 'u2', acknowledgedAt: platform.now })
    await eventually(async () => expect(await page.title()).toMatch(/^滨海新区/))
  })

  test('single letters can be switched off, and English titles are not cut at 1440 pixels', async () => {
    const en = 'The stand-alone smoke alarm in the paint shop has been reporting a fault for more than three periods'
    const about = { metric: null, value: null, limit: null, limitName: null, level: 'yellow' as const }
    platform.alarm(makeAlarm(platform.now, { ...about, state: 'returned', message: { zh: '故障', en } }))
    await using desk = await openPage(browser, `${platform.url}/desk`, { width: 1440, height: 900 })
    const { page } = desk
    await page.waitForSelector('[data-zone=detail][data-alarm]')
    await page.keyboard.press('l')
    const title = page.locator('li[role=option] .first')
    await eventually(async () => expect(await title.innerText()).toContain(en))
    expect(await title.evaluate((one) => [one.scrollWidth - one.clientWidth, getComputedStyle(one).textOverflow])).toEqual([
      0,
      'clip',
    ])
    await page.locator('[name=keys]').uncheck()
    await page.locator('h2:visible').first().click()
    await page.keyboard.press('a')
    expect(posts()).toEqual([])
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
