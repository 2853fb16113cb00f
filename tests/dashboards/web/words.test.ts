import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ageText, clockText, durationText, numberText, valueText, whenText } from '../../../dashboards/web/format.ts'
import { quarantineCodes } from '../../../core/quarantine.ts'
import { backoffMs } from '../../../dashboards/web/backoff.ts'
import { freshnessOf, newestIs, quietAfterMs, staleAfterMs } from '../../../dashboards/web/freshness.ts'
import { quarantineEn, quarantineZh } from '../../../dashboards/admin/words.ts'
import { en as shared } from '../../../dashboards/web/i18n/en.ts'
import { enHazards } from '../../../dashboards/web/i18n/en-hazards.ts'
import { enReports } from '../../../dashboards/web/i18n/en-reports.ts'
import { enRules } from '../../../dashboards/web/i18n/en-rules.ts'
import { zh as sharedZh } from '../../../dashboards/web/i18n/zh.ts'
import { zhHazards } from '../../../dashboards/web/i18n/zh-hazards.ts'
import { zhReports } from '../../../dashboards/web/i18n/zh-reports.ts'
import { zhRules } from '../../../dashboards/web/i18n/zh-rules.ts'
import { nextPath } from '../../../dashboards/web/next-path.ts'
import { primaryMetric } from '../../../dashboards/web/primary-metric.ts'

const zh = { ...sharedZh, quarantine: quarantineZh, hazards: zhHazards, reports: zhReports, rules: zhRules }
const en = { ...shared, quarantine: quarantineEn, hazards: enHazards, reports: enReports, rules: enRules }

test('ages, durations and numbers read as the wall shows them', () => {
  expect([0, 800, 9_999, 12_300, 240_000, 7_200_000, 200_000_000].map(ageText)).toEqual([
    '0.0 s',
    '0.8 s',
    '9.9 s',
    '12 s',
    '4 min',
    '2 h',
    '2 d',
  ])
  expect([7_000, 192_000, 7_384_000, 200_000_000].map(durationText)).toEqual(['00:07', '03:12', '2:03:04', '2 d 7 h'])
  expect(numberText(1240)).toBe('1\u2009240')
  expect(valueText('pressureMpa', 0.35)).toBe('0.350')
  expect(valueText('unmapped', 1 / 3)).toBe('0.333')
  const noon = Date.UTC(2026, 10, 22, 4, 0, 5)
  expect(clockText(noon, 'Asia/Shanghai')).toBe('12:00:05')
  expect(whenText(noon - 86_400_000, 'Asia/Shanghai', noon)).toBe('11-21 12:00')
})

test('both languages have the same words with the same slots', () => {
  const flat = (table: object, path = ''): [string, string][] =>
    Object.entries(table).flatMap(([key, value]) =>
      typeof value === 'string' ? [[path + key, value]] : flat(value as object, `${path}${key}/`),
    )
  const slots = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted()
  const english = new Map(flat(en))
  expect(flat(zh).map(([key]) => key)).toEqual([...english.keys()])
  for (const [key, text] of flat(zh)) expect([key, slots(english.get(key)!)]).toEqual([key, slots(text)])
  // vue-i18n reads these as its own syntax.
  for (const [, text] of [...flat(zh), ...english]) expect(text).not.toMatch(/[@|]/)
})

test('whatever is in quarantine says in the reader’s language what was wrong', () => {
  for (const table of [zh, en]) {
    expect(Object.keys(table.admin.quarantine.codes).sort()).toEqual([...quarantineCodes].sort())
    expect(Object.keys(table.quarantine.means).sort()).toEqual([...quarantineCodes].sort())
  }
})

test('a level is never written without its colour word, a threshold never as a bare grade', () => {
  const texts = JSON.stringify([zh, en])
  for (const [, before] of texts.matchAll(/(.{3})[一二三四]级/g)) expect(before).toMatch(/[红橙黄蓝]色·$/)
})

test('the feed is tried again after half a second, then ever more slowly, never later than twelve seconds', () => {
  expect([1, 2, 3, 4, 5, 6, 99].map((attempt) => backoffMs(attempt, 0.5))).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000])
  fc.assert(
    fc.property(fc.integer({ min: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
      expect(backoffMs(attempt, random)).toBeGreaterThanOrEqual(400)
      expect(backoffMs(attempt, random)).toBeLessThanOrEqual(12_000)
    }),
  )
})

test('silence is delayed after three seconds and interrupted after five', () => {
  expect([null, 0, 2999, 3000, 4499, 4500].map(freshnessOf)).toEqual([
    'waiting',
    'live',
    'live',
    'delayed',
    'delayed',
    'interrupted',
  ])
  expect([1_000, 10_000, 60_000].map(staleAfterMs)).toEqual([30_000, 30_000, 180_000])
})

test('after logging in nobody is sent to another site', () => {
  const next = (asked: string | null) => nextPath(asked, 'https://wf.example', '/desk')
  expect(next('/wall?mode=live#x')).toBe('/wall?mode=live#x')
  for (const bad of [
    null,
    '',
    'wall',
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/login?next=/login',
    '/\t/evil.example',
    '/.//evil.example',
  ]) {
    expect([bad, next(bad)]).toEqual([bad, '/desk'])
  }
  fc.assert(
    fc.property(fc.string(), (asked) => {
      expect(new URL(next(`/${asked}`), 'https://wf.example').origin).toBe('https://wf.example')
    }),
  )
})

test('a device row shows its most telling value, the alarmed one first', () => {
  expect(primaryMetric(['batteryPct', 'combustibleLel', 'alarmH'], null)).toBe('combustibleLel')
  expect(primaryMetric(['batteryPct', 'combustibleLel', 'fault'], 'fault')).toBe('fault')
  expect(primaryMetric(['toxicPpm#h2s', 'toxicPpm#co'], null)).toBe('toxicPpm#co')
  expect(primaryMetric(['fireAlarm', 'smokeObscuration'], null)).toBe('smokeObscuration')
  expect(primaryMetric([], null)).toBe(null)
})

test('data is called live while it is new, connected while no more is due, and missed once a device that is there would be stale', () => {
  const device = (expectedPeriodMs: number, state: 'online' | 'stale' | 'offline' | 'never' = 'online') => ({
    expectedPeriodMs,
    state,
  })
  const said = (ageS: number, ...devices: ReturnType<typeof device>[]) => newestIs(ageS * 1_000, () => quietAfterMs(devices))
  const [smoke, gas] = [device(300_000), device(10_000)]
  expect([0.8, 10, 55, 900, 901].map((ageS) => said(ageS, smoke))).toEqual(['live', 'live', 'connected', 'connected', 'quiet'])
  expect([9, 30, 55].map((ageS) => said(ageS, smoke, gas))).toEqual(['live', 'connected', 'quiet'])
  expect(said(55, smoke, device(10_000, 'stale'))).toBe('quiet')
  expect(said(55, smoke, device(10_000, 'offline'), device(10_000, 'never'))).toBe('connected')
  expect([said(60), said(61), said(Infinity, smoke)]).toEqual(['connected', 'quiet', 'quiet'])
  expect([shared.feed.connected, sharedZh.feed.connected]).toEqual(['Connected', '连接正常'])
})
