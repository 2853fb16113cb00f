import { expect, test } from 'vitest'
import { Learning } from '../../alerts/learning.ts'
import { aRule, Saved, World } from './world.ts'

const HALF_HOUR = 1_800
const rule = aRule({ id: 'norm', type: 'deviation', metric: 'pressureMpa', season: 'day', learnDays: 1, atLeast: 0.01 })
for (const name of ['deadband', 'onDelayMs', 'offDelayMs']) delete rule[name]
rule['limits'] = [{ name: 'H', spreads: 5, level: 'yellow' }]

function learnFor(halfHours: number): World {
  const world = new World([rule], undefined, 'pressureMpa')
  for (let i = 0; i <= halfHours; i++) {
    for (let reading = 0; reading < 5; reading++) world.tape.rows([1, i * HALF_HOUR + reading * 60, 0.3 + reading / 1_000])
  }
  world.run()
  return world
}
const reportOf = (world: World) => {
  const learning = new Learning()
  learning.note(world.engine.takeState().series, world.engine.rulebook)
  return learning.report(world.engine.rulebook, world.engine.directory.series)
}

test('a rule that learns says on how many series it works, how many it knows, and those it knows least about', () => {
  expect(reportOf(learnFor(-1))).toEqual([{ ruleId: 'norm', series: 0, known: 0, learning: [] }])
  expect(reportOf(learnFor(10))).toEqual([
    { ruleId: 'norm', series: 1, known: 0, learning: [{ device: 'GAS-01', metric: 'pressureMpa', learned: 10, of: 48 }] },
  ])
  expect(reportOf(learnFor(48))).toEqual([{ ruleId: 'norm', series: 1, known: 1, learning: [] }])
})

test('what a rule has learned survives a restart', () => {
  const world = learnFor(20)
  const saved = new Saved()
  saved.take(world.engine)
  const after = saved.restore(world.engine)
  for (let reading = 0; reading < 5; reading++) world.tape.rows([1, 21 * HALF_HOUR + reading * 60, 0.3])
  for (const entry of world.tape.entries.slice(-5)) after.apply(entry)
  const learning = new Learning()
  learning.note(after.takeState().series, after.rulebook)
  expect(learning.report(after.rulebook, after.directory.series)[0]).toMatchObject({ learning: [{ learned: 21 }] })
})
