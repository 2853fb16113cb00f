import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PeopleDoor } from '../../core/contact.ts'
import type { Escalation, MyPush } from '../../core/escalation.ts'
import { codeAt, fromBase32, stepOf } from '../../dashboards/totp.ts'
import { Forbidden } from '../../dashboards/refusals.ts'
import { ADMIN_PASSWORD, Stage } from '../dashboards/stage.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import { dist } from './fake-platform.ts'
import { buildPages, openPage } from './pages.ts'

const shots = process.env['WATCHFIRE_SHOTS']
const size = { width: 1440, height: 900 }

describe.skipIf(!hasChromium())('people', () => {
  let stage: Stage
  let browser: Browser
  beforeAll(async () => {
    await buildPages()
    stage = await Stage.start({ distDir: dist }, { escalation: pushing() })
    browser = await launchChromium()
    const place = { id: 'e-1', name: '滨江化工有限公司', region: '330106001', sector: 'chemical' }
    await stage.call('POST', '/api/v1/enterprises', place)
    await stage.call('PUT', '/api/v1/regions', { regions: [{ code: '330106', zh: '西湖区', en: 'Xihu' }] })
    const office = { sector: 'chemical', region: '330106', zh: '区应急管理局', en: 'District emergency bureau' }
    await stage.call('POST', '/api/v1/departments', office)
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await stage?.stop()
  })

  test('an administrator adds a person for a part; they choose a password, set up a second factor and log in with it', async () => {
    await using office = await openPage(browser, `${stage.url}/login?next=%2Fpeople`, size)
    const { page } = office
    await page.fill('input[name=username]', 'admin')
    await page.fill('input[name=password]', ADMIN_PASSWORD)
    await page.keyboard.press('Enter')
    await page.click('[data-action=add]')
    const fill = async (fields: Record<string, string>) => {
      for (const [name, value] of Object.entries(fields)) await page.fill(`[data-zone=user-form] input[name=${name}]`, value)
    }
    await fill({ username: 'han.meimei', password: 'short', regions: '330106', name: '韩梅梅', phone: '13800001234' })
    await page.click('[data-zone=user-form] button.primary')
    await page.waitForSelector('[data-zone=user-form] [role=alert]')
    if (shots) await page.screenshot({ path: `${shots}/people-form.png` })
    await fill({ password: 'given by the office' })
    await page.click('[data-zone=user-form] button.primary')
    const row = page.locator('[data-zone=users] tbody tr', { hasText: 'han.meimei' })
    await row.waitFor()
    expect(await row.innerText()).toMatch(/韩梅梅[\s\S]*330106[\s\S]*13800001234/)
    if (shots) await page.screenshot({ path: `${shots}/people.png` })
    await page.click('a[href="#departments"]')
    await page.waitForSelector('[data-zone=gaps] strong')
    expect(await page.locator('[data-zone=gaps]').innerText()).toContain('缺属地主管')
    if (shots) await page.screenshot({ path: `${shots}/people-departments.png` })
    await page.click('a[href="#audit"]')
    await page.locator('[data-zone=audit] tbody tr').first().waitFor()
    if (shots) await page.screenshot({ path: `${shots}/people-audit.png` })

    const context = await browser.newContext({ viewport: size })
    const hers = await context.newPage()
    const logIn = async (password: string) => {
      await hers.goto(`${stage.url}/login?next=%2Fpeople%23me`)
      await hers.fill('input[name=username]', 'han.meimei')
      await hers.fill('input[name=password]', password)
      await hers.keyboard.press('Enter')
    }
    await logIn('given by the office')
    await hers.fill('[data-zone=password] input[autocomplete=current-password]', 'given by the office')
    await hers.fill('[data-zone=password] input[autocomplete=new-password]', 'words of my own')
    await hers.click('[data-zone=password] button')
    await hers.click('[data-zone=second-factor] button.primary')
    const secret = (await hers.locator('[data-zone=second-factor] code').innerText()).replaceAll(' ', '')
    const code = (away: number) => codeAt(fromBase32(secret), stepOf(Date.now()) + away)
    await hers.fill('[data-zone=second-factor] input[name=code]', code(-1))
    if (shots) await hers.screenshot({ path: `${shots}/people-me.png` })
    await hers.click('[data-zone=second-factor] form button')
    await hers.waitForSelector('[data-zone=second-factor] li')
    await context.clearCookies()
    await logIn('a wrong guess')
    await hers.locator('[role=alert]:not(:empty)').waitFor()
    await logIn('words of my own')
    await hers.fill('input[name=code]', code(0))
    await hers.keyboard.press('Enter')
    // Told of the wrong guess before she goes on.
    await hers.locator('[role=status]').waitFor()
    if (shots) await hers.screenshot({ path: `${shots}/login-failed-before.png` })
    await hers.click('button.primary')
    await hers.waitForSelector('[data-zone=sessions] tbody tr')
    await context.close()
  }, 60_000)

  test('a contact is sent a test and is armed by the code they read out or by answering it; a department gets its people', async () => {
    const add = async (username: string, position: string) => {
      const made = { username, password: 'words to begin with', role: 'enterprise', enterpriseId: 'e-1' }
      const { id } = (await stage.call('POST', '/api/v1/users', made)).body as { id: string }
      const contact = { name: username, phone: '13800000009', position }
      expect((await stage.call('PATCH', `/api/v1/users/${id}`, { contact })).status).toBe(200)
      return id
    }
    const [head, technical] = [await add('zhang.wei', 'head'), await add('liu.yang', 'technical')]
    await using office = await openPage(browser, `${stage.url}/login?next=%2Fpeople%23contacts`, size)
    const { page } = office
    await page.fill('input[name=username]', 'admin')
    await page.fill('input[name=password]', ADMIN_PASSWORD)
    await page.keyboard.press('Enter')
    await page.locator('[data-enterprise=e-1][data-armed=false]').click()
    const row = (id: string) => page.locator(`[data-zone=contacts] tr[data-person="${id}"]`)
    expect(await row(head).innerText()).toMatch(/主要负责人[\s\S]*未应答/)
    await page.click('[data-action=send-test]')
    await row(head).locator('input[name=code]').fill('111111')
    await row(head).locator('button').click()
    await page.waitForSelector('[data-zone=contacts] [role=alert]')
    await row(head).locator('input[name=code]').fill(CODE)
    await row(head).locator('button').click()
    await page.waitForSelector(`tr[data-person="${head}"][data-armed=true]`)
    if (shots) await page.screenshot({ path: `${shots}/people-contacts.png` })

    const context = await browser.newContext({ viewport: size, locale: 'en-GB' })
    const theirs = await context.newPage()
    await theirs.goto(`${stage.url}/login?next=%2Fenterprise`)
    await theirs.fill('input[name=username]', 'liu.yang')
    await theirs.fill('input[name=password]', 'words to begin with')
    await theirs.keyboard.press('Enter')
    await theirs.click('[data-action=answer-test]')
    await theirs.waitForSelector('[data-zone=test-message][data-state=answered]')
    expect(await theirs.locator('[data-zone=test-message]').innerText()).toContain('Answered')
    if (shots) await theirs.screenshot({ path: `${shots}/enterprise-test.png` })
    await context.close()
    await page.waitForSelector(`tr[data-person="${technical}"][data-armed=true]`)
    await page.waitForSelector('[data-enterprise=e-1][data-armed=true]')
    // Another name is the same telephone; at another number nobody has answered yet.
    const isArmedAfter = async (contact: object) => {
      expect((await stage.call('PATCH', `/api/v1/users/${technical}`, { contact })).status).toBe(200)
      const { contacts } = (await stage.call('GET', '/api/v1/enterprises/e-1/contacts')).body
      return contacts.find(({ personId }: { personId: string }) => personId === technical).armedAt !== null
    }
    expect(await isArmedAfter({ name: '刘洋', phone: '13800000009' })).toBe(true)
    expect(await isArmedAfter({ phone: '13800000010' })).toBe(false)

    await page.click('a[href="#departments"]')
    await page.locator('[data-zone=members] strong').waitFor()
    await page.click('[data-action=assign]')
    await page.locator('[data-zone=members] label', { hasText: 'admin' }).locator('input').check()
    await page.click('[data-zone=members] button.primary')
    await page.locator('[data-zone=members]', { hasText: 'admin' }).waitFor()
    expect(await page.locator('[data-zone=members] strong').count()).toBe(0)
    if (shots) await page.screenshot({ path: `${shots}/people-members.png` })
  }, 60_000)

  test('the first administrator is led through the steps, leaves one, skips the rest, and is reminded until then', async () => {
    await using office = await openPage(browser, `${stage.url}/login`, size)
    const { page } = office
    await page.fill('input[name=username]', 'admin')
    await page.fill('input[name=password]', ADMIN_PASSWORD)
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/start$/)
    const state = (step: string) => page.locator(`[data-step=${step}]`).getAttribute('data-state')
    await page.locator('[data-step=push]').waitFor()
    expect([await state('jurisdiction'), await state('import'), await state('push')]).toEqual(['open', 'open', 'done'])
    expect(await page.locator('[data-step=duty]').innerText()).toContain('还没有排班')
    await page.goto(`${stage.url}/admin`)
    await page.waitForSelector('[data-zone=start-bar]')
    await page.goto(`${stage.url}/start`)
    for (const step of ['jurisdiction', 'map', 'duty', 'import']) {
      await page.locator(`[data-step=${step}] [data-action=skip]`).click()
      await page.locator(`[data-step=${step}][data-state=skipped]`).waitFor()
    }
    await page.waitForSelector('[data-zone=over]')
    if (shots) await page.screenshot({ path: `${shots}/start.png` })
    await page.goto(`${stage.url}/admin`)
    await page.waitForSelector('[data-zone=devices], main .panel')
    expect(await page.locator('[data-zone=start-bar]').count()).toBe(0)

    // Everything behind the menus is reached by keyboard alone, and each page has its help.
    await page.locator('[data-menu=setup] button').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('href'))).toBe('/people')
    await page.keyboard.press('Escape')
    expect(await page.evaluate(() => document.activeElement?.closest('[data-menu]')?.getAttribute('data-menu'))).toBe('setup')
    await page.locator('[data-menu=setup] a').first().waitFor({ state: 'detached' })
    await page.click('[data-action=help]')
    expect(await page.locator('[data-zone=help]').innerText()).toContain('令牌只显示一次')
    await page.keyboard.press('Escape')
    await page.locator('[data-zone=help]').waitFor({ state: 'detached' })
  }, 60_000)
})

