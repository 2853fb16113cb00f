import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { shippedLadder } from '../../alerts/escalation/ladder-shipped.ts'
import type { HandedAlarm, HandoverReport } from '../../core/handover.ts'
import { toConfirm } from '../../core/handover.ts'
import type { Shift } from '../../core/roster.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import { furnish, makeAlarm } from './district.ts'
import { FakePlatform } from './fake-platform.ts'
import { buildPages, eventually, openPage } from './pages.ts'
import { readPdf } from './pdf.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const region = '330106'
const size = { width: 1440, height: 900 }
const shots = process.env['WATCHFIRE_TEST_SHOTS']
const people = { 'p-1': '王伟', 'p-2': '李娜', 'p-3': '赵磊', 'p-4': '钱主任', 'p-5': '孙丽' }
const crew = { duty1: 'p-1', duty2: 'p-2', shiftLeader: 'p-3', dutyLeader: 'p-4' }
const person = (id: string, name: string, reachable = true) => ({ id, name, role: 'duty', reachable })

describe.skipIf(!hasChromium())('duty', () => {
  let browser: Browser
  let platform: FakePlatform
  let shifts: Shift[]
  beforeAll(async () => {
    await buildPages()
    browser = await launchChromium()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    platform = await FakePlatform.start()
    furnish(platform)
    const now = Math.floor(platform.now)
    const shift = (id: string, from: number): Shift => ({
      ...{ id, version: 1, region, from, to: from + 12 * HOUR, people: crew, substitutions: [], cancelledAt: null },
    })
    shifts = [shift('sh-1', now - 3 * HOUR), shift('sh-2', now + 9 * HOUR)]
    platform.route('GET', '/session', () => ({
      body: {
        user: { id: 'p-4', username: 'qian', role: 'supervisor', enterpriseId: null },
        ...{ mode: 'live', jurisdiction: '滨海新区应急管理局', mqttPort: 1883, zone: 'Asia/Shanghai', demo: false, version: '0' },
      },
    }))
    platform.route('GET', '/duty/people', () => ({
      body: { people: [...Object.entries(people).map(([id, name]) => person(id, name)), person('p-6', '周无号', false)] },
    }))
    platform.route('GET', '/duty/now', () => ({
      body: { hasRoster: true, duty: { shiftId: 'sh-1', region, people: crew }, people },
    }))
    platform.route('GET', '/duty/contacts', () => ({ body: { phones: { 'p-1': '13800000001', 'p-2': null } } }))
    platform.route('GET', '/roster', ({ query }) => {
      const [from, to] = [Number(query.get('from')), Number(query.get('to'))]
      const covered = shifts.at(-1)?.to ?? from
      const days = Array.from({ length: Math.min(62, Math.ceil((to - from) / DAY)) }, (_one, i) => {
        const day = new Date(from + i * DAY + 8 * HOUR).toISOString().slice(0, 10)
        return { day, works: i % 7 !== 6, holiday: i === 16 ? { zh: '国庆节', en: 'National Day' } : null, known: true }
      })
      const inRange = shifts.filter((one) => one.from < to && one.to > from)
      return {
        body: {
          regions: shifts.length > 0 ? [region] : [],
          shifts: inRange,
          gaps: [{ region, from: covered, to }],
          days,
          people,
        },
      }
    })
  })
  afterEach(() => platform.stop())

  test('the roster shows who is on duty, hatches and names what nobody watches, and a change somebody else made first is told', async () => {
    platform.route('POST', '/roster/:id/substitute', () => {
      shifts[0] = { ...shifts[0]!, version: 2, people: { ...crew, duty1: 'p-5' } }
      return { status: 409, body: { error: { code: 'stale-version', message: 'x' } } }
    })
    await using watched = await openPage(browser, `${platform.url}/duty`, size)
    const { page } = watched
    const shift = page.locator('[data-shift=sh-1]')
    await shift.waitFor()
    expect(await shift.getAttribute('data-state')).toBe('now')
    expect(await page.locator('[data-zone=on-duty]').innerText()).toContain('王伟')
    expect(await page.locator('[data-zone=unreachable]').innerText()).toContain('周无号')
    const gap = page.locator('.gap').first()
    expect(await gap.innerText()).toMatch(/无人值班 \d\d:\d\d–\d\d:\d\d/)
    expect(await gap.evaluate((element) => getComputedStyle(element).backgroundImage)).toContain('repeating-linear-gradient')
    expect(await page.locator('[data-zone=duty-now]').innerText()).not.toContain('138')
    await page.locator('[data-action=numbers]').click()
    await eventually(async () => expect(await page.locator('[data-zone=duty-now]').innerText()).toContain('13800000001'))
    if (shots) await page.screenshot({ path: `${shots}/roster.png` })
    await shift.press('Enter')
    const panel = page.locator('[data-zone=shift]')
    await panel.locator('[data-action=substitute]').click()
    await panel.locator('[name=person]').selectOption('p-5')
    expect(await panel.locator('[data-action=send]').isDisabled()).toBe(true)
    await panel.locator('[name=reason]').fill('病假')
    await panel.locator('[data-action=send]').click()
    await eventually(async () => expect(await panel.innerText()).toContain('已被他人修改'))
    await eventually(async () => expect(await panel.getAttribute('data-version')).toBe('2'))
  })

  test('who is asked answers the roll call on the desk, and the leader sees who has not', async () => {
    const call = { shiftId: 'sh-1', region, answerBy: Math.floor(platform.now) + 100_000, open: true }
    let mine = false
    const asked = () => [
      { personId: 'p-1', name: '王伟', answered: false },
      { personId: 'p-4', name: '钱主任', answered: mine },
    ]
    platform.route('GET', '/duty/roll-call', () => ({
      body: { now: platform.now, calls: [{ ...call, mine, people: asked() }] },
    }))
    platform.route('POST', '/duty/roll-call/answer', () => {
      mine = true
      return { body: { shiftId: 'sh-1' } }
    })
    await using watched = await openPage(browser, `${platform.url}/desk`, size)
    const { page } = watched
    const roll = page.locator('[data-zone=roll-call]')
    await roll.waitFor()
    expect(await roll.innerText()).toMatch(/点名[\s\S]*还剩 (9\d|100) 秒/)
    expect(await roll.locator('[data-answered=false]').count()).toBe(2)
    if (shots) await page.screenshot({ path: `${shots}/roll-call.png` })
    await roll.locator('[data-action=here]').click()
    await page.locator('[data-zone=roll-call][data-state=answered]').waitFor()
    expect(await roll.locator('[data-action=here]').count()).toBe(0)
    expect(await roll.locator('[data-answered=false]').innerText()).toContain('王伟')
    await page.goto(`${platform.url}/duty`)
    await page.locator('[data-zone=roll-call][data-state=answered]').waitFor()
  })

  test('what leaves the deployment is let out by two people: one proposes after a dry run, only another approves', async () => {
    let me = { id: 'p-4', username: 'qian', role: 'supervisor', enterpriseId: null }
    const proposals: Record<string, unknown>[] = []
    const inForce: object[] = []
    const now = Math.floor(platform.now)
    const tried = { from: now - 7 * DAY, to: now, alarms: 2, calls: 3 }
    platform.route('GET', '/session', () => ({
      body: {
        user: me,
        mode: 'live',
        jurisdiction: '滨海新区应急管理局',
        mqttPort: null,
        zone: 'Asia/Shanghai',
        demo: false,
        version: '0',
      },
    }))
    platform.route('GET', '/regions', () => ({ body: { regions: [{ code: region, zh: '西湖区', en: 'Xihu' }] } }))
    platform.route('GET', '/ladders', () => {
      const reasons = inForce.length === 0 ? ['outside-steps-off'] : []
      return { body: { state: { enabled: false, reasons }, shipped: shippedLadder, ladders: inForce, divisions: [region] } }
    })
    platform.route('GET', '/ladders/proposals', () => ({ body: { proposals, people } }))
    platform.route('POST', '/ladders/dry-run', () => {
      const call = (step: string, to: object, personIds: string[], leaves: boolean) => ({
        ...{
          alarmId: 'a',
          enterpriseId: 'e',
          level: 'red',
          raisedAt: now,
          step,
          at: now,
          to,
          personIds,
          channels: ['voice'],
          leaves,
        },
      })
      const calls = [
        call('r60-duty1', { duty: 'duty1' }, ['p-1'], false),
        call('r600-superior', { superior: 'duty1' }, ['p-2'], true),
        call('r600-superior', { superior: 'duty1' }, [], true),
      ]
      return { body: { id: 'lt-1', region, from: tried.from, to: tried.to, alarms: 2, calls, truncated: false, people } }
    })
    platform.route('POST', '/ladders/proposals', ({ body: { version, reason, dryRun, ...ladder } }) => {
      const one = { id: 'lp-1', base: version, ladder: { ...ladder, version: 1 }, reason, dryRun, tried, by: me.id, at: now }
      proposals.push({ ...one, state: 'open', decision: null })
      return { status: 201, body: { proposal: proposals[0] } }
    })
    platform.route('POST', '/ladders/proposals/:id/approve', ({ body: { comment } }) => {
      Object.assign(proposals[0]!, { state: 'approved', decision: { by: me.id, at: now, comment } })
      inForce.push(proposals[0]!['ladder'] as object)
      return { body: { proposal: proposals[0] } }
    })
    platform.platform = { ...platform.platform, notices: [{ code: 'outside-steps-off', text: 'x', since: now }] }
    await using watched = await openPage(browser, `${platform.url}/desk`, size)
    const { page } = watched
    const notice = page.locator('[data-zone=notice]')
    await notice.locator('[data-action=ladder]').waitFor()
    expect(await notice.innerText()).toContain('上级升级未启用')
    await notice.locator('[data-action=ladder]').click()
    const outside = (state: string) => page.locator(`[data-zone=ladder-table] [data-outside=${state}]`)
    await page.locator('[data-zone=ladder-state][data-state=inside]').waitFor()
    expect([await outside('off').count(), await outside('on').count()]).toEqual([4, 0])
    expect(await page.locator('[data-zone=ladder-origin]').innerText()).toContain('系统自带')
    if (shots) await page.screenshot({ path: `${shots}/ladder.png`, fullPage: true })

    await page.locator('[data-action=enable]').click()
    const form = page.locator('[data-zone=ladder-form]')
    const send = form.locator('[data-action=send]')
    await form.locator('[name=reason]').fill('夜间上级值班已确认')
    expect(await send.isDisabled()).toBe(true)
    await form.locator('[data-action=dry-run]').click()
    const run = form.locator('[data-zone=ladder-run]')
    expect(await run.locator('[data-step=r600-superior]').innerText()).toMatch(/上级值班一[\s\S]*李娜 × 1[\s\S]*无人 × 1/)
    await form.locator('[data-action=edit]').click()
    const seconds = form.locator('[data-step=r60-duty1] input')
    await seconds.fill('')
    expect(await form.locator('.acts [role=status]').innerText()).toContain('秒数须为')
    await seconds.fill('45')
    expect(await send.isDisabled()).toBe(true)
    await form.locator('[data-action=dry-run]').click()
    await run.waitFor()
    if (shots) await page.screenshot({ path: `${shots}/ladder-form.png`, fullPage: true })
    await send.click()
    const card = page.locator('[data-proposal=lp-1]')
    await card.waitFor()
    const sent = platform.calls.find(({ method, path }) => method === 'POST' && path === '/ladders/proposals')!.body
    expect(sent).toMatchObject({ region, version: 0, leaves: true, dryRun: 'lt-1', reason: '夜间上级值班已确认' })
    expect(await card.innerText()).toMatch(/不能批准自己的提议/)
    expect(await card.locator('[data-action=approve]').count()).toBe(0)

    me = { ...me, id: 'p-5', username: 'sun' }
    await page.reload()
    await card.waitFor()
    expect(await card.innerText()).toMatch(/未启用 → 启用[\s\S]*60 秒 · 值班一 · 电话 → 45 秒/)
    if (shots) await page.screenshot({ path: `${shots}/ladder-second.png`, fullPage: true })
    await card.locator('[data-action=approve]').click()
    await page.locator('[data-zone=ladder-state][data-state=on]').waitFor()
    expect([await outside('off').count(), await outside('on').count()]).toEqual([0, 4])
    expect(await page.locator('[data-zone=ladder-origin]').innerText()).toMatch(/第 1 版[\s\S]*钱主任 于[\s\S]*孙丽 于/)

    me = { ...me, role: 'viewer' }
    await page.reload()
    await page.locator('[data-zone=ladder-no-right]').waitFor()
    expect(await page.locator('[data-zone=ladder-table]').count()).toBe(0)
  })

  test('an empty roster says how to begin, and a pattern is looked at before all of it is saved', async () => {
    shifts = []
    platform.route('POST', '/roster', () => ({ status: 201, body: { shifts: [], people: {} } }))
    await using watched = await openPage(browser, `${platform.url}/duty`, size)
    const { page } = watched
    await page.locator('[data-zone=empty]').waitFor()
    await page.locator('[data-action=make]').click()
    const form = page.locator('[data-zone=pattern]')
    await form.locator('[name=region]').fill(region)
    await form.locator('[name=weeks]').fill('2')
    for (const team of [0, 1])
      for (const [role, id] of Object.entries(crew))
        await form.locator(`[name=team${team}-${role}]`).selectOption(team === 1 && role === 'duty1' ? 'p-5' : id)
    expect(await form.locator('[name=team0-duty1] option[value=p-6]').isDisabled()).toBe(true)
    if (shots) await page.screenshot({ path: `${shots}/pattern.png` })
    await form.locator('[data-action=preview]').click()
    const preview = page.locator('[data-zone=preview]')
    await preview.waitFor()
    expect(await preview.locator('tbody tr').count()).toBe(28)
    expect(platform.calls.some(({ method }) => method === 'POST')).toBe(false)
    if (shots) await page.screenshot({ path: `${shots}/preview.png` })
    await preview.locator('[data-action=save]').click()
    await eventually(() => {
      const { body } = platform.calls.find(({ method, path }) => method === 'POST' && path === '/roster')!
      const made = body['shifts'] as Shift[]
      expect(made.map(({ people: { duty1 } }) => duty1).slice(0, 3)).toEqual(['p-1', 'p-5', 'p-1'])
      expect(made.every(({ from, to }, i) => to - from === 12 * HOUR && (i === 0 || made[i - 1]!.to === from))).toBe(true)
    })
  })

  test('the handover lists every open, shelved and overdue item, and is taken over red and orange one by one', async () => {
    const now = Math.floor(platform.now)
    const report = aReport(now)
    const wanted = toConfirm(report)
    const [shift, next] = [shifts[0]!, shifts[1]!].map(({ id, from, to }) => ({ id, region, from, to, people: crew }))
    const signed = {
      outgoing: { by: 'p-1', at: now, notes: report.notes },
      incoming: null as object | null,
      signedSha256: 'a'.repeat(64),
    }
    const answer = () => ({
      ...{
        regions: [region],
        shift,
        next,
        report,
        sha256: 'a'.repeat(64),
        opensAt: now,
        late: signed.incoming === null,
        ...signed,
      },
      ...{ toConfirm: wanted, since: [], may: { outgoing: false, incoming: signed.incoming === null }, people },
    })
    platform.route('GET', '/handover', () => ({ body: answer() }))
    platform.route('GET', '/handover/archive', () => ({ body: { handovers: [{ shift, ...signed }], people } }))
    platform.route('POST', '/handover/:id/sign', ({ body }) => {
      signed.incoming = { by: 'p-5', at: now, notes: '', confirmed: body['confirmed'] }
      return { body: answer() }
    })
    await using watched = await openPage(browser, `${platform.url}/duty#handover`, size)
    const { page } = watched
    const sheet = page.locator('[data-zone=handover]')
    await sheet.waitFor()
    expect(await page.locator('[data-zone=late]').isVisible()).toBe(true)
    expect(await page.locator('[data-zone=handed-open] [data-alarm]').count()).toBe(report.open.length)
    expect(await page.locator('[data-zone=handed-setAside] [data-alarm]').count()).toBe(report.setAside.length)
    expect(await page.locator('[data-zone=handed-cases] [data-case]').count()).toBe(report.cases.length)
    expect(await page.locator('[data-zone=handed-cases]').innerText()).toContain('逾期未接单')
    const ticks = sheet.locator('input[type=checkbox]')
    expect(await ticks.count()).toBe(wanted.length)
    const sign = page.locator('[data-action=sign]')
    expect(await sign.isDisabled()).toBe(true)
    for (const tick of await ticks.all()) await tick.check()
    if (shots) await page.screenshot({ path: `${shots}/handover.png`, fullPage: true })
    await sign.click()
    await eventually(async () => expect(await page.locator('[data-side=incoming]').innerText()).toContain('孙丽'))
    expect(platform.calls.find(({ path }) => path.endsWith('/sign'))!.body).toMatchObject({ side: 'incoming', confirmed: wanted })

    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('[data-zone=archive]').isVisible()).toBe(false)
    expect(await sheet.isVisible()).toBe(true)
    const pdf = await page.pdf({ preferCSSPageSize: true, ...(shots && { path: `${shots}/handover.pdf` }) })
    const { pages } = readPdf(pdf)
    for (const { widthMm, heightMm } of pages) expect([Math.round(widthMm), Math.round(heightMm)]).toEqual([210, 297])
    const text = pages.map((one) => one.text).join('')
    for (const part of [
      '交接班报告',
      report.notes,
      ...Object.values(people).slice(0, 4),
      '罐区检修,已停泵',
      '防火堤破损',
      'a'.repeat(64),
    ])
      expect(text).toContain(part)
    expect(text.split('滨江化工二号罐区探测器').length - 1).toBe(report.open.length + report.setAside.length + 1)
    await page.setViewportSize({ width: 794, height: 1123 })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(794)
    if (shots) await page.screenshot({ path: `${shots}/handover-print.png` })
  })

  test('an alarm is printed by itself on A4: its facts and timeline, without queue and buttons', async () => {
    const id = 'printed-1'
    platform.alarm(makeAlarm(Math.floor(platform.now), { id, level: 'red' }))
    platform.route('GET', '/alarms/:id/timeline', () => ({ body: { items: [], people: {} } }))
    await using watched = await openPage(browser, `${platform.url}/desk`, size)
    const { page } = watched
    await page.locator(`[data-zone=queue] [data-alarm="${id}"]`).first().click()
    const detail = page.locator(`[data-zone=detail][data-alarm="${id}"]`)
    await detail.waitFor()
    await page.emulateMedia({ media: 'print' })
    await page.setViewportSize({ width: 794, height: 1123 })
    expect(await detail.isVisible()).toBe(true)
    expect(await page.locator('[data-zone=queue]').first().isVisible()).toBe(false)
    expect(await page.locator('button:visible').count()).toBe(0)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(794)
    if (shots) await page.screenshot({ path: `${shots}/alarm-print.png` })
  })
})

