import { expect, test } from 'vitest'
import type { AlarmChangeEntry } from '../../core/record.ts'
import type { AnySeriesRule } from '../../alerts/rules/rule.ts'
import { threshold } from '../../alerts/rules/threshold.ts'
import { ruleTypes } from '../../alerts/rules/index.ts'
import { aDevice, aRule, World } from './world.ts'

/** A rule type with a bug, for as long as the test needs it. */
function withBug<T>(bug: (value: number) => void, run: () => T): T {
  const type = threshold as AnySeriesRule
  const { step, quiet } = type
  type.step = (options, state, sample, facts) => {
    bug(sample.value)
    return step(options, state, sample, facts)
  }
  type.quiet = () => null
  try {
    return run()
  } finally {
    Object.assign(type, { step, quiet })
  }
}

test('a rule that throws is an alarm of its own; the other rules go on, and it ends when the rule runs again', () => {
  expect(ruleTypes).toContain(threshold)
  const other = aRule({ id: 'other', type: 'expression', when: 'value > 10', level: 'yellow', offDelayMs: 0 })
  for (const name of ['limits', 'deadband']) delete other[name]
  const said = withBug(
    (value) => {
      if (value === 13) throw new Error('division by zero')
    },
    () => {
      const world = new World([aRule(), other])
      world.tape.rows([1, 1, 5])
      world.tape.rows([1, 2, 13])
      world.tape.rows([1, 3, 5])
      return world.run()
    },
  )
  const changes = said.map(({ entry }) => entry as AlarmChangeEntry)
  expect(changes.map(({ change, alarm }) => [alarm.ruleId, change, alarm.level, alarm.limitName])).toEqual([
    ['gas.combustible', 'raised', 'blue', 'could-not-run'],
    ['other', 'raised', 'yellow', null],
    ['gas.combustible', 'returned', 'blue', 'could-not-run'],
    ['other', 'returned', 'yellow', null],
  ])
  expect(changes[0]!.alarm.message.en).toContain('could not run')
  expect(changes[0]!.alarm.message.en).toContain('division by zero')
})

test('a rule that throws while its alarm is open leaves the alarm as it was, and goes on from there', () => {
  const said = withBug(
    (value) => {
      if (value === 13) throw new Error('division by zero')
    },
    () => {
      const world = new World([aRule()])
      for (const [second, value] of [60, 13, 24, 5].entries()) world.tape.rows([1, second + 1, value])
      world.run()
      return world.story()
    },
  )
  // 24 is inside the limit but not yet by the deadband.
  expect(said).toEqual(['raised red active 1s', 'returned red returned 4s'])
})

test('an expression over what the device is: without the attribute it could not run, with it it judges', () => {
  const rule = aRule({ id: 'people', type: 'expression', when: 'value > attributes.approvedHeadcount', level: 'orange' })
  for (const name of ['limits', 'deadband']) delete rule[name]
  const levelsOf = (attributes: Record<string, number>) => {
    const world = new World([{ ...rule, metric: 'headcount' }], aDevice({ kind: 'headcount', attributes }), 'headcount')
    world.tape.rows([1, 1, 12])
    return world.run().map(({ entry }) => (entry as AlarmChangeEntry).alarm.level)
  }
  expect(levelsOf({})).toEqual(['blue'])
  expect(levelsOf({ approvedHeadcount: 9 })).toEqual(['orange'])
  expect(levelsOf({ approvedHeadcount: 20 })).toEqual([])
})

test('a forecast without limits of its own looks out for those of the threshold rule in force', () => {
  const foresee = aRule({ id: 'foresee', type: 'forecast', level: 'yellow', onDelayMs: 0, deadband: 0, limits: [] })
  const world = new World([aRule(), foresee], aDevice({ attributes: { expectedPeriodMs: 60_000 } }))
  for (let minute = 0; minute < 40; minute++) world.tape.rows([1, minute * 60, minute * 0.5])
  const said = world.run().map(({ entry }) => (entry as AlarmChangeEntry).alarm)
  expect(said[0]).toMatchObject({ ruleId: 'foresee', limitName: 'H', limit: 25 })
})
