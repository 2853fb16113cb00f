import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Rule } from '../../core/rule.ts'
import { LONGEST_OF_ONE_MS, type DeclaredWindow, type WindowKind } from '../../core/window.ts'
import { placeKey } from '../../alerts/open-alarms.ts'
import { aDevice, aRule, defineSeries, Saved, setDevice, T0, World } from './world.ts'

const MINUTE = 60
const PANEL = 'P1'
const KEY = placeKey('live', 'fault-of-zone', `${PANEL}/combustibleLel`, false)

type Step =
  | { is: 'declare'; kind: WindowKind; byEnterprise: boolean; inMinutes: number; minutes: number }
  | { is: 'confirm' | 'refuse' | 'end'; which: number; by: string }
  | { is: 'bit'; value: number }
  | { is: 'restart' }

const kinds = fc.constantFrom<WindowKind[]>('calibration', 'panel-test', 'calibration', 'maintenance', 'hot-work')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ is: fc.constant('declare' as const), kind: kinds, byEnterprise: fc.boolean() },
      ...{ inMinutes: fc.integer({ min: 0, max: 150 }), minutes: fc.integer({ min: 1, max: 120 }) },
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constantFrom('confirm' as const, 'confirm' as const, 'confirm' as const, 'refuse' as const, 'end' as const),
      ...{ which: fc.nat(3), by: fc.constantFrom('anna', 'bert') },
    }),
  },
  { weight: 4, arbitrary: fc.record({ is: fc.constant('bit' as const), value: fc.constantFrom(0, 1, 1) }) },
  { weight: 1, arbitrary: fc.constant({ is: 'restart' as const }) },
)
const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 * MINUTE }), step), { minLength: 10, maxLength: 60 })

/** Windows and test bits over a point that is in alarm all the time, and how long nobody could hear it. */
class Walk {
  readonly world: World
  longestMs = 0
  second = 10
  #declared = 0
  #since: number | null = null
  #saved = new Saved()

  constructor() {
    const limits = [{ name: 'H', above: 25, level: 'yellow' }]
    this.world = new World([aRule({ id: 'fault-of-zone', limits }) as Rule], aDevice({ id: PANEL, kind: 'fire-panel' }))
    this.world.tape.record(1, setDevice(aDevice({ id: PANEL, kind: 'fire-panel' })), defineSeries(2, 'testing', PANEL))
    this.world.tape.rows([1, 5, 30])
  }

  take(step: Step): void {
    const { tape } = this.world
    switch (step.is) {
      case 'declare': {
        const from = T0 + (this.second + step.inMinutes * MINUTE) * 1000
        const isWork = step.kind === 'maintenance' || step.kind === 'hot-work'
        const window: DeclaredWindow = {
          ...{ id: `w${this.#declared++}`, kind: step.kind, enterpriseId: 'E1', points: [{ device: PANEL, metric: null }] },
          ...{ rules: isWork ? ['threshold'] : [], reason: 'walking', from, until: from + step.minutes * MINUTE * 1000 },
          ...{ byEnterprise: !isWork && step.byEnterprise, secondFor: isWork ? [] : ['test'] },
        }
        return void tape.record(this.second, { kind: 'window.declared', window, by: 'anna' })
      }
      case 'confirm':
      case 'refuse':
      case 'end': {
        const windowId = `w${Math.max(0, this.#declared - 1 - step.which)}`
        const said = { windowId, by: step.by }
        if (step.is === 'confirm') {
          // Work that two persons stand for may be longer; that is another promise.
          return this.#isTest(windowId) ? void tape.record(this.second, { kind: 'window.confirmed', ...said }) : undefined
        }
        const kind = step.is === 'refuse' ? 'window.refused' : 'window.ended'
        return void tape.record(this.second, { kind, ...said, reason: null })
      }
      case 'bit':
        return void tape.rows([2, this.second, step.value])
      case 'restart': {
        this.#saved.take(this.world.engine)
        this.world.engine = this.#saved.restore(this.world.engine)
      }
    }
  }

  /** Tells every change of the alarm, so that no moment in between is missed. */
  pass(seconds: number): void {
    this.second += seconds
    for (const { entry } of this.world.run(this.second)) {
      if (entry.kind !== 'alarm.changed') continue
      const isBehind = entry.alarm.state === 'suppressed'
      if (isBehind) this.#since ??= entry.at
      else this.#since = this.#told(entry.at)
    }
    this.#told(T0 + this.second * 1000)
    const alarm = this.world.engine.alarms.get(KEY)
    expect(alarm, 'an alarm whose condition is true is open').toBeDefined()
    expect(alarm!.setAside?.isConditionTrue ?? alarm!.state === 'active').toBe(true)
  }

  #told(at: number): null {
    if (this.#since !== null) this.longestMs = Math.max(this.longestMs, at - this.#since)
    return null
  }

  #isTest(id: string): boolean {
    return this.world.engine.windows.all().some((window) => window.id === id && window.secondFor?.includes('test'))
  }
}

test('whatever is declared, confirmed, refused and toggled, a point in alarm is heard within two hours unless two persons said otherwise', () => {
  let windowsInForce = 0
  fc.assert(
    fc.property(steps, (walked) => {
      const walk = new Walk()
      for (const [seconds, one] of walked) {
        walk.pass(seconds)
        walk.take(one)
      }
      walk.pass(24 * 60 * MINUTE)
      // Ticks are whole seconds.
      expect(walk.longestMs).toBeLessThanOrEqual(LONGEST_OF_ONE_MS + 1000)
      expect(walk.world.engine.alarms.get(KEY)!.state).toBe('active')
      windowsInForce += walk.longestMs > 0 ? 1 : 0
    }),
    { numRuns: 400 },
  )
  expect(windowsInForce).toBeGreaterThan(200)
})
