import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { levels } from '../../core/level.ts'
import { countLevels } from '../../dashboards/web/live-state.ts'
import { hasChromium, KIOSK, launchChromium } from './chromium.ts'
import { furnish, makeAlarm, makeDevice } from './district.ts'
import { FakePlatform } from './fake-platform.ts'
import { buildPages, eventually, openPage } from './pages.ts'

describe.skipIf(!hasChromium())('wall', () => {
  let browser: Browser
  let platform: FakePlatform
  beforeAll(async () => {
    await buildPages()
    browser = await launchChromium(KIOSK)
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    platform = await FakePlatform.start()
    furnish(platform)
  })
  afterEach(() => platform.stop())

  const openWall = async (query = '') => {
    const watched = await openPage(browser, `${platform.url}/wall${query}`)
    await watched.page.waitForSelector('[data-zone=clock]')
    return watched
  }
  const attribute = (page: Page, selector: string, name: string) => page.locator(selector).first().getAttribute(name)
  const shownCounters = async (page: Page) =>
    Object.fromEntries(
      await Promise.all(
        levels.map(async (level) => {
          const tile = page.locator(`.tile[data-level=${level}][data-open]`)
          const numbers = {
            unacknowledged: await tile.getAttribute('data-unacknowledged'),
            open: await tile.getAttribute('data-open'),
          }
          return [level, { unacknowledged: Number(numbers.unacknowledged), open: Number(numbers.open) }] as const
        }),
      ),
    )
  const flood = () => {
    const places = [
      ['binjiang', 'tank2'],
      ['binjiang', 'load'],
      ['huatai', 'paint'],
      ['donggang', 'cold'],
      ['street', null],
      ['binjiang', null],
      ['huatai', null],
      ['donggang', null],
      ['street', 'load'],
    ] as const
    for (let n = 0; n < 43; n++) {
      const [enterpriseId, zoneId] = places[n % places.length]!
      const state = (['active', 'acknowledged', 'returned', 'latched'] as const)[n % 4]!
      platform.alarm(
        makeAlarm(platform.now - n * 5_000, {
          enterpriseId,
          zoneId,
          deviceId: `GAS-${1 + (n % 20)}`,
          level: levels[(n >> 1) % 4]!,
          state,
        }),
      )
    }
  }

  test('F5: a red alarm is on the card, in the counter and in the list within 100 ms, without a dialog', async () => {
    await using wall = await openWall()
    const { page } = wall
    const alarm = makeAlarm(platform.now, { value: 52.3 })
    platform.alarm(alarm)
    const card = page.locator('article[data-zone=newest]')
    await card.waitFor()
    expect(await card.getAttribute('data-value')).toBe('52.3')
    expect(await card.getAttribute('data-level')).toBe('red')
    expect(await card.getAttribute('data-measured-at')).toBe(String(alarm.measuredAt))
    expect(await card.innerText()).toMatch(/52\.3[\s\S]*%LEL[\s\S]*≥ 50 高高报 HH[\s\S]*可燃气体探测器 2[\s\S]*二号罐区/)
    expect(await shownCounters(page)).toEqual(countLevels([alarm]))
    expect(await page.locator('li[data-zone=alarms][data-level=red]').count()).toBe(1)
    expect(await page.locator('[role=dialog], dialog').count()).toBe(0)
    // The first alarm pays for compiling, and other tests share the machine: the usual time is the median of some.
    const alarms = 9
    for (let n = 1; n < alarms; n++) {
      await new Promise((resolve) => setTimeout(resolve, 60))
      platform.alarm({ ...alarm, version: 1 + n, value: 52.3 + n })
    }
    const took = () =>
      page.evaluate(() => {
        const received = performance.getEntriesByName('alarm-received')
        const painted = performance.getEntriesByName('alarm-painted')
        return painted.map((mark, i) => mark.startTime - received[i]!.startTime).sort((a, b) => a - b)
      })
    await eventually(async () => expect(await took()).toHaveLength(alarms))
    expect((await took())[4]).toBeLessThan(100)
  })

  test('F1, F2: without a heartbeat the cell says delayed after 3 s and stands still, within 5 s a banner counts the seconds', async () => {
    await using wall = await openWall('?z2=devices')
    const { page } = wall
    const heart = page.locator('[data-zone=heartbeat]')
    await eventually(async () => expect(Number(await heart.getAttribute('data-beats'))).toBeGreaterThan(1))
    platform.beating = false
    const beats = await heart.getAttribute('data-beats')
    const before = Date.now()
    await page.waitForSelector('[data-zone=heartbeat][data-state=delayed]', { timeout: 5_000 })
    expect(await heart.innerText()).toMatch(/延迟 [3-5] s/)
    expect(await page.locator('[data-zone=banner]').count()).toBe(0)
    // Changes still arrive: an open socket without heartbeats is not proof of life.
    platform.reading(['GAS-1', 'combustibleLel', 9, platform.now, platform.now, 0])
    const banner = page.locator('[data-zone=banner]')
    await banner.waitFor({ timeout: 5_000 })
    expect(Date.now() - before).toBeGreaterThan(3_400)
    expect(Date.now() - before).toBeLessThan(5_000)
    expect(await banner.innerText()).toMatch(/^数据中断 · 画面停在 \d\d:\d\d:\d\d · 已 00:0[456] · /)
    const age = async () => Number(await banner.getAttribute('data-age-ms'))
    const first = await age()
    await eventually(async () => expect((await age()) - first).toBeGreaterThanOrEqual(2_000))
    expect(await heart.getAttribute('data-beats')).toBe(beats)
    const box = (await banner.boundingBox())!
    expect([box.x, Math.round(box.width)]).toEqual([0, 1920])
    const value = page.locator('.measured[data-zone=devices]').first()
    expect(await value.getAttribute('data-state')).toBe('stale')
    expect(await value.locator('.number').evaluate((element) => getComputedStyle(element).fontStyle)).toBe('italic')
    platform.beating = true
    await page.waitForSelector('[data-zone=banner][data-state=recovered]')
  })

  test('F3: after an outage the wall comes back by itself, names what it missed, and its counters are the server’s', async () => {
    await using wall = await openWall()
    const { page } = wall
    platform.alarm(makeAlarm(platform.now, { level: 'yellow' }))
    await page.waitForSelector('article[data-zone=newest]')
    await eventually(async () => expect(Number(await attribute(page, '[data-zone=heartbeat]', 'data-beats'))).toBeGreaterThan(0))
    await platform.down()
    await page.waitForSelector('[data-zone=banner][data-state=interrupted]', { timeout: 10_000 })
    await eventually(async () => expect(await page.locator('[data-zone=banner]').innerText()).toMatch(/正在重连\(第 [2-9] 次\)/))
    platform.alarmUnseen(makeAlarm(platform.now, { level: 'red', deviceId: 'GAS-9' }))
    platform.alarmUnseen(makeAlarm(platform.now, { level: 'orange', deviceId: 'GAS-10' }))
    platform.epoch = 'epoch-2'
    await platform.up()
    await page.waitForSelector('[data-zone=banner][data-state=recovered]', { timeout: 15_000 })
    expect(await page.locator('[data-zone=banner]').innerText()).toMatch(/^已恢复 · 断线 00:\d\d 内新增 2 条$/)
    expect(await shownCounters(page)).toEqual(countLevels(platform.alarms.values()))
    expect(await attribute(page, 'article[data-zone=newest]', 'data-level')).toBe('red')
  })

  test('a hole in the numbers asks for a new snapshot, also when the last change is the one that was lost', async () => {
    await using wall = await openWall()
    const { page } = wall
    const asked = platform.snapshotsAsked
    const lost = makeAlarm(platform.now, { level: 'orange' })
    platform.alarmUnseen(lost)
    platform.loseOneChange()
    platform.alarm(makeAlarm(platform.now, { level: 'blue' }))
    await eventually(async () => expect(await shownCounters(page)).toEqual(countLevels(platform.alarms.values())))
    expect(platform.snapshotsAsked).toBe(asked + 1)
    platform.alarmUnseen(makeAlarm(platform.now, { level: 'red' }))
    platform.loseOneChange()
    await eventually(async () => expect(await shownCounters(page)).toEqual(countLevels(platform.alarms.values())))
    expect(platform.snapshotsAsked).toBe(asked + 2)
  })

  test('F17: only the halo of an unacknowledged glyph blinks, at most once a second; no text does', async () => {
    platform.alarm(makeAlarm(platform.now))
    platform.alarm(makeAlarm(platform.now, { state: 'returned', enterpriseId: 'huatai', zoneId: null }))
    platform.alarm(
      makeAlarm(platform.now, {
        state: 'acknowledged',
        acknowledgedBy: '张三',
        acknowledgedAt: platform.now,
        enterpriseId: 'street',
      }),
    )
    await using wall = await openWall()
    const { page } = wall
    await page.waitForSelector('li[data-zone=alarms]')
    const moving = await page.evaluate(() =>
      document.getAnimations().map((animation) => {
        const { target } = animation.effect as KeyframeEffect
        return {
          tag: target?.tagName,
          halo: target?.classList.contains('halo') ?? false,
          text: target?.textContent,
          periodMs: animation.effect!.getTiming().duration,
        }
      }),
    )
    expect(moving.length).toBeGreaterThan(1)
    for (const one of moving) expect(one).toMatchObject({ tag: 'g', halo: true, text: '' })
    expect(Math.min(...moving.map(({ periodMs }) => Number(periodMs)))).toBeGreaterThanOrEqual(1000)
    expect(await page.locator('li[data-zone=alarms][data-state=acknowledged] .halo').count()).toBe(0)
  })

  test.each(['zh-CN', 'en'])('nothing overflows 1920×1080 in %s: calm, flooded, cut off', async (locale) => {
    await using wall = await openWall()
    const { page } = wall
    if (locale === 'en') await page.keyboard.press('l')
    const overflow = () =>
      page.evaluate(() => {
        const { scrollWidth, scrollHeight, clientWidth, clientHeight } = document.documentElement
        const out = [...document.querySelectorAll('[data-zone]')].filter((element) => {
          const { left, right, top, bottom, width, height } = element.getBoundingClientRect()
          return width > 0 && height > 0 && (left < -0.5 || right > 1920.5 || top < -0.5 || bottom > 1080.5)
        })
        const bar = document.querySelector('.bar')!
        return {
          page: [scrollWidth - clientWidth, scrollHeight - clientHeight],
          zones: out.map((element) => element.getAttribute('data-zone')),
          statusBar: bar.scrollWidth - bar.clientWidth,
        }
      })
    const none = { page: [0, 0], zones: [], statusBar: 0 }
    expect(await overflow()).toEqual(none)
    flood()
    platform.mode = 'simulated'
    await page.reload()
    await page.waitForSelector('li[data-zone=alarms]')
    expect(await overflow()).toEqual(none)
    platform.beating = false
    await page.waitForSelector('[data-zone=banner]', { timeout: 10_000 })
    expect(await overflow()).toEqual(none)
    expect(await page.evaluate(() => document.documentElement.lang)).toBe(locale)
  })

  test('in a flood the groups and what they leave out add up to the counters', async () => {
    await using wall = await openWall()
    const { page } = wall
    flood()
    await page.waitForSelector('[data-zone=alarms-rest].more')
    const counts = await page
      .locator('li[data-zone=alarms]')
      .evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('data-count'))))
    const rest = Number(await attribute(page, '[data-zone=alarms-rest]', 'data-count'))
    const all = Object.values(await shownCounters(page)).reduce((sum, { open }) => sum + open, 0)
    expect(counts.length).toBeGreaterThanOrEqual(2)
    expect(counts.reduce((sum, count) => sum + count, 0) + rest).toBe(43)
    expect(all).toBe(43)
  })

  test('F4: the wall shows the server’s time, not the browser’s', async () => {
    platform.clockAheadMs = 3_600_000
    await using wall = await openWall()
    const shown = Number(await attribute(wall.page, '[data-zone=clock]', 'data-value'))
    expect(Math.abs(shown - platform.now)).toBeLessThan(3_000)
  })

  test('ten thousand devices and a flood of alarms stay under 3,000 elements, and no task takes a second', async () => {
    for (let n = 0; n < 10_000; n++) {
      platform.devices.set(
        `D-${n}`,
        makeDevice({ id: `D-${n}`, name: `消火栓 D-${n}`, kind: 'hydrant', state: n % 50 ? 'online' : 'stale' }),
      )
      platform.readings.set(`D-${n}`, [`D-${n}`, 'pressureMpa', n / 1000, platform.now, platform.now, 0])
    }
    await using wall = await openWall()
    const { page } = wall
    await page.evaluate(() => {
      const tasks: number[] = []
      Object.assign(window, { longTasks: tasks })
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
      })
    })
    for (let round = 0; round < 10; round++) {
      platform.reading(
        ...Array.from({ length: 2_000 }, (_, n) => [`D-${n}`, 'pressureMpa', round, platform.now, platform.now, 0] as const).map(
          (one) => [...one] as [string, string, number, number, number, number],
        ),
      )
      for (let n = 0; n < 50; n++)
        platform.alarm(makeAlarm(platform.now, { deviceId: `D-${round * 50 + n}`, enterpriseId: `e-${n}` }))
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    await eventually(async () => expect((await shownCounters(page))['red']?.open).toBe(500))
    expect(await page.locator('*').count()).toBeLessThan(3_000)
    // The budget is 200 ms on a wall's own machine; here server, tests and a browser without a GPU share two cores.
    expect(Math.max(0, ...(await page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks)))).toBeLessThan(
      2_000,
    )
  })

  test('values are written to the page at most five times a second, and the last one wins', async () => {
    await using wall = await openWall('?z2=devices')
    const { page } = wall
    const cell = '.measured[data-device=GAS-1][data-metric=combustibleLel]'
    await page.waitForSelector(cell)
    await page.evaluate((selector) => {
      const seen: string[] = []
      Object.assign(window, { seen })
      const element = document.querySelector(selector)!
      new MutationObserver(() => {
        const value = element.getAttribute('data-value')!
        if (seen.at(-1) !== value) seen.push(value)
      }).observe(element, { attributes: true })
    }, cell)
    const began = performance.now()
    for (let n = 1; n <= 50; n++) {
      platform.reading(['GAS-1', 'combustibleLel', n / 10, platform.now, platform.now, 0])
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await eventually(async () => expect(await attribute(page, cell, 'data-value')).toBe('5'))
    const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen)
    expect(seen.length).toBeGreaterThan(2)
    expect(seen.length).toBeLessThanOrEqual((performance.now() - began) / 200 + 3)
  })

  test('F18: a point silent for three periods is italic with its age', async () => {
    platform.device({ ...platform.devices.get('GAS-3')!, state: 'stale' })
    platform.readings.set('GAS-3\ncombustibleLel', [
      'GAS-3',
      'combustibleLel',
      7.5,
      platform.now - 90_000,
      platform.now - 90_000,
      0,
    ])
    await using wall = await openWall('?z2=devices')
    const { page } = wall
    const first = page.locator('.row[data-zone=devices]').first()
    expect(await first.getAttribute('data-device')).toBe('GAS-3')
    // The page hears of the time a little later than it was.
    expect(await first.innerText()).toMatch(/7\.5[\s\S]*%LEL[\s\S]*(?:8[5-9]|9\d) s[\s\S]*陈旧/)
    expect(await first.locator('.measured').getAttribute('data-state')).toBe('stale')
  })

  test('simulated data is marked by frame and words, drills by a banner; live has neither', async () => {
    await using live = await openWall()
    expect(await live.page.locator('.mode-frame').count()).toBe(0)
    platform.mode = 'simulated'
    await using simulated = await openWall()
    expect(await simulated.page.locator('.mode-frame').count()).toBe(1)
    expect(await simulated.page.locator('[data-zone=status]').innerText()).toContain('模拟 · 非真实数据')
    platform.mode = 'drill'
    await using drill = await openWall()
    expect(await drill.page.locator('[data-zone=banner]').innerText()).toContain('演练 EXERCISE')
  })

  test('a platform that takes nothing in says so across the wall', async () => {
    await using wall = await openWall()
    platform.platformState({ receiving: 'stopped', detail: '磁盘已满', notices: [] })
    await wall.page.waitForSelector('[data-zone=banner][data-state=stopped]')
    expect(await wall.page.locator('[data-zone=banner]').innerText()).toContain('平台已停止接收数据 · 磁盘已满')
  })

  test('names of devices are text, whatever they contain', async () => {
    const name = '<img src=x onerror="document.title=1">{{ 7*7 }}'
    platform.devices.set('GAS-2', { ...platform.devices.get('GAS-2')!, name })
    platform.alarm(makeAlarm(platform.now))
    await using wall = await openWall()
    await eventually(async () => expect(await wall.page.locator('article[data-zone=newest]').innerText()).toContain(name))
    expect(await wall.page.locator('img').count()).toBe(0)
  })

  test('F25: the calm wall gives a living age', async () => {
    await using wall = await openWall()
    const calm = wall.page.locator('[data-zone=newest] .calm, .calm').first()
    const living = /当前无未处置报警[\s\S]*(数据实时 · 最近数据 \d+\.\d s 前|连接正常,无新数据 · 尚无数据)[\s\S]*在线 100\/100/
    await vi.waitFor(async () => expect(await calm.innerText()).toMatch(living), 5_000)
  })
})
