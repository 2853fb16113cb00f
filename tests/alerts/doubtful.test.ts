import { expect, test } from 'vitest'
import type { RecordEntry } from '../../core/record.ts'
import type { Rule } from '../../core/rule.ts'
import { aDevice, aRule, DEVICE, T0, World } from './world.ts'

const METRIC = 'oxygenVol'
const low = aRule({ metric: METRIC, limits: [{ name: 'L', below: 19.5, level: 'yellow' }], deadband: 0.2 })
/** With what its type has by default. */
function bare(over: Record<string, unknown>): Rule {
  const { limits: _, deadband: __, onDelayMs: ___, offDelayMs: ____, ...rest } = aRule() as Rule & Record<string, unknown>
  return { ...(rest as Rule), ...over }
}
const jump = (over: object = {}) => bare({ id: 'jump', type: 'jump', metric: METRIC, level: 'blue', ...over })
const oxygen = (...rules: Rule[]) => new World(rules, aDevice(), METRIC)
const about = (world: World, ruleId: string) =>
  world.emissions.flatMap(({ entry }) =>
    entry.kind === 'alarm.changed' && entry.alarm.ruleId === ruleId ? [`${entry.change} ${(entry.at - T0) / 1000}s`] : [],
  )

test('a value that jumped towards danger raises and does not clear; the next one that stays there does', () => {
  const story = (rules: Rule[]) => {
    const world = oxygen(...rules)
    // From too little to normal within a second: more than oxygen can change.
    world.tape.rows([1, 1, 20.9], [1, 10, 17], [1, 11, 22], [1, 12, 22])
    world.run(15)
    return about(world, low.id)
  }
  expect(story([low, jump()])).toEqual(['raised 10s', 'returned 12s'])
  expect(story([low])).toEqual(['raised 10s', 'returned 11s'])
  // A jump into danger is believed at once.
  const world = oxygen(jump(), low)
  world.tape.rows([1, 1, 20.9], [1, 2, 10])
  world.run(3)
  expect(about(world, low.id)).toEqual(['raised 2s'])
})

test('while a series keeps jumping nothing it says clears an alarm, and once it is calm the alarm is over', () => {
  const world = oxygen(low, jump({ jumps: 3, offDelayMs: 30_000 }))
  const values = [20.9, 15, 21, 15, 21, ...Array.from({ length: 40 }, () => 21)]
  values.forEach((value, second) => world.tape.rows([1, second + 1, value]))
  world.run(60)
  expect(about(world, 'jump')).toEqual(['raised 5s', 'returned 36s'])
  expect(about(world, low.id)).toEqual(['raised 2s', 'returned 36s'])
})

const learners = [
  { type: 'deviation', limits: [{ name: 'H', spreads: 5, level: 'yellow' }], learnDays: 1, season: 'day' },
  { type: 'forecast', level: 'yellow', limits: [{ name: 'H', above: 25 }], windowMs: 10_800_000 },
  { type: 'unusual', level: 'yellow' },
]

test.each(learners)('$type learns nothing from what a point says in a test', (options) => {
  const after = (inWindow: boolean, testGas: boolean) => {
    const world = new World([bare(options)])
    const window: RecordEntry[] = [
      {
        kind: 'window.declared',
        by: 'anna',
        window: {
          ...{ id: 'w1', kind: 'calibration', enterpriseId: 'E1', points: [{ device: DEVICE, metric: null }], rules: [] },
          ...{ reason: 'span gas', from: T0, until: T0 + 7_200_000, byEnterprise: true },
        },
      },
      { kind: 'window.confirmed', windowId: 'w1', by: 'bert' },
    ]
    for (let second = 60; second < 3_600; second += 60) world.tape.rows([1, second, 3 + (second % 7) / 10])
    if (inWindow) world.tape.record(3_600, ...window)
    if (testGas) for (let second = 3_660; second < 5_400; second += 60) world.tape.rows([1, second, 20 + second / 1_000])
    if (inWindow) world.tape.record(5_400, { kind: 'window.ended', windowId: 'w1', by: 'anna', reason: null })
    for (let second = 5_460; second < 9_000; second += 60) world.tape.rows([1, second, 3 + (second % 7) / 10])
    world.run(9_000)
    return world.engine.takeState().series[0]![1]!.bounds[0]!.state
  }
  expect(after(true, true)).toEqual(after(true, false))
  expect(after(false, true)).not.toEqual(after(false, false))
})
