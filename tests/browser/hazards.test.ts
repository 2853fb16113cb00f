import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { emptyFields, type Hazard } from '../../core/hazard.ts'
import { issueNotice } from '../../core/notice-steps.ts'
import { chineseDay } from '../../core/notice-text.ts'
import { bareJpeg } from '../../core/jpeg.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import { furnish, makeAlarm } from './district.ts'
import { FakePlatform } from './fake-platform.ts'
import { buildPages, eventually, openPage } from './pages.ts'
import { readPdf } from './pdf.ts'

const DAY = 86_400_000
const shots = process.env['WATCHFIRE_TEST_SHOTS']

describe.skipIf(!hasChromium())('hazards', () => {
  let browser: Browser
  let platform: FakePlatform
  let hazards: object[]
  beforeAll(async () => {
    await buildPages()
    browser = await launchChromium()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    platform = await FakePlatform.start()
    furnish(platform)
    const { now } = platform
    const one = (id: string, over: Partial<Hazard> & object) => ({
      ...{ id, version: 4, mode: 'live', source: 'inspection', alarmId: null, enterpriseId: 'binjiang', place: '2# 罐区' },
      ...{ level: 'general', description: '消火栓被遮挡', category: 'fire', fields: emptyFields, state: 'graded' },
      ...{ since: now - DAY, dueAt: now + 2 * DAY, createdAt: now - 3 * DAY, createdBy: 'p-anna', fixers: [], verifiedBy: null },
      ...{ evidence: [], listing: null, isWorkStopped: false, deadlineMoves: 0 },
      ...{
        isOverdue: false,
        hasNoOwner: true,
        overdueSteps: [],
        missing: Object.keys(emptyFields),
        possible: ['grade', 'plan', 'treat'],
      },
      ...over,
    })
    const fields = {
      ...{
        responsible: { unit: '设备部', personId: 'p-bert' },
        measures: '更换老化管线,加装切断阀',
        funds: { yuan: 86_000, source: '安全费用' },
      },
      ...{ deadline: now - 6 * DAY, plan: '整改期间停产,现场双人值守' },
    }
    hazards = [
      one('hz-2', {}),
      one('hz-1', {
        ...{
          level: 'major',
          state: 'stopped',
          fields,
          isWorkStopped: true,
          description: '储罐区可燃气体报警系统未投用',
          category: 'monitoring',
        },
        ...{ dueAt: now - 6 * DAY, listing: { level: 'county', by: 'p-anna', at: now - 9 * DAY }, source: 'self-check' },
        ...{ isOverdue: true, hasNoOwner: false, missing: [], possible: ['plan', 'supervise', 'report', 'close-down'] },
        overdueSteps: [
          { step: 'notice', at: now - 5 * DAY },
          { step: 'talk', at: now - DAY },
        ],
      } as never),
    ]
    const people = { 'p-anna': '安娜', 'p-bert': '李工' }
    const change = { by: 'p-anna', comment: null, dueAt: now - 7 * DAY, evidence: [] }
    const history = [
      { ...change, at: now - 12 * DAY, change: 'created', version: 1, state: 'found' },
      { ...change, at: now - 9 * DAY, change: 'supervise', version: 2, state: 'supervised', comment: '县级挂牌' },
      { ...change, at: now - 6 * DAY, change: 'stop', version: 3, state: 'stopped' },
    ]
    platform.route('GET', '/hazards', () => ({ body: { hazards, people } }))
    platform.route('GET', '/hazards/:id', ({ params }) => ({
      body: { hazard: hazards.find((hazard) => (hazard as Hazard).id === params[0]), history, people },
    }))
    // The newest route is asked first.
    platform.route('GET', '/hazards/people', () => ({ body: { people: [{ id: 'p-bert', name: '李工' }] } }))
  })
  afterEach(() => platform.stop())

  test('the overdue come first, an empty field is shown as such and refused by name, and a plan is sent with its version', async () => {
    platform.route('POST', '/hazards/:id/:step', ({ params }) =>
      params[1] === 'treat'
        ? { status: 409, body: { error: { code: 'fields-missing', message: 'x', details: { missing: ['funds'] } } } }
        : { body: { hazard: hazards[0] } },
    )
    await using watched = await openPage(browser, `${platform.url}/hazards`, { width: 1440, height: 900 })
    const { page } = watched
    const rows = page.locator('[data-zone=hazards] tbody tr')
    await rows.first().waitFor()
    expect(await rows.first().getAttribute('data-hazard')).toBe('hz-1')
    await rows.first().click()
    const detail = page.locator('[data-zone=hazard]')
    await eventually(async () => expect(await detail.innerText()).toContain('约谈'))
    expect(await detail.locator('[data-zone=chain] .now').innerText()).toBe('停产整改')
    if (shots) await page.screenshot({ path: `${shots}/hazards.png` })
    await page.emulateMedia({ media: 'print' })
    if (shots) await page.pdf({ path: `${shots}/hazards.pdf`, format: 'A4' })
    expect(await page.locator('[data-zone=hazards]').isVisible()).toBe(false)
    await page.emulateMedia({ media: 'screen' })

    await rows.nth(1).click()
    await eventually(async () => expect(await detail.getAttribute('data-hazard')).toBe('hz-2'))
    await detail.locator('[data-field=funds][data-empty=true]').waitFor()
    expect(await detail.locator('[data-zone=no-owner]').count()).toBe(1)
    await detail.locator('[data-action=treat]').click()
    await detail.locator('[data-zone=step] [type=submit]').click()
    await eventually(async () => expect(await detail.locator('.failure').innerText()).toContain('资金'))
    await detail.locator('[data-action=plan]').click()
    const form = detail.locator('[data-zone=step]')
    await form.locator('[name=unit]').fill('设备部')
    await form.locator('[name=personId]').selectOption('p-bert')
    await form.locator('[name=yuan]').fill('0')
    await form.locator('[name=fundsFrom]').fill('无需')
    await form.locator('[name=deadline]').fill('2099-01-31')
    if (shots) await page.screenshot({ path: `${shots}/hazard-plan.png` })
    await form.locator('[type=submit]').click()
    await eventually(() =>
      expect(platform.calls.find(({ path }) => path === '/hazards/hz-2/plan')?.body).toMatchObject({
        version: 4,
        fields: {
          responsible: { unit: '设备部', personId: 'p-bert' },
          funds: { yuan: 0, source: '无需' },
          measures: null,
          deadline: Date.parse('2099-01-31T15:59:59Z'),
        },
      }),
    )
  })

  test('a notice is issued, printed on A4 as the original once and as a copy from then on, and served; voided it says so on paper', async () => {
    const stopped = hazards[1] as Hazard
    const order = { ...stopped, isWorkStopped: false, fields: { ...stopped.fields, deadline: platform.now + 9 * DAY } }
    const place = { enterprise: '滨江化工有限公司', place: stopped.place }
    const facts = { ...place, zone: 'Asia/Shanghai', verifier: '区消防大队', review: null }
    const clause = '《中华人民共和国安全生产法》第三十六条'
    const by = { by: 'p-anna', at: Math.floor(platform.now), comment: null }
    const number = { region: '330108', year: 2026, n: 3, text: '（滨江区）责改〔2026〕3号' }
    const issue = () =>
      issueNotice(order, { kind: 'rectify', unit: '滨江区应急管理局' }, { ...facts, clause }, by, () => ({ id: 'n-3', number }))
    let made: ReturnType<typeof issueNotice> | null = null
    let printed = -1
    const notice = () => ({ ...made!.notice, isPrinted: printed >= 0, copies: Math.max(0, printed) })
    platform.route('GET', '/hazards/:id/notices', () => ({
      body: { notices: made ? [notice()] : [], possible: made ? [] : ['rectify'], units: ['滨江区应急管理局'], people: {} },
    }))
    platform.route('POST', '/hazards/:id/notices', () => {
      made = issue()
      return { status: 201, body: { hazard: made.hazard, notice: made.notice } }
    })
    platform.route('GET', '/hazards/:id/notices/:notice', () => ({ body: { notice: notice(), text: made!.text } }))
    platform.route('POST', '/hazards/:id/notices/:notice/print', () => ({ body: { copy: ++printed } }))
    platform.route('POST', '/hazards/:id/notices/:notice/withdraw', () => ({ body: { hazard: made!.hazard } }))
    platform.route('POST', '/hazards/:id/notices/:notice/serve', () => ({ body: { hazard: made!.hazard } }))
    await using watched = await openPage(browser, `${platform.url}/hazards?id=hz-1`, { width: 1440, height: 1000 })
    const { page } = watched
    const panel = page.locator('[data-zone=notices]')
    await panel.locator('[data-issue=rectify]').click()
    const form = panel.locator('[data-zone=notice-form]')
    expect(await form.locator('[name=unit]').inputValue()).toBe('滨江区应急管理局')
    await form.locator('[name=verifier]').fill('区消防大队')
    await form.locator('[name=clause]').fill(clause)
    if (shots) await page.screenshot({ path: `${shots}/notice-form.png` })
    await form.locator('[type=submit]').click()
    await eventually(() =>
      expect(platform.calls.find(({ path, method }) => method === 'POST' && path === '/hazards/hz-1/notices')?.body).toEqual({
        ...{ version: 4, kind: 'rectify', unit: '滨江区应急管理局', verifier: '区消防大队', clause },
      }),
    )
    await panel.locator('[data-action=withdraw]').click()
    const withdrawal = panel.locator('[data-zone=withdraw-form]')
    expect(await withdrawal.locator('[type=submit]').isDisabled()).toBe(true)
    await withdrawal.locator('[name=why]').fill('名称有误')
    await withdrawal.locator('[type=submit]').click()
    await eventually(() =>
      expect(platform.calls.find(({ path }) => path.endsWith('/withdraw'))?.body).toEqual({ version: 4, comment: '名称有误' }),
    )

    const sheetUrl = await panel.locator('[data-action=sheet]').getAttribute('href')
    await panel.locator('[data-action=serve]').click()
    await panel.locator('[name=how]').selectOption('left')
    await panel.locator('[name=comment]').fill('门卫拒收,两名见证人在场')
    if (shots) await page.screenshot({ path: `${shots}/notice-served.png` })
    await panel.locator('[data-zone=serve-form] [type=submit]').click()
    await eventually(() =>
      expect(platform.calls.find(({ path }) => path.endsWith('/serve'))?.body).toMatchObject({ how: 'left', version: 4 }),
    )

    await page.goto(platform.url + sheetUrl!)
    const article = page.locator('[data-zone=notice-sheet] article')
    await article.waitFor()
    await page.evaluate(() => {
      window.print = () => void (document.body.dataset['printed'] = document.querySelector('article')!.innerText)
    })
    const onPaper = () => page.locator('body').getAttribute('data-printed')
    await page.locator('[data-action=print]').click()
    await eventually(async () => expect(await onPaper()).toContain(number.text))
    expect(await onPaper()).not.toContain('副本')
    await eventually(async () => expect(await page.locator('[data-action=print]').isEnabled()).toBe(true))
    await page.locator('[data-action=print]').click()
    await eventually(async () => expect(await onPaper()).toContain('副本（第 1 份）'))
    for (const language of ['zh', 'en']) {
      if (shots) await page.screenshot({ path: `${shots}/notice-${language}.png`, fullPage: true })
      await page.locator('[data-action=language]').click()
    }
    // Whatever is printed past the button is a copy.
    const read = async () => {
      const pdf = readPdf(await page.pdf({ preferCSSPageSize: true }))
      expect(pdf.pages.length).toBeLessThanOrEqual(2)
      expect([Math.round(pdf.pages[0]!.widthMm), Math.round(pdf.pages[0]!.heightMm)]).toEqual([210, 297])
      // The font draws these two by their radicals, which no normal form knows.
      return pdf.pages.map(({ text }) => text.replaceAll('⺠', '民').replaceAll('⻅', '见')).join('')
    }
    const plain = (text: string) => text.normalize('NFKC').replaceAll(/\s/g, '')
    const paper = await read()
    for (const said of [
      ...[made!.text.title, number.text, '滨江化工有限公司', '储罐区可燃气体报警系统未投用', '2# 罐区', clause],
      ...['更换老化管线', '滨江区应急管理局(印章)', '区消防大队复查', '第一百零二条', '留置送达', '受送达人', '副本'],
      ...[chineseDay(order.fields.deadline!, 'Asia/Shanghai'), chineseDay(by.at, 'Asia/Shanghai')],
    ])
      expect(paper).toContain(plain(said))
    expect(paper.split(plain('执法人员（签名）'))).toHaveLength(3)
    expect(paper).not.toMatch(/打印|Print|English/)
    made = { ...made!, notice: { ...made!.notice, state: 'withdrawn', ended: { at: by.at, by: 'p-anna', reason: '名称有误' } } }
    await page.reload()
    await article.waitFor()
    expect(await read()).toContain('作废')
    if (shots) await page.screenshot({ path: `${shots}/notice-void.png`, fullPage: true })
  })

  test('on the desk H makes the alarm a hazard, which is linked from then on', async () => {
    let linked: object[] = []
    platform.route('GET', '/alarms/:id/hazards', () => ({ body: { hazards: linked } }))
    platform.route('POST', '/alarms/:id/hazard', () => {
      linked = [hazards[0]!]
      return { status: 201, body: { hazard: hazards[0] } }
    })
    platform.alarm(makeAlarm(platform.now))
    await using watched = await openPage(browser, `${platform.url}/desk`, { width: 1440, height: 900 })
    const { page } = watched
    await page.locator('[data-zone=detail][data-alarm]').waitFor()
    await page.keyboard.press('h')
    const form = page.locator('[data-zone=hazard-form]')
    await form.locator('[name=unit]').fill('仪表班')
    if (shots) await page.screenshot({ path: `${shots}/desk-hazard.png` })
    await form.locator('[type=submit]').click()
    await eventually(async () => expect(await form.locator('a').getAttribute('href')).toBe('/hazards?id=hz-2'))
    expect(platform.calls.find(({ path }) => path.endsWith('/hazard'))?.body).toMatchObject({
      category: 'monitoring',
      fields: { responsible: { unit: '仪表班' } },
    })
  })

  test('a telephone reports a hazard with a photo drawn anew, and asks what became of it', async () => {
    platform.route('GET', '/tips/enterprises/:id', () => ({ body: { name: '滨江化工有限公司' } }))
    platform.route('POST', '/tips', () => ({ status: 201, body: { code: 'k7xm-3bqt-w2np', dueAt: platform.now + 9 * DAY } }))
    platform.route('POST', '/tips/state', () => ({ body: { state: 'treating', dueAt: null } }))
    await using watched = await openPage(browser, `${platform.url}/tip?e=binjiang&p=北门`, { width: 390, height: 844 })
    const { page } = watched
    await eventually(async () => expect(await page.locator('[data-zone=enterprise]').innerText()).toBe('滨江化工有限公司'))
    if ((await page.locator('h1').innerText()) !== '安全隐患举报') await page.locator('header button').click()
    const form = page.locator('[data-zone=tip]')
    expect(await form.locator('[name=place]').inputValue()).toBe('北门')
    await form.locator('[type=submit]').click()
    expect(await form.locator('.failure').innerText()).toContain('至少 5 个字')
    await form.locator('[name=text]').fill('安全出口被货物堵住')
    const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    await form.locator('[name=photo]').setInputFiles({ name: 'p.png', mimeType: 'image/png', buffer: Buffer.from(png, 'base64') })
    if (shots) await page.screenshot({ path: `${shots}/tip.png` })
    await form.locator('[type=submit]').click()
    await eventually(async () => expect(await page.locator('[data-zone=given] .code').innerText()).toBe('k7xm-3bqt-w2np'))
    const sent = platform.calls.find(({ path }) => path === '/tips')!.body as Record<string, string>
    expect(sent).toMatchObject({ enterpriseId: 'binjiang', place: '北门', text: '安全出口被货物堵住' })
    expect(bareJpeg(Buffer.from(sent['photo']!, 'base64'))).not.toBeNull()
    await page.locator('[name=code]').fill('k7xm-3bqt-w2np')
    await page.locator('[data-zone=ask] button').click()
    await page.locator('[data-zone=state][data-state=treating]').waitFor()
    if (shots) await page.screenshot({ path: `${shots}/tip-given.png` })
  })
})
