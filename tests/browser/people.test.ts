import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeAt, fromBase32, stepOf } from '../../dashboards/totp.ts'
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
    stage = await Stage.start({ distDir: dist })
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
})
