import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCell, readColumnMap, readDuration, readMoment } from '../../simulators/column-map.ts'
import { CsvReader } from '../../simulators/csv.ts'
import { findJsonFault } from '../../simulators/json-fault.ts'

const read = (text: string, pieces: string[] = [text]) => {
  const reader = new CsvReader()
  return [...pieces.flatMap((piece) => [...reader.push(piece)]), ...reader.end()]
}

const cell = fc.oneof(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', '℃', '1') }), fc.string())
const written = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

test('any table written as CSV is read back, whatever its line ends, its byte order mark and the pieces it arrives in', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(cell, { minLength: 2, maxLength: 5 }), { maxLength: 6 }),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.boolean(),
      fc.boolean(),
      fc.array(fc.nat({ max: 80 }), { maxLength: 6 }),
      (table, end, mark, endsOpen, cuts) => {
        // Without a mark of ours, one at the beginning of the first cell would be taken for it.
        fc.pre(mark || !table[0]?.[0]?.startsWith('\uFEFF'))
        const body = table.map((row) => row.map(written).join(',')).join(end) + (endsOpen ? '' : end)
        const text = (mark ? '\uFEFF' : '') + body
        const edges = [0, ...cuts.map((cut) => Math.min(cut, text.length)).toSorted((a, b) => a - b), text.length]
        const pieces = edges.slice(1).map((to, i) => text.slice(edges[i], to))
        expect(read(text, pieces).map(({ cells }) => cells)).toEqual(table)
      },
    ),
    { numRuns: 500 },
  )
})

test('a row knows its line in the file, also after line ends inside quotes', () => {
  expect(read('a,b\r\n"1\r\n2",x\r\n\r\n3,4\n5,6')).toEqual([
    { line: 1, cells: ['a', 'b'] },
    { line: 2, cells: ['1\r\n2', 'x'] },
    { line: 5, cells: ['3', '4'] },
    { line: 6, cells: ['5', '6'] },
  ])
  const open = new CsvReader()
  expect([...open.push('a,b\n1,"2\n3,4\n')]).toHaveLength(1)
  expect(open.openQuoteSince).toBe(2)
})

test('the mapping takes names as spreadsheets write them', () => {
  expect(readColumnMap('temperatureC=Temperature[C], fireAlarm=Fire Alarm,toxicPpm#co="CO, ppm"')).toEqual([
    { device: null, metric: 'temperatureC', column: 'Temperature[C]' },
    { device: null, metric: 'fireAlarm', column: 'Fire Alarm' },
    { device: null, metric: 'toxicPpm#co', column: 'CO, ppm' },
  ])
  expect(readColumnMap('HYD.01.pressureMpa=H01')).toEqual([{ device: 'HYD.01', metric: 'pressureMpa', column: 'H01' }])
  for (const bad of ['', 'temperatureC', 'a=b,,c=d', '=b', 'a=', '.a=b', 'a="b']) expect(() => readColumnMap(bad), bad).toThrow()
})

test('cells are numbers, blanks or neither; moments state their zone or get one', () => {
  expect(['0.306', ' -1e3 ', 'TRUE', 'false', '.5', '', '  '].map(readCell)).toEqual([0.306, -1000, 1, 0, 0.5, 'blank', 'blank'])
  expect(['NaN', 'Infinity', '1,5', '0x10', 'NoGas', '1e999', '1 2'].map(readCell)).toEqual(Array(7).fill('not-a-number'))
  const first = Date.UTC(2025, 1, 28, 16, 5)
  for (const text of [
    '2025-03-01T00:05:00+08:00',
    '2025-03-01 00:05:00',
    '2025/3/1 0:05',
    '2025-02-28T16:05:00.000Z',
    '1740758700',
    '1740758700000',
  ]) {
    expect(readMoment(text, '+08:00'), text).toBe(first)
  }
  expect(readMoment('2025-03-01T00:00:00.25Z', '+08:00')).toBe(Date.UTC(2025, 2, 1) + 250)
  for (const bad of ['', 'yesterday', '2025-13-01', '2025-03-01T25:00:00Z', '12']) expect(readMoment(bad, 'Z'), bad).toBeNull()
  expect(['2s', '500ms', '5min', '1h', '3'].map(readDuration)).toEqual([2_000, 500, 300_000, 3_600_000, 3_000])
  for (const bad of ['', '0s', '-1s', '2 days']) expect(() => readDuration(bad), bad).toThrow()
})

test('a fault is found in a text exactly when it is not JSON', () => {
  const isJson = (text: string) => {
    try {
      JSON.parse(text)
      return true
    } catch {
      return false
    }
  }
  const broken = fc
    .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', '"', ',', '}', ':', '\\', 'e', '0', '\n', '\t'))
    .map(([json, at, put]) => {
      const place = at % (json.length + 1)
      return json.slice(0, place) + put + json.slice(place + (at % 2))
    })
  fc.assert(
    fc.property(fc.oneof(fc.json(), broken, fc.string()), (text) => {
      const fault = findJsonFault(text)
      expect(fault === null).toBe(isJson(text))
      // Everything before the fault can still become JSON, so the fault is where it first cannot.
      if (fault) expect(fault.position).toBeLessThanOrEqual(text.length)
    }),
    { numRuns: 2_000 },
  )
  expect(findJsonFault('{"a":1,}')).toEqual({ position: 7, expected: 'a key in double quotes' })
  expect(findJsonFault('{"a":NaN}')).toEqual({ position: 5, expected: 'a value' })
  expect(findJsonFault('{"a":1')).toEqual({ position: 6, expected: ', or }' })
})
