import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alarmStates, type AlarmState } from '../../core/alarm.ts'
import { alarmInputs, transition, type AlarmInput } from '../../alerts/lifecycle.ts'

const walk = (inputs: AlarmInput[], latching: boolean, from: AlarmState = 'normal') =>
  inputs.reduce<AlarmState>((state, input) => transition(state, input, latching) ?? state, from)

test('no sequence of inputs reaches a state nobody listed', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...alarmInputs)), fc.boolean(), (inputs, latching) => {
      expect(alarmStates).toContain(walk(inputs, latching))
    }),
  )
})

test('an open alarm ends only by a person who saw it, or when its hazard or its subject is gone', () => {
  for (const latching of [false, true]) {
    for (const state of alarmStates.filter((one) => one !== 'normal')) {
      const ending = alarmInputs.filter((input) => transition(state, input, latching) === 'normal')
      const allowed: AlarmInput[] = ['acknowledge', 'reset', 'clear', 'resumeFalse', 'end']
      expect(ending.filter((input) => !allowed.includes(input))).toEqual([])
    }
    expect(transition('active', 'clear', latching)).toBe('returned')
    expect(transition('active', 'acknowledge', latching)).toBe('acknowledged')
  }
})

test('the condition is never lost: after a breach and no clear, an alarm in service is active or acknowledged', () => {
  const quiet: AlarmInput[] = ['acknowledge', 'reset', 'worsen', 'breach']
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...quiet)), fc.boolean(), (inputs, latching) => {
      expect(['active', 'acknowledged']).toContain(walk(['breach', ...inputs], latching))
    }),
  )
})

test('the letters of alarm-management §2', () => {
  const steps: [AlarmState, AlarmInput, boolean, AlarmState | null][] = [
    ['normal', 'breach', false, 'active'],
    ['acknowledged', 'clear', false, 'normal'],
    ['acknowledged', 'clear', true, 'latched'],
    ['returned', 'acknowledge', false, 'normal'],
    ['returned', 'acknowledge', true, 'latched'],
    ['returned', 'breach', false, 'active'],
    ['latched', 'breach', true, 'active'],
    ['latched', 'reset', true, 'normal'],
    ['acknowledged', 'worsen', false, 'active'],
    ['active', 'reset', true, null],
    ['acknowledged', 'acknowledge', false, null],
    ['shelved', 'resumeTrue', false, 'active'],
    ['outOfService', 'resumeFalse', false, 'normal'],
    ['normal', 'acknowledge', false, null],
  ]
  for (const [from, input, latching, to] of steps)
    expect([from, input, transition(from, input, latching)]).toEqual([from, input, to])
})
