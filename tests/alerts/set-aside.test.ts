import { expect, test } from 'vitest'
import type { AlarmAction, RecordEntry } from '../../core/record.ts'
import { aRule, T0, World } from './world.ts'

/** Someone does this to the alarm as it stands. */
function act(
  world: World,
  second: number,
  action: AlarmAction,
  more: { minutes?: number; untilMs?: number; comment?: string } = {},
) {
  world.run(second)
  const entry = world.emissions.map((one) => one.entry).findLast((one) => one.kind === 'alarm.changed')!
  if (entry.kind !== 'alarm.changed') return
  const { id: alarmId, version } = entry.alarm
  const wish = { kind: 'action', alarmId, action, version, by: 'p1', comment: 'calibrating', idempotencyKey: null, ...more }
  world.tape.record(second, wish as RecordEntry)
  world.run()
}

const alarmed = (value = 30) => {
  const world = new World()
  world.tape.rows([1, 1, value])
  return world
}

test('a shelved alarm whose condition is still true sounds again when its time is over', () => {
  const world = alarmed()
  act(world, 2, 'shelve', { minutes: 1 })
  world.run(61)
  expect(world.story().slice(1)).toEqual(['shelved yellow shelved 2s'])
  world.run(62)
  expect(world.story().slice(1)).toEqual(['shelved yellow shelved 2s', 'unshelved yellow active 62s'])
})

test('what happens behind a shelved alarm is kept, and it is over when its time is over and the hazard gone', () => {
  const world = alarmed()
  act(world, 2, 'shelve', { untilMs: T0 + 60_000 })
  world.tape.rows([1, 3, 0])
  world.tape.rows([1, 4, 30])
  world.tape.rows([1, 5, 0])
  world.run(60)
  expect(world.story().slice(2)).toEqual([
    'returned yellow shelved 3s',
    'again yellow shelved 4s',
    'returned yellow shelved 5s',
    'unshelved yellow normal 60s',
  ])
})

test('a shelved alarm that gets worse comes back at once, and as a life-safety alarm cannot be shelved again', () => {
  const world = alarmed()
  act(world, 2, 'shelve', { minutes: 60 })
  world.tape.rows([1, 3, 60])
  act(world, 4, 'shelve', { minutes: 60 })
  world.run(4_000)
  expect(world.story().slice(2)).toEqual(['level red active 3s', 'refused wrong-state'])
})

test('shelving is bounded and says why: no end, an end that is past or beyond 8 hours, no reason, fire are refused', () => {
  for (const more of [{}, { minutes: 481 }, { minutes: 0 }, { untilMs: T0 }, { minutes: 5, comment: ' ' }]) {
    const world = alarmed()
    act(world, 2, 'shelve', more)
    expect([more, world.story().at(-1)]).toEqual([more, 'refused wrong-state'])
  }
  const fire = new World(
    [aRule({ metric: 'fireAlarm', limits: [{ name: 'H', above: 1, level: 'orange' }], deadband: 0 })],
    undefined,
    'fireAlarm',
  )
  fire.tape.rows([1, 1, 1])
  act(fire, 2, 'shelve', { minutes: 5 })
  expect(fire.story().at(-1)).toBe('refused wrong-state')
})

test('what its rule calls life-safety is not shelved at any level, and goes out of service by two persons', () => {
  const heat = new World([aRule({ lifeSafety: true })])
  heat.tape.rows([1, 1, 30])
  act(heat, 2, 'shelve', { minutes: 5 })
  act(heat, 3, 'out-of-service', { minutes: 60 })
  expect(heat.story()).toEqual(['raised yellow active 1s', 'refused wrong-state', 'requested yellow active 3s'])
})

test('a person ends shelving before its time, and the end that was set then means nothing', () => {
  const world = alarmed()
  act(world, 2, 'shelve', { minutes: 1 })
  act(world, 3, 'unshelve')
  act(world, 4, 'acknowledge')
  act(world, 5, 'unshelve')
  world.run(200)
  expect(world.story().slice(2)).toEqual([
    'unshelved yellow active 3s',
    'acknowledged yellow acknowledged 4s',
    'refused wrong-state',
  ])
})

test('out of service ends when it gets worse, as nobody took that out of service', () => {
  const world = alarmed()
  act(world, 2, 'acknowledge')
  act(world, 3, 'out-of-service')
  act(world, 3.5, 'out-of-service', { minutes: 600 })
  world.tape.rows([1, 4, 60])
  world.run(100_000)
  expect(world.story().slice(2)).toEqual([
    'refused wrong-state',
    'taken-out-of-service yellow outOfService 3.5s',
    'level red active 4s',
  ])
})
