import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { levels } from '../../core/level.ts'
import { KIOSK, launchChromium } from './chromium.ts'
import { furnish, makeAlarm } from './district.ts'
import { FakePlatform } from './fake-platform.ts'
import { buildPages, openPage } from './pages.ts'

const out = join(import.meta.dirname, '../.out')

export type WallStage = {
  browser: Browser
  platform: FakePlatform
  open(query?: string, size?: { width: number; height: number }, how?: { fresh: boolean }): ReturnType<typeof openPage>
}

/** A furnished platform and a kiosk's browser for every test of a file. */
export function wallStage(extra: string[] = KIOSK): WallStage {
  const stage = {
    async open(query = '', size = { width: 1920, height: 1080 }, how = { fresh: false }) {
      // Where the ground is not what is tested it is drawn without WebGL, which the processor does on machines that run tests.
      const asked = /[?&]map=/.test(query) ? query : `${query === '' ? '?' : `${query}&`}map=svg`
      const watched = await openPage(stage.browser, `${stage.platform.url}/wall${asked}`, size, how)
      await watched.page.waitForSelector('[data-zone=clock]')
      return watched
    },
  } as WallStage
  beforeAll(async () => {
    mkdirSync(out, { recursive: true })
    await buildPages()
    stage.browser = await launchChromium(extra)
  })
  afterAll(() => stage.browser.close())
  beforeEach(async () => {
    stage.platform = await FakePlatform.start()
    furnish(stage.platform)
  })
  afterEach(() => stage.platform.stop())
  return stage
}

/** Kept beside the results for people to look at. */
export const keepShot = (page: Page, name: string) => page.screenshot({ path: join(out, `wall-${name}.png`) })

export const shownCounters = (page: Page) =>
  page.evaluate(
    (names) =>
      Object.fromEntries(
        names.map((level) => {
          const { unacknowledged, open } = document.querySelector<HTMLElement>(`.tile[data-level=${level}][data-open]`)!.dataset
          return [level, { unacknowledged: Number(unacknowledged), open: Number(open) }]
        }),
      ),
    [...levels],
  )

/** What the rows and the line below them say together. */
export const listed = (page: Page) =>
  page.evaluate(() => {
    const rows = [...document.querySelectorAll<HTMLElement>('li[data-zone=alarms][data-count]')]
    const rest = document.querySelector<HTMLElement>('[data-zone=alarms-rest]')!
    return { rows: rows.map(({ dataset }) => Number(dataset['count'])), rest: Number(rest.dataset['count']) }
  })

const places = [
  ['binjiang', 'tank2'],
  ['binjiang', 'load'],
  ['huatai', 'paint'],
  ['donggang', 'cold'],
  ['street', null],
  ['harbour', null],
  ['depot', null],
] as const

/** 43 alarms of six enterprises, all states people may find them in. */
export function floodOf(platform: FakePlatform): void {
  for (let n = 0; n < 43; n++) {
    const [enterpriseId, zoneId] = places[n % places.length]!
    const state = (['active', 'acknowledged', 'returned', 'latched'] as const)[n % 4]!
    const level = levels[(n >> 1) % 4]!
    platform.alarm(makeAlarm(platform.now - n * 1_300, { enterpriseId, zoneId, deviceId: `GAS-${1 + (n % 20)}`, level, state }))
  }
}
