import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alarmStates, type Alarm } from '../../core/alarm.ts'
import type { AlarmAction, RecordEntry } from '../../core/record.ts'
import { Windows } from '../../core/window-book.ts'
import { covers, type WindowEntry, type WindowKind } from '../../core/window.ts'
import { Engine } from '../../alerts/engine.ts'
import { placeKey, type Emission } from '../../alerts/open-alarms.ts'
import { isBeforePeople } from '../../core/unfinished.ts'
import { isByDevice } from '../../alerts/windows.ts'
import { aDevice, aRule, DEVICE, defineSeries, Saved, setDevice, setRule, T0, Tape } from './world.ts'

const MINUTE = 60
const LIMIT = 25
const CLEARS_UNDER = 23
const KEY = placeKey('live', 'gas.combustible', `${DEVICE}/combustibleLel`, false)
const aside = new Set(['shelved', 'suppressed', 'outOfService'])

type Step =
  | { is: 'reading'; value: number }
  | { is: 'action'; action: AlarmAction; by: string; minutes: number }
  | { is: 'declare'; kind: WindowKind; byEnterprise: boolean; inMinutes: number; minutes: number }
  | { is: 'confirm' | 'refuse' | 'end'; which: number; by: string }
  | { is: 'restart' }
  | { is: 'nothing' }

const people = fc.constantFrom('anna', 'bert')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ is: fc.constant('reading' as const), value: fc.constantFrom(0, 24, 30, 60) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constant('action' as const),
      action: fc.constantFrom<AlarmAction[]>(
        ...(['acknowledge', 'reset', 'shelve', 'unshelve', 'out-of-service', 'return-to-service', 'confirm', 'decline'] as const),
      ),
      by: people,
      minutes: fc.integer({ min: 1, max: 50 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constant('declare' as const),
      kind: fc.constantFrom<WindowKind[]>('maintenance', 'hot-work', 'calibration'),
      byEnterprise: fc.boolean(),
      inMinutes: fc.integer({ min: 0, max: 20 }),
      minutes: fc.integer({ min: 1, max: 60 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constantFrom('confirm' as const, 'confirm' as const, 'refuse' as const, 'end' as const),
      which: fc.nat(3),
      by: people,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ is: 'restart' as const }) },
  { weight: 1, arbitrary: fc.constant({ is: 'nothing' as const }) },
)
const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 15 * MINUTE }), step), { maxLength: 30 })

/** A journal in the making, the engine behind it, and what a person with a pencil knows of both. */
class Walk {
  engine = new Engine()
  readonly emissions: Emission[] = []
  readonly windows = new Windows()
  second = 0
  isOver = false
  #tape = new Tape()
  #fed = 0
  #declared = 0
  #saved = new Saved()

  constructor(latching: boolean) {
    this.record(setDevice(aDevice()), setRule(aRule({ latching })), defineSeries(1, 'combustibleLel'))
  }

  get alarm(): Alarm | undefined {
    return this.engine.alarms.get(KEY)
  }

  record(...said: RecordEntry[]): void {
    for (const entry of said) {
      if (entry.kind.startsWith('window.')) this.windows.apply(entry as WindowEntry, T0 + this.second * 1000)
    }
    this.#tape.record(this.second, ...said)
    this.#run()
  }

