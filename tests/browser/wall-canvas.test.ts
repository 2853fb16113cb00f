import { gzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hasChromium } from './chromium.ts'
import { dist } from './fake-platform.ts'
import { floodOf, keepShot, wallStage } from './wall-stage.ts'

const canvases = {
  W1: { query: '', size: { width: 1920, height: 1080 } },
  'W1 scaled': { query: '', size: { width: 3840, height: 2160 } },
  'W1 small': { query: '', size: { width: 1366, height: 768 } },
  W2: { query: '&seams=1920', size: { width: 3840, height: 1080 } },
  W4: { query: '&seams=1920', size: { width: 3840, height: 2160 } },
}
const CLEAR = 24

describe.skipIf(!hasChromium())('canvases of the wall', () => {
  const stage = wallStage()

  test.each(Object.entries(canvases))(
    'F21: %s has no scroll bar, nothing outside, no text near a seam; with and without a banner, in both languages',
    async (name, { query, size }) => {
      const { platform } = stage
      await using wall = await stage.open(`?orbit=0${query}`, size)
      const { page } = wall
      const faults = () =>
        page.evaluate(
          ({ seamX, seamY, clear }) => {
            const { scrollWidth, scrollHeight, clientWidth, clientHeight } = document.documentElement
            const found: string[] = []
            if (scrollWidth > clientWidth || scrollHeight > clientHeight) found.push('page scrolls')
            for (const element of document.querySelectorAll('[data-zone]:not([data-zone=spoken])')) {
              // What the map cuts off at its edge is not shown: the map itself is what counts.
              const shown = element.closest('[data-zone=map-canvas]') ?? element
              const { left, right, top, bottom, width, height } = shown.getBoundingClientRect()
              if (
                width > 0 &&
                height > 0 &&
                (left < -0.5 || right > innerWidth + 0.5 || top < -0.5 || bottom > innerHeight + 0.5)
              ) {
                found.push(`${element.getAttribute('data-zone')} outside`)
              }
            }
            const bar = document.querySelector<HTMLElement>('.bar')!
            for (const half of [bar, ...bar.querySelectorAll<HTMLElement>('.half')]) {
              if (half.scrollWidth > half.clientWidth + 1)
                found.push(`bar: ${half.scrollWidth} > ${half.clientWidth} ${half.innerText}`)
            }
            const walker = document.createTreeWalker(document.querySelector('.wall')!, NodeFilter.SHOW_TEXT)
            const near = (low: number, high: number, seam: number) => low < seam + clear - 0.5 && high > seam - clear + 0.5
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
              const parent = node.parentElement!
              if ((node.textContent ?? '').trim() === '' || parent.closest('.spoken')) continue
              const range = document.createRange()
              range.selectNodeContents(node)
              // What an ellipsis hides is not shown: the box that cuts is what counts.
              const text = range.getBoundingClientRect()
              const cut = parent.closest('.cut, .tile, [data-zone=map-canvas]')?.getBoundingClientRect() ?? text
              const [left, right] = [Math.max(text.left, cut.left), Math.min(text.right, cut.right)]
              const [top, bottom] = [Math.max(text.top, cut.top), Math.min(text.bottom, cut.bottom)]
              if (text.width === 0 || right <= left || bottom <= top) continue
              if (seamX !== null && near(left, right, seamX)) found.push(`x seam: ${node.textContent}`)
              if (seamY !== null && near(top, bottom, seamY)) found.push(`y seam: ${node.textContent}`)
            }
            return found
          },
          { seamX: name.startsWith('W1') ? null : 1920, seamY: name === 'W4' ? 1080 : null, clear: CLEAR },
        )
      for (const locale of ['zh', 'en']) {
        if (locale === 'en') await page.keyboard.press('l')
        await page.waitForTimeout(150)
        expect(await faults(), `${locale} calm`).toEqual([])
      }
      floodOf(platform)
      await page.waitForSelector('[data-zone=banner][data-state=flood]')
      for (const locale of ['en', 'zh']) {
        if (locale === 'zh') await page.keyboard.press('l')
        await page.waitForTimeout(250)
        expect(await faults(), `${locale} flooded`).toEqual([])
      }
      await keepShot(page, name.replace(' ', '-'))
      if (name !== 'W1 small') expect(await page.locator('.wall').getAttribute('data-canvas')).toBe(name.split(' ')[0])
    },
  )

  test('F22: setup gives 50 px for 4 m, names what gives way and puts it in force; for 5 m it refuses and says what would do', async () => {
    await using wall = await stage.open('?setup')
    const { page } = wall
    const found = page.locator('[data-zone=legibility]')
    await page.fill('[name=pitch]', '0.63')
    await page.fill('[name=distance]', '5')
    await found.waitFor()
    expect(await found.getAttribute('data-state')).toBe('refused')
    expect(await found.innerText()).toMatch(/u = 63 px[\s\S]*上限 52 px[\s\S]*≤ 4\.1 m[\s\S]*≥ 0\.76 mm/)
    expect(await page.locator('.setup button').isDisabled()).toBe(true)
    await keepShot(page, 'setup')
    await page.fill('[name=distance]', '4')
    expect(await found.innerText()).toMatch(/u = 50 px[\s\S]*需让出:在线率、风险指数/)
    await page.click('.setup button')
    await page.waitForSelector('.setup', { state: 'detached' })
    expect(await page.locator('section[data-zone=risk-zone], section[data-zone=rates-zone]').count()).toBe(0)
    expect(await page.evaluate(() => Math.round(Number.parseFloat(getComputedStyle(document.body).fontSize)))).toBe(50)
  })

  test('F23: what the browser draws has the contrast of the tokens: text 4.5, in day and night', async () => {
    floodOf(stage.platform)
    for (const theme of ['day', 'night']) {
      await using wall = await stage.open(`?theme=${theme}`)
      await wall.page.waitForSelector('li[data-zone=alarms]')
      const low = await wall.page.evaluate(() => {
        const rgb = (text: string) => (text.match(/[\d.]+/g) ?? []).map(Number)
        const light = (color: number[]) => {
          const [r, g, b] = color
            .slice(0, 3)
            .map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)) as [number, number, number]
          return 0.2126 * r + 0.7152 * g + 0.0722 * b
        }
        const ground = (element: Element | null): number[] => {
          for (let at = element; at; at = at.parentElement) {
            const color = rgb(getComputedStyle(at).backgroundColor)
            if (color.length >= 3 && (color[3] ?? 1) > 0.99) return color
          }
          return [0, 0, 0]
        }
        const found: string[] = []
        const walker = document.createTreeWalker(document.querySelector('.wall')!, NodeFilter.SHOW_TEXT)
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          const parent = node.parentElement!
          // Glyphs carry their own ground: their pairs are computed from the tokens.
          if ((node.textContent ?? '').trim() === '' || parent.closest('svg') || parent.getClientRects().length === 0) continue
          const [a, b] = [light(rgb(getComputedStyle(parent).color)), light(ground(parent))].sort((x, y) => x - y) as [
            number,
            number,
          ]
          if ((b + 0.05) / (a + 0.05) < 4.5) found.push(`${((b + 0.05) / (a + 0.05)).toFixed(2)} ${node.textContent}`)
        }
        return found
      })
      expect(low, theme).toEqual([])
    }
  })

  test('the wall is at most 150 kB on the wire, compressed, and nothing it loads comes from elsewhere', () => {
    const html = readFileSync(join(dist, 'wall/index.html'), 'utf8')
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!)
    expect(files.filter((path) => !path.startsWith('/assets/'))).toEqual([])
    const bytes = files.reduce((sum, path) => sum + gzipSync(readFileSync(join(dist, path))).length, 0)
    process.stderr.write(`the wall is ${Math.round(bytes / 1000)} kB compressed\n`)
    expect(bytes).toBeLessThan(150_000)
  })
})
