import { rmSync } from 'node:fs'
import mqtt from 'mqtt'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Rule } from '../../core/rule.ts'
import { ADMIN_PASSWORD, startProcess, temporaryDir, type PlatformProcess } from '../flow/platform-process.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import { buildPages, eventually } from './pages.ts'

/** The rule editor in front of the real platform: two supervisors, two detectors, one leak. */
const shots = process.env['WATCHFIRE_TEST_SHOTS']

describe.skipIf(!hasChromium())('the rule editor', () => {
  const dataDir = temporaryDir()
  let platform: PlatformProcess
  let browser: Browser
  const complaints: string[] = []
  let published = 0

  beforeAll(async () => {
    await buildPages()
    platform = await startProcess({ dataDir, keep: true })
    const enterprise = { name: '滨江化工', region: '370102' }
    const { id: enterpriseId } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', enterprise)
    for (const [name, peak] of [
      ['GAS-01', 12],
      ['GAS-02', 30],
    ] as const) {
      const device = { enterpriseId, kind: 'gas-detector', name }
      const { token } = await platform.call<{ token: string }>('POST', '/api/v1/devices', device)
      const client = await mqtt.connectAsync(platform.mqtt, { username: token, reconnectPeriod: 0 })
      for (const combustibleLel of [1, peak]) {
        await client.publishAsync('v1/devices/me/telemetry', JSON.stringify({ combustibleLel }), { qos: 1 })
      }
      await client.endAsync()
    }
    published = Date.now()
    for (const username of ['wang', 'li']) {
      await platform.call('POST', '/api/v1/users', { username, password: ADMIN_PASSWORD, role: 'supervisor' })
    }
    browser = await launchChromium()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await platform?.kill()
    rmSync(dataDir, { recursive: true, force: true })
  })

  async function openAs(username: string, path = '/rules'): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } })
    const page = await context.newPage()
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error' && !/net::ERR_|status of \d{3}/.test(message.text())) complaints.push(message.text())
    })
    await page.goto(`${platform.http}/login`)
    await page.evaluate(
      (body) => fetch('/api/v1/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
      JSON.stringify({ username, password: ADMIN_PASSWORD }),
    )
    await page.goto(platform.http + path)
    await page.waitForSelector('[data-zone=sentence]')
    return page
  }
  const slot = (page: Page, path: string) => page.locator(`[data-zone=sentence] [data-path="${path}"]`)
  async function setSlot(page: Page, path: string, value: string): Promise<void> {
    await slot(page, path).fill(value)
    await slot(page, path).press('Tab')
  }
  const textOf = (page: Page) => page.locator('textarea[name=text]').inputValue()
  const ruleNow = async () => {
    const { rules } = await platform.call<{ rules: Rule[] }>('GET', '/api/v1/rules')
    return rules.find(({ id }) => id === 'gas.combustible')!
  }
  const answered = (page: Page) => page.waitForSelector('[data-zone=backtest][data-state=done]', { timeout: 30_000 })

  test('a rule that ships opens first, and its sentence and its text are one: what is wrong stands beside its line', async () => {
    const page = await openAs('wang')
    expect(await page.locator('[data-rule="gas.combustible"]').getAttribute('aria-current')).toBe('true')
    const sentence = await page.locator('[data-zone=sentence]').innerText()
    expect(sentence).toMatch(/当[\s\S]*达到限值持续[\s\S]*回差[\s\S]*恢复持续[\s\S]*适用/)
    await setSlot(page, '/limits/0/above', '60')
    expect(await textOf(page)).toMatch(/name: H\n {4}above: 60/)
    const remark = page.locator('.remark[data-code=fault]')
    await eventually(async () => expect(await remark.innerText()).toBe('HH（50）必须大于 H（60）'))
    const line = Number(await remark.getAttribute('data-line'))
    expect((await textOf(page)).split('\n')[line - 1]).toContain('HH')
    expect(await page.locator('button[data-days="1"]').isDisabled()).toBe(true)

    // The text writes the sentence, in either form; a warning hinders nobody.
    await page.locator('input[value=json]').check()
    await page.locator('textarea[name=text]').fill((await textOf(page)).replace('"above": 60', '"above": 30'))
    expect(await slot(page, '/limits/0/above').inputValue()).toBe('30')
    await eventually(async () => expect(await page.locator('.remark').getAttribute('data-code')).toBe('above-bound'))
    expect(await page.locator('button[data-days="1"]').isDisabled()).toBe(false)
    await page.locator('textarea[name=text]').fill('{ "id": "gas.combustible", ]')
    await eventually(async () => expect(await page.locator('.remark[data-code=fault]').getAttribute('data-line')).toBe('1'))
    await page.locator('[data-action=discard]').click()
    await page.locator('h1').click()
    await page.keyboard.press('l')
    await eventually(async () =>
      expect(await page.locator('[data-zone=sentence]').innerText()).toMatch(/When[\s\S]*is at a limit[\s\S]*deadband/),
    )
    await page.fill('[name=search]', 'H2S')
    await eventually(async () => expect(await page.locator('button[data-rule]').count()).toBe(1))
    await page.context().close()
  })

  test('the same link tries the same draft on the same time and shows the same answer', async () => {
    const page = await openAs('wang')
    await setSlot(page, '/limits/0/above', '10')
    // The day that is tried ends at a whole ten seconds.
    await eventually(() => expect(Math.floor((Date.now() - 2_000) / 10_000) * 10_000).toBeGreaterThan(published), 15_000)
    await page.locator('button[data-days="1"]').click()
    await answered(page)
    expect(await page.locator('[data-zone=difference]').innerText()).toMatch(/\+1\s+新增\s+−0\s+消失\s+~0[\s\S]*=1\s+相同/)
    expect(await page.locator('[data-zone=answer]').getAttribute('data-exact')).toBe('true')
    const answer = await page.locator('[data-zone=answer]').innerText()
    const link = new URL(page.url())
    await page.context().close()
    const other = await openAs('li', link.pathname + link.hash)
    await answered(other)
    expect(await slot(other, '/limits/0/above').inputValue()).toBe('10')
    expect(await other.locator('[data-zone=answer]').innerText()).toBe(answer)
    await other.context().close()
  })

  test('a version goes by shadow and a second person, and comes back with one click; who, when and why stay', async () => {
    const wang = await openAs('wang')
    await setSlot(wang, '/limits/0/above', '10')
    expect(await wang.locator('[data-action=shadow]').isDisabled()).toBe(true)
    await wang.fill('[name=reason]', '封闭厂房,提前预警')
    await eventually(async () => expect(await wang.locator('[data-action=shadow]').isEnabled()).toBe(true))
    await wang.locator('[data-action=shadow]').click()
    const card = wang.locator('article[data-state=open]')
    await card.waitFor()
    expect(await card.innerText()).toContain('须由另一人批准')
    expect(await card.locator('[data-action=approve]').count()).toBe(0)
    await wang.waitForSelector('[data-zone=shadow][data-state=running]', { timeout: 20_000 })
    expect(await wang.locator('button[data-rule="gas.combustible"]').getAttribute('data-states')).toBe('inForce proposed shadow')
    expect((await ruleNow()).version).toBe(1)

    const li = await openAs('li', '/rules#rule=gas.combustible')
    expect(await li.locator('article[data-state=open]').innerText()).toMatch(/wang[\s\S]*封闭厂房[\s\S]*limits\.0\.above 25 → 10/)
    await li.locator('[data-action=approve]').click()
    await eventually(async () => expect(await ruleNow()).toMatchObject({ version: 2, limits: [{ name: 'H', above: 10 }, {}] }))
    const newest = li.locator('[data-zone=versions] tr[data-version="2"]')
    await eventually(async () => expect(await newest.innerText()).toMatch(/li · wang 提案[\s\S]*封闭厂房/))

    // A refusal is seen by who asked.
    await li.locator('[data-action=rollback-1]').click()
    await eventually(async () =>
      expect(await ruleNow()).toMatchObject({ origin: 'pack', limits: [{ name: 'H', above: 25 }, {}] }),
    )
    await eventually(async () => expect(await li.locator('[data-zone=editor] header').innerText()).toContain('第 4 版'))
    await setSlot(li, '/limits/0/above', '5')
    await li.fill('[name=reason]', '再提前')
    await eventually(async () => expect(await li.locator('[data-action=propose]').isEnabled()).toBe(true))
    await li.locator('[data-action=propose]').click()
    await li.locator('article[data-state=open]').waitFor()
    await wang.goto(`${platform.http}/rules#rule=gas.combustible`)
    await wang.reload()
    await wang.fill('[name=comment]', '每天都会响')
    await wang.locator('[data-action=reject]').click()
    await eventually(async () =>
      expect(await wang.locator('article[data-state=rejected]').innerText()).toMatch(/提案被拒绝[\s\S]*每天都会响/),
    )
    expect(await wang.locator('button[data-rule="gas.combustible"]').getAttribute('data-states')).toBe('inForce refused')

    // What one person puts in force alone waits at the desk for a second one, who says here that they have looked.
    const { version } = await ruleNow()
    await platform.call('PUT', '/api/v1/rules/gas.combustible', { ...(await ruleNow()), version, offDelayMs: 20_000 })
    await li.goto(`${platform.http}/desk`)
    const notice = li.locator('[data-zone=notice][data-state=rules-unreviewed]')
    await notice.waitFor()
    await notice.locator('a').click()
    await li.locator('[data-zone=unseen] li[data-rule="gas.combustible"] [data-action=look]').click()
    expect(await li.locator('button[data-rule="gas.combustible"]').getAttribute('data-states')).toContain('unseen')
    await li.locator('[data-action=review]').waitFor()
    if (shots) await li.screenshot({ path: `${shots}/rule-review.png` })
    await li.locator('[data-action=review]').click()
    await li.locator('[data-zone=awaits-review]').waitFor({ state: 'detached' })
    expect(await li.locator(`[data-zone=versions] tr[data-version="${version + 1}"]`).innerText()).toContain('li 已查看')
    await li.goto(`${platform.http}/desk`)
    await notice.waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
    await wang.context().close()
    await li.context().close()
  })
})
