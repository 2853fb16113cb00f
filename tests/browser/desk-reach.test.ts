import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Evidence } from '../../core/evidence.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import { furnish, makeAlarm } from './district.ts'
import { FakePlatform } from './fake-platform.ts'
import { buildPages, eventually, openPage } from './pages.ts'
import { readPdf } from './pdf.ts'

const shots = process.env['WATCHFIRE_TEST_SHOTS']
const detail = '[data-zone=detail][data-alarm]'

describe.skipIf(!hasChromium())('the desk reaches people, walls and paper', () => {
  let browser: Browser
  let platform: FakePlatform
  beforeAll(async () => {
    await buildPages()
    browser = await launchChromium()
    platform = await FakePlatform.start()
    furnish(platform)
  })
  afterAll(async () => {
    await browser.close()
    await platform.stop()
  })
  beforeEach(() => {
    platform.alarms.clear()
    platform.calls.length = 0
  })
  const openDesk = async () => {
    const watched = await openPage(browser, `${platform.url}/desk`, { width: 1600, height: 900 })
    await watched.page.waitForSelector(detail)
    return watched
  }
  const told = (path: RegExp) => platform.calls.filter((call) => call.method !== 'GET' && path.test(call.path))
  const shoot = async (page: Page, name: string) => {
    if (shots) await page.screenshot({ path: `${shots}/${name}.png` })
  }

  test('P lists who answers for the enterprise, one touch to ring each, and what came of a call goes into the record', async () => {
    const contacts = [
      { personId: 'p-7', name: '张总', position: 'head', phone: '138 0000 0001' },
      { personId: 'p-8', name: '值班室', position: 'duty-room', phone: null },
    ]
    platform.route('GET', '/alarms/:id/contacts', () => ({ body: { contacts } }))
    platform.route('POST', '/alarms/:id/calls', () => ({ body: null }))
    const alarm = makeAlarm(platform.now)
    platform.alarm(alarm)
    await using desk = await openDesk()
    const { page } = desk
    await page.keyboard.press('p')
    const form = page.locator('[data-zone=call-form]')
    const link = form.locator('[data-contact=p-7] a')
    expect(await link.getAttribute('href')).toBe('tel:13800000001')
    expect(await form.locator('[data-contact=p-8]').innerText()).toContain('无号码')
    await form.locator('[name=result]').selectOption('no-answer')
    await form.locator('[name=note]').fill('第二遍')
    await shoot(page, 'desk-call')
    await form.locator('[name=note]').press('Control+Enter')
    await page.waitForSelector('[data-zone=outcome][data-state=done]')
    expect(told(/calls$/)).toMatchObject([
      { path: `/alarms/${alarm.id}/calls`, body: { personId: 'p-7', result: 'no-answer', note: '第二遍' } },
    ])
    expect(await form.count()).toBe(0)
  })

  test('F36: of a channel that gives no receipt the timeline says so; who looked, who rang and who showed it on the walls stands there too', async () => {
    const alarm = makeAlarm(platform.now)
    platform.alarm(alarm)
    const push = { kind: 'push.sent', alarmId: alarm.id, alarmVersion: 1, channel: 'duty-robot', attempt: 1, detail: '' }
    const entries: [string, object][] = [
      ['push', { ...push, receipt: null, personId: 'u7' }],
      ['push', { ...push, channel: 'sms', receipt: 'accepted', personId: 'u7' }],
      ['push', { kind: 'push.receipt', alarmId: alarm.id, channel: 'sms', receipt: 'delivered', detail: '', personId: 'u7' }],
      ['view', { kind: 'alarm.viewed', alarmId: alarm.id, version: 1, by: 'u2' }],
      ['view', { kind: 'alarm.shown', alarmId: alarm.id, by: 'u2' }],
      ['call', { kind: 'alarm.called', alarmId: alarm.id, personId: 'u7', result: 'reached', note: '正在撤人', by: 'u2' }],
    ]
    const items = entries.map(([type, entry], n) => ({ pos: n + 1, at: platform.now + n, type, entry }))
    platform.route('GET', `/alarms/${alarm.id}/timeline`, () => ({ body: { items, people: { u2: '李娜', u7: '张总' } } }))
    await using desk = await openDesk()
    const lines = desk.page.locator('[data-zone=timeline] li')
    await lines.nth(5).waitFor()
    expect((await lines.allInnerTexts()).map((line) => line.replaceAll(/^\S+ \S+|\s/g, ''))).toEqual([
      '推送已送出duty-robot→张总无回执',
      '推送已送出sms→张总通道已收',
      '已送达sms→张总',
      '查看了报警李娜',
      '投到大屏李娜',
      '电话联系→张总李娜已接通·正在撤人',
    ])
  })

  test('E may call up the ladder at once, with a reason, bound to the version seen; what the authority above is told is a page away', async () => {
    let refused = true
    platform.route('POST', '/alarms/:id/call', () =>
      refused
        ? { status: 409, body: { error: { code: 'outside-steps-off', message: 'off', details: { why: 'outside-steps-off' } } } }
        : { status: 202, body: { steps: [] } },
    )
    const zh =
      '警情信息快报（首报）：红色 1号罐区 可燃气体 62 %LEL\n报送：370100\n\n二、通知情况\n10:01:00 值班一：duty-voice 已送达'
    const en =
      'Incident report (first): Red Tank farm 1 62 %LEL\nTo: 370100\n\n2. Who was called\n10:01:00 duty 1: duty-voice delivered'
    const drafted = [{ pos: 9, at: platform.now, to: '370100', text: { zh, en }, outcome: 'off' }]
    platform.route('GET', '/alarms/:id/report', () => ({ body: { drafted, now: { at: platform.now, text: { zh, en } } } }))
    const alarm = makeAlarm(platform.now, { level: 'red' })
    platform.alarm(alarm)
    const step = { kind: 'ladder.step', alarmId: alarm.id, round: 1, step: 'r60-duty1', outcome: 'called', to: { duty: 'duty1' } }
    const asked = { kind: 'ladder.asked', alarmId: alarm.id, to: 'dutyLeader', reason: '火势扩大到罐区', by: 'u2' }
    const items = [step, asked, { kind: 'alarm.reported', alarmId: alarm.id, to: '370100' }].map((entry, n) => ({
      ...{ pos: n + 1, at: platform.now + n, type: 'ladder', entry },
    }))
    platform.route('GET', `/alarms/${alarm.id}/timeline`, () => ({ body: { items, people: { u2: '李娜' } } }))
    await using desk = await openDesk()
    const { page } = desk
    const lines = page.locator('[data-zone=timeline] li')
    await lines.nth(2).waitFor()
    expect((await lines.allInnerTexts()).map((line) => line.replaceAll(/^\S+ \S+|\s/g, ''))).toEqual([
      '升级步骤值班一已通知r60-duty1',
      '人工呼叫带班领导李娜火势扩大到罐区',
      '起草信息快报平台→370100',
    ])
    await page.keyboard.press('e')
    const form = page.locator('[data-zone=action-form]')
    await form.locator('[name=to]').selectOption('call:superior')
    await form.locator('[name=text]').fill('火势')
    await form.locator('[name=text]').press('Control+Enter')
    expect(told(/call$/)).toEqual([])
    await form.locator('[name=text]').fill('火势扩大到罐区')
    await shoot(page, 'desk-ladder-zh')
    await form.locator('[name=text]').press('Control+Enter')
    expect(await page.locator('[data-zone=outcome][data-state=failed]').innerText()).toContain('外部步骤未启用')
    refused = false
    await form.locator('[name=to]').selectOption('call:next')
    await form.locator('[name=text]').press('Control+Enter')
    expect(await page.locator('[data-zone=outcome][data-state=done]').innerText()).toContain('下一步')
    expect(told(/call$/).at(-1)).toMatchObject({ body: { version: alarm.version, to: 'next', reason: '火势扩大到罐区' } })
    await page.locator('[data-action=report]').click()
    expect(await page.locator('[data-zone=written-report] pre').first().innerText()).toContain('报送：370100')
    await page.locator('[data-zone=written-report] details').click()
    await page.locator('[data-action=print]').scrollIntoViewIfNeeded()
    await shoot(page, 'desk-report-zh')
    await page.keyboard.press('l')
    expect(await page.locator('[data-zone=written-report] pre').first().innerText()).toContain('To: 370100')
    await page.keyboard.press('e')
    await shoot(page, 'desk-ladder-en')
  })

  test('W puts the alarm on the walls and says on how many; none is no success', async () => {
    let walls = 2
    platform.route('POST', '/alarms/:id/show', () => ({ body: { walls } }))
    const alarm = makeAlarm(platform.now)
    platform.alarm(alarm)
    await using desk = await openDesk()
    const { page } = desk
    await page.keyboard.press('w')
    expect(await page.locator('[data-zone=outcome][data-state=done]').innerText()).toContain('已投到 2 块大屏')
    walls = 0
    await page.keyboard.press('w')
    expect(await page.locator('[data-zone=outcome][data-state=failed]').innerText()).toContain('没有在线的大屏')
    expect(told(/show$/)).toHaveLength(2)
  })

  test('a filter is saved under a name, comes back with one press on any machine, and hides no red', async () => {
    let views: unknown[] = []
    platform.route('GET', '/me/views', () => ({ body: { views } }))
    platform.route('PUT', '/me/views', ({ body }) => ({ body: { views: (views = body['views'] as unknown[]) } }))
    const red = makeAlarm(platform.now, { level: 'red' })
    for (const alarm of [red, makeAlarm(platform.now, { level: 'yellow' }), makeAlarm(platform.now, { level: 'blue' })])
      platform.alarm(alarm)
    const listed = (page: Page) =>
      page.locator('li[role=option]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-level')))
    {
      await using desk = await openDesk()
      const { page } = desk
      await page.selectOption('[data-zone=filters] [name=level]', 'blue')
      await page.locator('[data-action=save-view]').click()
      await page.locator('[name=view]').fill('只看蓝')
      await page.locator('[name=view]').press('Enter')
      await page.locator('[data-view=只看蓝][aria-pressed=true]').waitFor()
      expect(views).toMatchObject([{ name: '只看蓝', sort: 'urgency', filter: { level: 'blue', mine: false } }])
    }
    await using elsewhere = await openDesk()
    const { page } = elsewhere
    expect(await listed(page)).toHaveLength(3)
    await page.locator('[data-view=只看蓝]').click()
    expect(await listed(page)).toEqual(['red', 'blue'])
    expect(await page.locator('[data-zone=hidden]').getAttribute('data-hidden')).toBe('1')
    await shoot(page, 'desk-views')
    await page.locator('[data-action=remove-view]').click()
    await eventually(() => expect(views).toEqual([]))
  })

  test('beside an alarm stands what is near it, first what went into alarm at about the same time', async () => {
    const alarm = makeAlarm(platform.now, { level: 'orange', deviceId: 'GAS-2' })
    const later = makeAlarm(platform.now - 3_000, { level: 'blue', deviceId: 'GAS-5' })
    platform.alarm(alarm)
    platform.alarm(later)
    await using desk = await openDesk()
    const near = desk.page.locator('[data-zone=near]').first()
    const rows = await near.locator('li').evaluateAll((all) => all.map((row) => row.getAttribute('data-device')))
    expect([rows[0], rows.includes('GAS-2'), rows.includes('GAS-1')]).toEqual(['GAS-5', false, true])
    expect(await near.locator('li').first().innerText()).toMatch(/0\.5[\s\S]*%LEL/)
    await shoot(desk.page, 'desk-near')
  })

  /** Nothing reaches beyond the paper, and nothing is cut off inside a box. */
  const cutOff = (page: Page) =>
    page.evaluate(() => {
      const wrong: string[] = []
      for (const one of document.querySelectorAll<HTMLElement>('body *')) {
        const box = one.getBoundingClientRect()
        if (box.width === 0 || one.closest('svg, canvas')) continue
        const style = getComputedStyle(one)
        const isCut =
          style.overflow !== 'visible' && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)
        if (box.right > innerWidth + 1 || isCut) wrong.push(`${one.tagName} ${one.className} ${one.textContent.slice(0, 30)}`)
      }
      return wrong
    })
  /** A4 less the margins of print.css, at 96 dpi. */
  const paper = { width: 688, height: 1002 }

  test('a long alarm is printed on A4 from its first word to its last, in both languages', async () => {
    const zh = '二号罐区可燃气体探测器浓度达到高高报,现场已启动喷淋并疏散作业人员。'.repeat(6)
    const alarm = makeAlarm(platform.now, {
      id: 'alarm-paper',
      message: { zh, en: `${'Combustible gas at HH in tank farm two. '.repeat(12)}End` },
    })
    const items = Array.from({ length: 70 }, (_, n) => ({
      ...{ pos: n + 1, at: platform.now - 100_000 + n * 1_000, type: 'change' },
      entry: {
        kind: 'alarm.changed',
        change: 'commented',
        alarm,
        causePos: 1,
        at: 0,
        by: 'u1',
        comment: `第${n + 1}条备注,现场情况稳定`,
      },
    }))
    platform.route('GET', '/alarms/:id/timeline', () => ({ body: { items, people: { u1: '王伟' } } }))
    platform.alarm(alarm)
    await using desk = await openDesk()
    const { page } = desk
    await page.locator('[data-zone=timeline] li:nth-child(70)').waitFor()
    for (const language of ['zh', 'en'] as const) {
      await page.emulateMedia({ media: 'print' })
      await page.setViewportSize(paper)
      await shoot(page, `alarm-paper-${language}`)
      expect(await cutOff(page)).toEqual([])
      const { pages } = readPdf(await page.pdf({ preferCSSPageSize: true }))
      expect(pages.length).toBeGreaterThanOrEqual(2)
      for (const { widthMm, heightMm } of pages) expect([Math.round(widthMm), Math.round(heightMm)]).toEqual([210, 297])
      const text = pages.map((one) => one.text).join('')
      for (let n = 1; n <= 70; n++) expect(text).toContain(`第${n}条备注,现场情况稳定`)
      expect(text.split(language === 'zh' ? '疏散作业人员' : 'tankfarmtwo').length - 1).toBeGreaterThanOrEqual(6)
      expect(text).toMatch(language === 'zh' ? /报警alarm-paper·第1版·打印于/ : /Alarmalarm-paper·version1·printed/)
      expect(text).not.toContain(language === 'zh' ? '处置队列' : 'Queue')
      await page.emulateMedia({ media: 'screen' })
      await page.setViewportSize({ width: 1600, height: 900 })
      if (language === 'zh') await page.keyboard.press('l')
    }
  })

  test('the evidence of an alarm is a sheet on A4 that names its file by hash, and every entry of it', async () => {
    const alarm = makeAlarm(platform.now, { id: 'alarm-proof' })
    const record = Array.from({ length: 90 }, (_, n) => ({
      ...{ pos: 1000 + n, receivedAt: platform.now - 90_000 + n * 1_000, kind: 'alarm.viewed', key: null, count: 1 },
      payload: JSON.stringify({ kind: 'alarm.viewed', alarmId: alarm.id, version: n, by: 'u1' }),
      ...{ previous: '00', hash: `${String(n).padStart(4, '0')}${'ab'.repeat(30)}` },
    }))
    const evidence: Evidence = {
      ...{ format: 'watchfire-evidence/1', alarm, exportedBy: 'u1', exportedAt: platform.now, head: 1090, record, missing: [7] },
      readings: {
        from: 0,
        to: 60_000,
        series: [
          {
            metric: 'combustibleLel',
            points: [
              [1, 3],
              [2, 52.3],
            ],
          },
        ],
      },
      people: { u1: '王伟' },
    }
    const seal = { signature: 'c2ln'.repeat(22), publicKey: 'MCow'.repeat(15) }
    platform.file('/alarms/alarm-proof/evidence', `${JSON.stringify(evidence)}\n${JSON.stringify(seal)}\n`, {
      'x-evidence-sha256': 'e5'.repeat(32),
    })
    await using sheet = await openPage(browser, `${platform.url}/desk?evidence=alarm-proof`, { width: 1000, height: 900 })
    const { page } = sheet
    await page.locator('[data-pos="1089"]').waitFor()
    await shoot(page, 'evidence')
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('a[download]').click()])
    expect(download.suggestedFilename()).toBe('evidence-alarm-proof.jsonl')
    await page.emulateMedia({ media: 'print' })
    await page.setViewportSize(paper)
    expect(await cutOff(page)).toEqual([])
    const { pages } = readPdf(await page.pdf({ preferCSSPageSize: true }))
    for (const { widthMm, heightMm } of pages) expect([Math.round(widthMm), Math.round(heightMm)]).toEqual([210, 297])
    const text = pages.map((one) => one.text).join('')
    for (const part of ['e5'.repeat(32), seal.signature, seal.publicKey, '2个值,3.0至52.3', '缺失或损坏的条目:7'])
      expect(text).toContain(part)
    for (let n = 0; n < 90; n++) expect(text).toContain(`查看(第${n}版)`)
    // The head of the table is on every page of it.
    expect(text.split('哈希(前16位)').length - 1).toBe(pages.length)
  })
})
