import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { levels } from '../../../core/level.ts'

const css = readFileSync(join(import.meta.dirname, '../../../dashboards/web/theme.css'), 'utf8')

/** The custom properties of one rule of the theme. */
function tokens(selector: string): Record<string, string> {
  const rule = css.split('}').find(
    (block) =>
      block
        .split('{')[0]
        ?.replace(/\/\*[\s\S]*?\*\//g, '')
        .trim() === selector,
  )
  expect(rule, selector).toBeDefined()
  return Object.fromEntries([...rule!.matchAll(/(--[\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name, value]) => [name!, value!]))
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].toSorted((x, y) => x - y) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}
/** WCAG 1.4.3 and 1.4.11. */
const TEXT = 4.5
const SHAPE = 3

const themes = {
  wall: ["[data-theme='wall']"],
  'wall at night': ["[data-theme='wall']", "[data-theme='wall'][data-night]"],
  light: ["[data-theme='light']"],
}
/** What a theme's rules add up to, later ones over earlier ones. */
const together = (rules: string[], under = '') =>
  Object.assign({}, ...rules.map((rule) => tokens(rule + under))) as Record<string, string>

test.each(Object.entries(themes))('F23: every text of the %s theme has contrast 4.5, every glyph edge 3', (_, rules) => {
  const base = together(rules)
  const { '--panel': panel = '', '--bg': ground = '' } = base
  for (const name of ['--text', '--second', '--third']) expect(contrast(base[name]!, panel), name).toBeGreaterThanOrEqual(TEXT)
  for (const name of ['--text', '--second']) expect(contrast(base[name]!, ground), name).toBeGreaterThanOrEqual(TEXT)
  expect(contrast(base['--stale-ink']!, base['--stale-banner']!)).toBeGreaterThanOrEqual(10)
  for (const level of levels) {
    const own = together(rules, ` [data-level='${level}']`)
    expect(contrast(own['--ink']!, panel), `${level} text`).toBeGreaterThanOrEqual(TEXT)
    expect(contrast(own['--on']!, own['--fill']!), `on ${level}`).toBeGreaterThanOrEqual(TEXT)
    expect(contrast(own['--edge']!, panel), `${level} edge`).toBeGreaterThanOrEqual(SHAPE)
    if (!rules[0]!.includes('light'))
      expect(contrast(own['--fill']!, ground), `${level} on the ground`).toBeGreaterThanOrEqual(SHAPE)
  }
})

test('F23: banners of an exercise, a replay and an interruption have contrast 4.5', () => {
  for (const [ink, ground] of [
    ['#ffffff', '#5b33a8'],
    ['#1a1c1f', '#cfe8e4'],
    ['#1b1d20', '#f2f2f2'],
  ] as const) {
    expect(contrast(ink, ground)).toBeGreaterThanOrEqual(TEXT)
  }
})
