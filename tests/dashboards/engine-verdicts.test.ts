import { expect, test } from 'vitest'
import type { AlarmBook, TimelineItem } from '../../core/alarm-book.ts'
import type { AlarmChangeEntry } from '../../core/record.ts'
import type { Rule } from '../../core/rule.ts'
import { verdictIntervals, withVerdicts } from '../../dashboards/engine-verdicts.ts'
import { World, aRule, T0, type Row } from '../alerts/world.ts'

test('readings while a value is stuck are uncertain, reason stuck, from when the engine knew until it moved again', async () => {
  const { limits: _l, deadband: _d, onDelayMs: _on, offDelayMs: _off, ...base } = aRule()
  const stuck = {
    ...base,
    id: 'device.stuck',
    type: 'stuck',
    level: 'blue',
    forMs: 60_000,
    minimumReadings: 5,
  } as unknown as Rule
  const world = new World([aRule(), stuck])
  const values = (second: number) => (second < 100 || second > 400 ? 5 + (second % 7) : 12)
  for (let second = 10; second <= 600; second += 10) world.tape.rows([1, second, values(second)] satisfies Row)
  world.run()
  const changes = world.emissions
    .map(({ entry }) => entry as AlarmChangeEntry)
    .filter(({ alarm }) => alarm.ruleId === 'device.stuck')
  expect(changes.map(({ change }) => change)).toEqual(['raised', 'returned'])
  const items = changes.map((entry, pos): TimelineItem => ({ pos, at: entry.at, type: 'change', entry }))
  const book: Pick<AlarmBook, 'alarms' | 'timeline'> = {
    alarms: () => Promise.resolve({ alarms: [changes.at(-1)!.alarm] }),
    timeline: () => Promise.resolve(items),
  }
  const ruleOf = (id: string) => world.engine.rulebook.ready(id)?.rule
  const asked = { mode: 'live', device: 'GAS-01', from: T0, to: T0 + 600_000 }
  const intervals = await verdictIntervals(book, ruleOf, asked)
  expect(intervals).toEqual([{ metric: 'combustibleLel', reason: 'stuck', from: changes[0]!.at, to: changes[1]!.at }])
  expect(await verdictIntervals(book, ruleOf, { ...asked, from: changes[1]!.at + 1 })).toEqual([])
  const point = (at: number, quality = 'good', reason: string | null = null) =>
    [at, 12, quality, reason] as [number, number, string, string | null]
  const [from, to] = [changes[0]!.at, changes[1]!.at]
  const given = {
    series: [{ metric: 'combustibleLel', points: [point(from - 1), point(from), point(from + 1, 'bad', 'range'), point(to)] }],
  }
  expect(withVerdicts(given, intervals).series[0]!.points.map(([, , quality, reason]) => `${quality} ${reason}`)).toEqual([
    ...['good null', 'uncertain stuck', 'bad range', 'good null'],
  ])
})
