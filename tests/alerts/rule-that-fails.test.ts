import { expect, test } from 'vitest'
import type { AlarmChangeEntry } from '../../core/record.ts'
import type { Rule } from '../../core/rule.ts'
import { faultAlarms } from '../../alerts/rule-faults.ts'
import { Rulebook } from '../../alerts/rulebook.ts'
import type { AnyDeviceRule, AnyGroupRule, AnySeriesRule } from '../../alerts/rules/rule.ts'
import { silent } from '../../alerts/rules/silent.ts'
import { voting } from '../../alerts/rules/voting.ts'
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

/** As `withBug`, for a rule over devices or groups. */
function withBrokenStep<T>(type: AnyGroupRule | AnyDeviceRule, isBroken: () => boolean, run: () => T): T {
  const { step } = type
  type.step = (...given: unknown[]) => {
    if (isBroken()) throw new Error('division by zero')
    return (step as (...all: unknown[]) => never)(...given)
  }
  try {
    return run()
  } finally {
    type.step = step
  }
}

const story = (world: World) =>
  world.emissions.map(({ entry }) => {
    const { change, alarm } = entry as AlarmChangeEntry
    return [alarm.ruleId, change, alarm.subject, alarm.level, alarm.limitName]
  })

test('a rule over a group that throws is an alarm of the group; the threshold beside it judges, and it runs again', () => {
  const base = aRule({ id: 'g.vote', type: 'voting', message: { zh: '{detail}', en: '{detail}' } })
  for (const name of ['limits', 'deadband', 'metric', 'onDelayMs', 'offDelayMs']) delete base[name]
  const conditions = [{ metric: 'combustibleLel', above: 25 }]
  const vote = {
    ...base,
    conditions,
    votes: [{ atLeast: 2, level: 'red' }],
    withinMs: 60_000,
    within: 'enterprise',
    offDelayMs: 0,
  }
  let isBroken = true
  const world = withBrokenStep(
    voting,
    () => isBroken,
    () => {
      const one = new World([aRule(), vote as Rule])
      one.tape.rows([1, 1, 30])
      one.run()
      isBroken = false
      one.tape.rows([1, 2, 5])
      one.run()
      return one
    },
  )
  expect(story(world)).toEqual([
    ['gas.combustible', 'raised', 'GAS-01/combustibleLel', 'yellow', 'H'],
    ['g.vote', 'raised', 'enterprise:E1', 'blue', 'could-not-run'],
    ['gas.combustible', 'returned', 'GAS-01/combustibleLel', 'yellow', 'H'],
    ['g.vote', 'returned', 'enterprise:E1', 'blue', 'could-not-run'],
  ])
})

test('a rule over devices that throws is an alarm of the device, and no reading is lost by it', () => {
  const rule = aRule({ id: 'device.silent', type: 'silent', level: 'blue', periods: 3 })
  for (const name of ['limits', 'deadband', 'metric', 'onDelayMs', 'offDelayMs']) delete rule[name]
  const world = withBrokenStep(
    silent,
    () => true,
    () => {
      const one = new World([aRule(), rule])
      one.tape.rows([1, 1, 30])
      one.run()
      return one
    },
  )
  expect(story(world)).toEqual([
    ['gas.combustible', 'raised', 'GAS-01/combustibleLel', 'yellow', 'H'],
    ['device.silent', 'raised', 'GAS-01', 'blue', 'could-not-run'],
  ])
})

test('a rule in the record that this version cannot read does not keep the others from working, and is an alarm', () => {
  const strange = [
    { ...aRule({ id: 'old.type' }), type: 'phlogiston' },
    { id: 'old.schema', type: 'threshold', limits: { high: 25 }, version: 1, origin: 'person' },
    { id: 'old.null', type: 'voting', conditions: null, version: 1, origin: 'person' },
  ] as unknown as Rule[]
  const world = new World([...strange, aRule()])
  world.tape.rows([1, 1, 30])
  expect(world.run()).toHaveLength(1)
  const alarms = faultAlarms([], world.engine.rulebook.faults)
  expect(alarms.map(({ code }) => code)).toEqual(['rule-old.null', 'rule-old.schema', 'rule-old.type'])
  expect(alarms[2]!.text.en).toContain('type must be one of')
  const loaded = new Rulebook()
  loaded.restore(world.engine.rulebook.rows())
  expect([...loaded.faults.keys()].sort()).toEqual(['old.null', 'old.schema', 'old.type'])
})
