import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import mqtt from 'mqtt'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { metricOf } from '../../core/metrics.ts'
import { startProcess, temporaryDir, type PlatformProcess } from '../flow/platform-process.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import { buildPages, eventually, openPage } from './pages.ts'

/** The real platform with the simulated district, in a real browser: what `npm run demo` shows. */
type Sent = { device: string; metric: string; value: number; measuredAt: number }
type Shown = Sent & { text: string }

const out = join(import.meta.dirname, '../.out')
const CHANGES = 200

describe.skipIf(!hasChromium())('the demo', () => {
  let demo: PlatformProcess
  let browser: Browser
  const traffic = join(temporaryDir(), 'traffic.jsonl')

  beforeAll(async () => {
    mkdirSync(out, { recursive: true })
    await buildPages()
    demo = await startProcess({ entry: 'demo.ts', args: ['--traffic', traffic, '--pace', '2'] })
    browser = await launchChromium()
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await demo?.kill()
    rmSync(traffic, { force: true })
  })

  const sent = (): Sent[] =>
    readFileSync(traffic, 'utf8')
      .split('\n')
      .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as Sent] : []))

  test("two hundred consecutive changes on the wall are the simulator's log, value and time", { timeout: 240_000 }, async () => {
    await using watched = await openPage(browser, `${demo.http}/wall?z2=devices`)
    const { page } = watched
    await page.waitForSelector('[data-zone="devices"] .measured[data-device]', { timeout: 30_000 })
    const consecutive = async () => {
      const shown = await page.evaluate(
        (wanted) =>
          new Promise<Shown[]>((resolve) => {
            const seen: Shown[] = []
            const last = new Map<string, string>()
            const look = () => {
              for (const element of document.querySelectorAll<HTMLElement>('.measured[data-measured-at]')) {
                const { device, metric, value, measuredAt } = element.dataset
                const key = `${device} ${metric}`
                if (last.get(key) === measuredAt) continue
                last.set(key, measuredAt!)
                seen.push({
                  device: device!,
                  metric: metric!,
                  value: Number(value),
                  measuredAt: Number(measuredAt),
                  text: element.textContent ?? '',
                })
              }
              if (seen.length >= wanted) {
                observer.disconnect()
                resolve(seen.slice(0, wanted))
              }
            }
            const observer = new MutationObserver(look)
            observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true })
            look()
          }),
        CHANGES + 30,
      )
      await eventually(() => expect(sent().at(-1)!.measuredAt).toBeGreaterThan(shown.at(-1)!.measuredAt))
      // What the wall shows at first may still be of the simulated history, which is sent before the log begins.
      const began = Math.min(...sent().map(({ measuredAt }) => measuredAt))
      const live = shown.filter(({ measuredAt }) => measuredAt >= began).slice(0, CHANGES)
      expect(live.length).toBe(CHANGES)
      const log = Map.groupBy(sent(), ({ device, metric }) => `${device} ${metric}`)
      for (const [key, changes] of Map.groupBy(live, ({ device, metric }) => `${device} ${metric}`)) {
        const said = log.get(key) ?? []
        const from = said.findIndex(({ measuredAt }) => measuredAt === changes[0]!.measuredAt)
        expect(from, `${key} shows a reading nobody sent`).toBeGreaterThanOrEqual(0)
        // Consecutive: no reading of a shown series is passed over, none appears twice or out of order.
        expect(changes.map(({ measuredAt, value }) => [measuredAt, value])).toEqual(
          said.slice(from, from + changes.length).map(({ measuredAt, value }) => [measuredAt, value]),
        )
        // What a person reads is the value to the metric's digits.
        const digits = metricOf(changes[0]!.metric)!.digits
        for (const { value, text } of changes) {
          const read = Number(/-?[\d\s]*\d(?:\.\d+)?/.exec(text)![0].replaceAll(/\s/g, ''))
          expect(Math.abs(read - value)).toBeLessThanOrEqual(0.5 * 10 ** -digits + 1e-9)
        }
      }
    }
    // A machine that stands still for a second passes a value over, as a wall must; one that passes them over each time is at fault.
    for (let tries = 1; ; tries++) {
      try {
        await consecutive()
        break
      } catch (error) {
        if (tries === 3) throw error
      }
    }
  })

  test(
    'the leak rises to HH on the wall with the value and limit of the alarm, and a person acknowledges it on the desk',
    { timeout: 240_000 },
    async () => {
      await using watched = await openPage(browser, `${demo.http}/wall`)
      const { page } = watched
      const red = page.locator('[data-zone="newest"] [data-level="red"], [data-zone="newest"][data-level="red"]').first()
      await red.waitFor({ timeout: 120_000 })
      const { alarms } = await demo
        .ask('GET', '/api/v1/alarms?level=red&open=true')
        .then(({ body }) => body as { alarms: Record<string, never>[] })
      const alarm = alarms.find(({ deviceId }) => deviceId === 'GAS-A03') as unknown as {
        id: string
        value: number
        limit: number
        measuredAt: number
        mode: string
      }
      expect(alarm).toMatchObject({ limit: 50, mode: 'simulated' })
      const values = sent().filter(({ device }) => device === 'GAS-A03')
      expect(values.find(({ value }) => value === alarm.value)!.measuredAt).toBeGreaterThanOrEqual(alarm.measuredAt)
      const card = await page.locator('[data-zone="newest"]').first().innerText()
      expect(card).toContain(String(Math.round(alarm.value * 10) / 10))
      expect(card).toMatch(/50/)
      expect(await page.locator('body').innerText()).toContain('模拟')
      await page.screenshot({ path: join(out, 'demo-wall-leak.png') })

      await using desk = await openPage(browser, `${demo.http}/desk`, { width: 1600, height: 900 })
      await desk.page.locator('[data-level="red"]').first().waitFor({ timeout: 30_000 })
      await desk.page.locator('[data-level="red"]').first().click()
      await desk.page.screenshot({ path: join(out, 'demo-desk-leak.png') })
      await desk.page.keyboard.press('a')
      await eventually(async () => {
        const { body } = await demo.ask('GET', `/api/v1/alarms/${alarm.id}`)
        expect((body as { alarm?: { state: string } }).alarm?.state ?? (body as { state?: string }).state).toMatch(
          /acknowledged|latched/,
        )
      }, 15_000)
    },
  )

  test("a reading of the reader's own, with the token of the README, turns up on the wall", { timeout: 120_000 }, async () => {
    await using watched = await openPage(browser, `${demo.http}/wall?z2=devices`)
    await watched.page.waitForSelector('[data-zone="devices"]', { timeout: 30_000 })
    const client = await mqtt.connectAsync(demo.mqtt, { username: 'wf_demo_try_01' })
    await client.publishAsync('v1/devices/me/telemetry', '{"combustibleLel":60}', { qos: 1 })
    await client.endAsync()
    await watched.page.locator('[data-device="TRY-01"][data-value="60"]').first().waitFor({ timeout: 10_000 })
  })

  test('the office has people, a roster that leaves no gap for a week, and hazards on their way', async () => {
    const ask = async <T>(path: string) => (await demo.ask('GET', `/api/v1${path}`)).body as T
    type Hazard = { id: string; state: string; level: string | null }
    const { hazards } = await ask<{ hazards: Hazard[] }>('/hazards')
    expect(hazards.map(({ state, level }) => `${level} ${state}`).sort()).toEqual([
      ...['general reported', 'general writtenOff', 'major rectifying', 'null found'],
    ])
    const major = hazards.find(({ level }) => level === 'major')!
    const { notices } = await ask<{ notices: { kind: string }[] }>(`/hazards/${major.id}/notices`)
    expect(notices).toMatchObject([
      { kind: 'rectify', state: 'standing', number: { text: expect.stringMatching(/^（云汐示范区）责改〔\d{4}〕1号$/) } },
    ])
    const { gaps } = await ask<{ gaps: unknown[] }>('/departments')
    expect(gaps).toEqual([])
    const { duty } = await ask<{ duty: { people: object } }>('/duty/now')
    expect(Object.keys(duty.people).sort()).toEqual(['duty1', 'duty2', 'dutyLeader', 'shiftLeader'])
    expect(await ask('/roster?region=990101')).toMatchObject({ gaps: [] })
    const { users } = await ask<{ users: { username: string; contact: { phone: string | null } }[] }>('/users')
    // Whoever rings one of these reaches nobody.
    for (const { username, contact } of users) if (username !== 'admin') expect(contact.phone).toMatch(/^990101/)
  })

  test('the story can be started again from the page, and its state is told', async () => {
    const before = (await demo.ask('GET', '/api/v1/demo')).body as { story: { startedAt: number } }
    expect((await demo.ask('POST', '/api/v1/demo/restart', {}, { origin: demo.http })).status).toBeLessThan(300)
    const after = (await demo.ask('GET', '/api/v1/demo')).body as { story: { startedAt: number; state: string } }
    expect(after.story.state).toBe('running')
    expect(after.story.startedAt).toBeGreaterThan(before.story.startedAt)
  })

  test(
    'a cut feed is said across the wall within five seconds, and everything is right again afterwards',
    { timeout: 120_000 },
    async () => {
      await using watched = await openPage(browser, `${demo.http}/wall?z2=devices`)
      const { page } = watched
      await page.waitForSelector('[data-zone="devices"] .measured[data-device]', { timeout: 30_000 })
      demo.child.kill('SIGSTOP')
      try {
        await page.getByText('数据中断').first().waitFor({ timeout: 8_000 })
        await page.screenshot({ path: join(out, 'demo-wall-interrupted.png') })
      } finally {
        demo.child.kill('SIGCONT')
      }
      await page.getByText('数据中断').first().waitFor({ state: 'hidden', timeout: 30_000 })
    },
  )
})
