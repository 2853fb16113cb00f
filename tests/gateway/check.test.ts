import { expect, test } from 'vitest'
import { doubtClock, isBelievable, judgeValue, rangeOf } from '../../gateway/check.ts'
import { qualityCode, qualityOf, reasonOf } from '../../core/quality.ts'

const judge = (key: string, value: number, attributes: Record<string, string | number> = {}) => {
  const code = judgeValue(rangeOf(key, attributes), value)
  return qualityOf(code) === 'good' ? 'good' : `${qualityOf(code)} ${reasonOf(code)}`
}

test('a saturated gas detector is uncertain, not broken; an impossible value is bad', () => {
  expect(judge('combustibleLel', 100)).toBe('good')
  expect(judge('combustibleLel', 100.1)).toBe('uncertain over-range')
  expect(judge('combustibleLel', 1e300)).toBe('uncertain over-range')
  expect(judge('combustibleLel', -6)).toBe('bad range')
  expect(judge('temperatureC', 5_000)).toBe('bad range')
  expect(judge('fireAlarm', 1)).toBe('good')
  expect(judge('fireAlarm', 0.5)).toBe('bad range')
})

test("a device's own range is the upper end for what it detects, and for nothing else it reports", () => {
  for (const range of [50, '50', '0-50', '0~50 ppm']) {
    expect(judge('toxicPpm#co', 50, { range })).toBe('good')
    expect(judge('toxicPpm#co', 51, { range })).toBe('uncertain over-range')
    expect(judge('temperatureC', 51, { range })).toBe('good')
    expect(judge('batteryPct', 88, { range })).toBe('good')
  }
  expect(judge('toxicPpm#co', 120, { range: 50, 'range#co': 200 })).toBe('good')
  expect(judge('toxicPpm#h2s', 120, { range: 50, 'range#co': 200 })).toBe('uncertain over-range')
  expect(judge('toxicPpm', 120, { range: 'unknown' })).toBe('good')
})

test('a key outside the catalogue has no range to be out of', () => {
  for (const key of ['vendorSpecial', '__proto__', 'constructor', 'toString#x']) expect(judge(key, 1e300)).toBe('good')
})

test('a stamp is believed from 2010 up to five minutes ahead of us', () => {
  const now = Date.UTC(2026, 0, 1)
  expect(isBelievable(now + 300_000, now)).toBe(true)
  expect(isBelievable(now + 300_001, now)).toBe(false)
  expect(isBelievable(Date.UTC(2010, 0, 1), now)).toBe(true)
  for (const time of [Date.UTC(2010, 0, 1) - 1, Date.UTC(1964, 0, 1), 0, 1767225600, NaN, -Infinity, 1e300]) {
    expect(isBelievable(time, now)).toBe(false)
  }
})

test('a doubtful clock does not hide that a value is over range or bad', () => {
  expect(reasonOf(doubtClock(qualityCode('good')))).toBe('clock')
  expect(reasonOf(doubtClock(qualityCode('uncertain', 'over-range')))).toBe('over-range')
  expect(qualityOf(doubtClock(qualityCode('bad', 'range')))).toBe('bad')
})
