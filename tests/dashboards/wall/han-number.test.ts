import { expect, test } from 'vitest'
import { hanNumber } from '../../../dashboards/wall/han-number.ts'

test('numbers are read aloud as people say them', () => {
  const said = Object.fromEntries(
    [0, 7, 10, 15, 52, 52.3, 100, 105, 110, 1_005, 1_050, 10_000, 10_050, 65_301, -3.05].map((n) => [n, hanNumber(n)]),
  )
  expect(said).toEqual({
    0: '零',
    7: '七',
    10: '十',
    15: '十五',
    52: '五十二',
    52.3: '五十二点三',
    100: '一百',
    105: '一百零五',
    110: '一百一十',
    1005: '一千零五',
    1050: '一千零五十',
    10000: '一万',
    10050: '一万零五十',
    65301: '六万五千三百零一',
    '-3.05': '负三点零五',
  })
})