  take({ ...step }: Step): void {
    switch (step.is) {
      case 'reading':
        this.isOver = step.value >= LIMIT || (this.isOver && step.value >= CLEARS_UNDER)
        this.#tape.rows([1, this.second, step.value])
        return this.#run()
      case 'action': {
        const { alarm } = this
        if (!alarm) return
        const { action, by, minutes } = step
        const wish = { kind: 'action', alarmId: alarm.id, version: alarm.version, comment: 'walking', idempotencyKey: null }
        return this.record({ ...wish, action, by, minutes } as RecordEntry)
      }
      case 'declare': {
        const { kind, byEnterprise, inMinutes, minutes } = step
        const from = T0 + (this.second + inMinutes * MINUTE) * 1000
        const rules = kind === 'calibration' ? [] : ['gas.combustible']
        const points = [{ device: DEVICE, metric: null }]
        const window = {
          id: `w${this.#declared++}`,
          kind,
          enterpriseId: 'E1',
          points,
          rules,
          reason: 'walking',
          from,
          byEnterprise,
          secondFor: kind === 'calibration' ? ['test' as const] : [],
        }
        return this.record({ kind: 'window.declared', window: { ...window, until: from + minutes * MINUTE * 1000 }, by: 'anna' })
      }
      case 'confirm':
      case 'refuse':
      case 'end': {
        const kinds = { confirm: 'window.confirmed', refuse: 'window.refused', end: 'window.ended' } as const
        const said = { kind: kinds[step.is], windowId: `w${step.which}`, by: step.by }
        return this.record((step.is === 'confirm' ? said : { ...said, reason: null }) as RecordEntry)
      }
      case 'restart':
        this.#saved.take(this.engine)
        this.engine = this.#saved.restore(this.engine)
    }
  }

  pass(seconds: number): void {
    this.second += seconds
    this.engine.advance(T0 + this.second * 1000)
    this.#run()
  }

  #run(): void {
    for (; this.#fed < this.#tape.entries.length; this.#fed++) this.engine.apply(this.#tape.entries[this.#fed]!)
    this.emissions.push(...this.engine.take())
  }

  check(): void {
    const { alarm } = this
    for (const { entry } of this.emissions) {
      if (entry.kind === 'alarm.changed') expect(alarmStates).toContain(entry.alarm.state)
      else if (entry.kind !== 'action.refused') expect(isByDevice(entry)).toBe(true)
    }
    if (this.isOver) expect(alarm, 'an alarm whose condition is true is open').toBeDefined()
    if (!alarm) return
    expect(aside.has(alarm.state)).toBe(alarm.setAside !== undefined)
    if (alarm.setAside) expect(alarm.setAside.isConditionTrue).toBe(this.isOver)
    else expect(alarm.state === 'active' || alarm.state === 'acknowledged').toBe(this.isOver)
    if (alarm.state === 'shelved' || alarm.state === 'outOfService') return
    const now = T0 + this.second * 1000
    // What stood before the window stays before people.
    if (isBeforePeople(alarm)) return
    // One that began when another was over keeps nothing from people that stood already: it has been heard.
    const covering = this.windows
      .all()
      .filter((window) => covers(window, alarm, 'threshold', now) && !alarm.heardOver?.includes(window.id))
    expect(alarm.setAside?.windows ?? [], 'H exactly while a window covers it').toEqual(covering.map(({ id }) => id).sort())
  }
}

test('whatever happens in whatever order, no alarm is lost behind a shelf, a window or a repair, and each comes back as B', () => {
  fc.assert(
    fc.property(steps, fc.boolean(), (walked, latching) => {
      const walk = new Walk(latching)
      for (const [seconds, step] of walked) {
        const before = walk.alarm
        walk.pass(seconds)
        if (step.is !== 'action' && before && isBeforePeople(before)) {
          walk.take(step)
          expect(walk.alarm, 'no window takes an orange or red from people who are not done with it').toBeDefined()
          expect(aside.has(walk.alarm!.state)).toBe(false)
        } else walk.take(step)
        walk.check()
      }
      const wasAside = aside.has(walk.alarm?.state ?? '')
      walk.pass(24 * 60 * MINUTE)
      walk.check()
      const { alarm } = walk
      if (wasAside) expect(alarm?.state).toBe(walk.isOver ? 'active' : undefined)
      expect(aside.has(alarm?.state ?? ''), 'nothing stays aside for ever').toBe(false)
    }),
    { numRuns: 400 },
  )
})