const CODE = '246810'
/** A part that pushes to a contact by text message and by page; who answers is armed. */
function pushing(): Escalation {
  let door: PeopleDoor
  const sent = new Map<string, { personId: string; push: MyPush }>()
  const send = (personIds: string[]) =>
    personIds.map((personId) => {
      const id = `test.${personId}.sms`
      const push = {
        id,
        message: 'test',
        alarmId: null,
        channel: 'sms',
        at: Date.now(),
        receipt: 'accepted',
        answered: false,
      } as const
      sent.set(id, { personId, push })
      return { personId, messageId: id }
    })
  const fake: Partial<Escalation> = {
    reach: (people) => void (door = people),
    escalationFacts: () => Promise.resolve({ hasChannels: true, leavesSomewhere: true, ladders: [], climbing: 0 } as never),
    testContacts: async (id) => send((await door.enterpriseContacts(id)).map(({ personId }) => personId)),
    testPerson: (id) => Promise.resolve(send([id])),
    myPushes: (id) => Promise.resolve([...sent.values()].filter((one) => one.personId === id).map(({ push }) => push)),
    async answerPush(id, by, code) {
      const { personId, push } = sent.get(id)!
      if (personId !== by && code !== CODE) throw new Forbidden('forbidden', 'give the code that stands in it')
      sent.set(id, { personId, push: { ...push, answered: true } })
      await door.arm(personId)
      return { message: 'test', personId }
    },
  }
  return fake as Escalation
}