function aReport(now: number): HandoverReport {
  const alarm = (id: string, level: HandedAlarm['level'], over: Partial<HandedAlarm> = {}): HandedAlarm => ({
    ...{ id, level, state: 'active', message: { zh: '可燃气体 52 %LEL', en: 'Combustible gas 52 %LEL' }, subject: 'gas-1' },
    ...{
      device: '二号罐区探测器',
      enterprise: '滨江化工',
      measuredAt: now - HOUR,
      raisedAt: now - HOUR,
      acknowledgedBy: null,
      stale: false,
    },
    ...over,
  })
  const work = { message: { zh: '烟感', en: 'Smoke' }, device: '东门', enterprise: '滨江化工', to: { person: 'p-1' } }
  return {
    ...{ format: 'watchfire-handover/1', mode: 'live', region, at: now },
    shift: { id: 'sh-1', from: now - 12 * HOUR, to: now, people: crew },
    next: { id: 'sh-2', from: now, people: { ...crew, duty1: 'p-5' } },
    open: [
      alarm('a-1', 'red'),
      alarm('a-2', 'yellow', { stale: true, acknowledgedBy: 'p-2', state: 'acknowledged' }),
      alarm('a-3', 'blue'),
    ],
    setAside: [alarm('a-4', 'orange', { state: 'shelved', until: now + HOUR, by: 'p-2', reason: '罐区检修,已停泵' })],
    cases: [
      { alarmId: 'a-5', level: 'red', ...work, state: 'unaccepted', dueAt: now + HOUR, overdue: 'unaccepted' },
      { alarmId: 'a-1', level: 'red', ...work, state: 'accepted', dueAt: now + HOUR, overdue: null },
    ],
    windows: [
      {
        id: 'w-1',
        kind: 'calibration',
        enterprise: '滨江化工',
        points: ['GAS-2 combustibleLel'],
        reason: '季度标定',
        until: now + HOUR,
        waiting: false,
      },
    ],
    offline: [{ deviceId: 'g-9', device: '北门烟感', enterprise: '滨江化工', lastReceivedAt: now - 2 * HOUR }],
    rules: [
      {
        ruleId: 'gas.combustible',
        version: 3,
        title: { zh: '可燃气体', en: 'Gas' },
        at: now - HOUR,
        by: 'p-4',
        reason: '按新国标',
      },
    ],
    figures: {
      ...{ annunciations: 17, floodMs: 8 * 60_000, acknowledgeMedianMs: 42_000, neverAcknowledged: 1 },
      levels: { red: 2, orange: 3, yellow: 8, blue: 4 },
      top: [
        {
          ruleId: 'gas.combustible',
          title: null,
          subject: 'gas-1',
          device: '二号罐区探测器',
          enterprise: '滨江化工',
          level: 'red',
          count: 6,
        },
      ],
    },
    hazards: [{ id: 'hz-1', description: '防火堤破损', place: '二号罐区', dueAt: now - DAY }],
    notes: '二号罐区标定未完成,明早继续。',
  }
}
