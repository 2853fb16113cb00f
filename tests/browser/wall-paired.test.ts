import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ADMIN_PASSWORD, Stage } from '../dashboards/stage.ts'
import { hasChromium, KIOSK, launchChromium } from './chromium.ts'
import { makeAlarm } from './district.ts'
import { buildPages, eventually } from './pages.ts'
import { keepShot } from './wall-stage.ts'

const size = { viewport: { width: 1920, height: 1080 } }

describe.skipIf(!hasChromium())('a paired wall', () => {
  let browser: Browser
  let stage: Stage
  let dir: string
  beforeAll(async () => {
    await buildPages()
    browser = await launchChromium(KIOSK)
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'watchfire-wall-'))
    stage = await Stage.start({
      distDir: join(import.meta.dirname, '../../dist'),
      jurisdiction: '滨海新区应急管理局',
      voiceCommand: [join(dir, 'engine'), '{lang}', '{text}'],
    })
    await stage.call('POST', '/api/v1/users', { username: 'mei', role: 'supervisor', password: ADMIN_PASSWORD })
    for (const [n, name] of ['滨江化工', '华泰涂料', '东港冷链', '北岸油库'].entries()) {
      const { body } = await stage.call('POST', '/api/v1/enterprises', { id: `e-${n + 1}`, name, region: '320114' })
      await stage.call('POST', '/api/v1/zones', { id: `z-${n + 1}`, enterpriseId: body.id, name: '二号罐区' })
      await stage.device(`gas-${n + 1}`, { enterpriseId: `e-${n + 1}`, zoneId: `z-${n + 1}`, name: `探测器 ${n + 1}` })
    }
  })
  afterEach(() => stage.stop())

  /** The program that speaks: half a second of silence, and a line of what it was asked. */
  const engine = (body: string) => {
    const wav = Buffer.alloc(44 + 4_000, 128)
    wav.write('RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0', 0, 'latin1')
    for (const [at, value] of [
      [4, 4_036],
      [24, 8_000],
      [28, 8_000],
      [40, 4_000],
    ] as const)
      wav.writeUInt32LE(value, at)
    wav.writeUInt16LE(1, 32)
    wav.writeUInt16LE(8, 34)
    wav.write('data', 36, 'latin1')
    writeFileSync(join(dir, 'speech.wav'), wav)
    writeFileSync(join(dir, 'engine'), `#!/bin/sh\necho "$2" >> ${dir}/said\n${body}\n`)
    chmodSync(join(dir, 'engine'), 0o755)
  }
  const said = () => (existsSync(join(dir, 'said')) ? readFileSync(join(dir, 'said'), 'utf8').trim().split('\n') : [])
  const personAt = async (path: string): Promise<Page> => {
    const context = await browser.newContext(size)
    const data = { username: 'mei', password: ADMIN_PASSWORD }
    await context.request.post(`${stage.url}/api/v1/session`, { data, headers: { origin: stage.url } })
    const page = await context.newPage()
    await page.goto(stage.url + path)
    return page
  }
  /** A wall that a supervisor has approved by the code it shows. */
  const paired = async () => {
    const wall = await (await browser.newContext(size)).newPage()
    await wall.goto(`${stage.url}/wall`)
    const code = (await wall.locator('[data-zone=pairing][data-code]').getAttribute('data-code'))!
    const layout = { seams: [], theme: 'day', locale: 'zh-CN', names: true }
    await stage.call('POST', `/api/v1/pairing/${code}/approve`, { name: '指挥大厅', layout }, { as: 'mei' })
    await wall.waitForSelector('[data-zone=heartbeat][data-state=live]', { timeout: 15_000 })
    return wall
  }
  const close = async (...pages: Page[]) => {
    for (const page of pages) await page.context().close()
  }

  test('shows a code and a QR, becomes what a supervisor chose, and shows a code again when it is revoked', async () => {
    const wall = await (await browser.newContext(size)).newPage()
    await wall.goto(`${stage.url}/wall`)
    const screen = wall.locator('[data-zone=pairing]')
    await wall.waitForSelector('[data-zone=pairing][data-code]')
    const code = (await screen.getAttribute('data-code'))!
    expect((await screen.locator('.code').innerText()).replace(/\s/g, '')).toBe(code)
    expect(await screen.locator('.qr').getAttribute('aria-label')).toBe(`${stage.url}/pair?code=${code}`)
    expect(await wall.locator('input, form').count()).toBe(0)
    await keepShot(wall, 'pairing')

    const pair = await personAt(`/pair?code=${code}`)
    await pair.waitForSelector(`[data-zone=asking][data-code="${code}"]`)
    await pair.fill('[name=name]', '东区大厅')
    await pair.selectOption('[name=scope]', 'e-2')
    await pair.selectOption('[name=theme]', 'night')
    await pair.selectOption('[name=locale]', 'en')
    await pair.screenshot({ path: join(import.meta.dirname, '../.out/pair.png') })
    await pair.click('[name=approve]')
    await pair.waitForSelector('[data-zone=approved]')

    await wall.waitForSelector('[data-zone=heartbeat][data-state=live]', { timeout: 15_000 })
    await eventually(async () => {
      const { lang, dataset } = await wall.evaluate(() => ({
        lang: document.documentElement.lang,
        dataset: { night: document.documentElement.hasAttribute('data-night') },
      }))
      expect([lang, dataset.night]).toEqual(['en', true])
    })
    for (const n of [1, 2])
      await stage.raise(
        `a-${n}`,
        makeAlarm(Date.now(), { id: `a-${n}`, deviceId: `gas-${n}`, enterpriseId: `e-${n}`, zoneId: `z-${n}` }),
      )
    await wall.waitForSelector('article[data-zone=newest]')
    const shown = await wall.locator('body').innerText()
    expect(shown).toContain('华泰涂料')
    expect(shown).not.toContain('滨江化工')
    await pair.waitForSelector('[data-zone=paired][data-state=online]', { timeout: 15_000 })
    await pair.click('[data-zone=paired] button')
    await pair.click('[name=sure]')
    await wall.waitForSelector('[data-zone=pairing][data-code]', { timeout: 15_000 })
    expect(await wall.locator('body').innerText()).not.toContain('华泰涂料')
    await close(wall, pair)
  })

  test('F14: three reds within 30 s are spoken one by one, the fourth is summed up; the loop steps back 12 dB meanwhile', async () => {
    engine(`cat ${dir}/speech.wav`)
    const wall = await paired()
    await eventually(async () => expect(await wall.locator('[data-zone=sound]').getAttribute('data-voice')).toBe('ready'))
    const red = (n: number) =>
      stage.raise(`a-${n}`, {
        ...makeAlarm(Date.now(), { id: `a-${n}`, deviceId: `gas-${n}`, enterpriseId: `e-${n}`, zoneId: `z-${n}`, value: 52 }),
      })
    const at = Date.now()
    await red(1)
    const mark = await wall.waitForFunction(() => performance.getEntriesByName('voice-started')[0] as PerformanceMark | undefined)
    expect(Date.now() - at).toBeGreaterThanOrEqual(1_500)
    expect(Date.now() - at).toBeLessThan(6_000)
    const { text, ducked } = await mark.evaluate((one) => one!.detail as { text: string; ducked: number })
    expect(text).toBe('红色报警。滨江化工,二号罐区,可燃气体,百分之五十二 L E L,高高报。请立即确认。')
    expect(20 * Math.log10(ducked)).toBeCloseTo(-12)
    for (const n of [2, 3, 4]) await red(n)
    await eventually(() => {
      const alarms = said().filter((line) => !line.includes('大屏数据中断'))
      expect(alarms).toHaveLength(4)
      expect(alarms.slice(0, 3).map((line) => /滨江化工|华泰涂料|东港冷链/.exec(line)?.[0])).toEqual([
        '滨江化工',
        '华泰涂料',
        '东港冷链',
      ])
      expect(alarms[3]).toBe('北岸油库新增 1 条报警,其中红色 1 条')
    }, 20_000)
    await close(wall)
  })

  test('F10: the speech engine is down: the tones sound all the same, the text is there and the bar says so', async () => {
    engine('exit 1')
    const wall = await paired()
    const sound = wall.locator('[data-zone=sound]')
    await eventually(async () => expect(await sound.getAttribute('data-voice')).toBe('failing'))
    await stage.raise('a-1', makeAlarm(Date.now(), { id: 'a-1', deviceId: 'gas-1', enterpriseId: 'e-1', zoneId: 'z-1' }))
    await wall.waitForFunction(() => performance.getEntriesByName('sound-started').length > 0)
    await eventually(async () => expect(await sound.innerText()).toBe('语音不可用'))
    expect(await wall.locator('[data-zone=spoken]').innerText()).toContain('红色 滨江化工')
    expect(await wall.evaluate(() => performance.getEntriesByName('voice-started').length)).toBe(0)
    expect(await wall.evaluate(() => 'speaking' in speechSynthesis && speechSynthesis.speaking)).toBe(false)
    await keepShot(wall, 'voice-down')
    await close(wall)
  })
})
