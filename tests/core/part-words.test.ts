import { readFileSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { partWords, worried, worry } from '../../core/part-words.ts'
import { platformNotices } from '../../dashboards/health.ts'

const root = join(import.meta.dirname, '../..')
const sources = globSync('{alerts,dashboards,gateway,ingest,journal}/**/*.ts', { cwd: root }).concat([
  'platform.ts',
  'part-alarms.ts',
])
const text = sources.map((file) => ({ file, code: readFileSync(join(root, file), 'utf8') }))
const holes = (words: string) => [...words.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).sort()

test('whatever a part says has words in both languages with the same values in them, and none is left that nobody says', () => {
  for (const [code, { zh, en }] of Object.entries(partWords)) {
    expect(zh, code).toMatch(/[\u4e00-\u9fff]/)
    expect(en, code).not.toMatch(/[\u4e00-\u9fff]/)
    expect(holes(zh), code).toEqual(holes(en))
  }
  const said = new Set(text.flatMap(({ code }) => [...code.matchAll(/'([a-z]+(?:-[a-z]+)+)'/g)].map(([, one]) => one!)))
  expect(Object.keys(partWords).filter((code) => !said.has(code))).toEqual([])
  const used = text.flatMap(({ code }) => [...code.matchAll(/\bworry\(\s*'([^']+)'/g)].map(([, one]) => one!))
  expect(used.filter((code) => !(code in partWords))).toEqual([])
  expect(used.length).toBeGreaterThan(15)
})

test('no part says in one language what a page shows: a status that is not well has codes or alarms, and an alarm has Chinese words', () => {
  const plain = /state: '(?:degraded|down)',\s*detail\b/
  expect(text.filter(({ code }) => plain.test(code)).map(({ file }) => file)).toEqual([])
  for (const { file, code } of text)
    for (const [, zh] of code.matchAll(/\bcode: [`'][^`']+[`'],\s*text: \{\s*zh: [`']([^`']*)[`']/g))
      expect(zh, file).toMatch(/[\u4e00-\u9fff]/)
})

test('a notice carries both languages; a record of old with words alone still shows', () => {
  const since = () => 5
  const stuck = { name: 'gateway', state: 'degraded', figures: {}, ...worried(worry('gateway-waiting')) } as const
  const old = { name: 'old', state: 'down', detail: 'it is broken', figures: {} } as const
  expect(platformNotices([stuck, old], since).notices).toEqual([
    { code: 'gateway-degraded', text: partWords['gateway-waiting'].en, words: partWords['gateway-waiting'], since: 5 },
    { code: 'old-down', text: 'it is broken', since: 5 },
  ])
  expect(worried(worry('clock-stepped-back', { s: 7 }), worry('alerts-ended'))).toMatchObject({
    detail: "the machine's clock stepped back by 7 s; the alerts thread has ended",
  })
})
