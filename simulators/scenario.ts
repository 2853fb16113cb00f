import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { BadSetting } from '../core/errors.ts'
import type { Values } from './devices/device.ts'
import leak from './scenarios/leak.json' with { type: 'json' }
import { along, rounded, stepped } from './signals.ts'

const TextSchema = Type.Object({ zh: Type.String(), en: Type.String() })
/** [seconds since the story began, value], ascending */
const CurveSchema = Type.Array(Type.Tuple([Type.Number(), Type.Number()]), { minItems: 1 })

/** What happens in a story, in seconds since it began. */
const ScenarioSchema = Type.Object({
  name: Type.String(),
  title: TextSchema,
  /** the last step is the end */
  steps: Type.Array(Type.Object({ at: Type.Number(), name: Type.String(), title: TextSchema }), { minItems: 2 }),
  /** `add` is laid over what the device would say, along straight lines; `set` replaces it, and each change is reported at once */
  effects: Type.Array(
    Type.Object({
      device: Type.String(),
      metric: Type.String(),
      add: Type.Optional(CurveSchema),
      set: Type.Optional(CurveSchema),
    }),
  ),
  /** the connection is cut, and everything behind it is silent */
  outages: Type.Array(Type.Object({ connection: Type.String(), from: Type.Number(), to: Type.Number() })),
})
export type Scenario = Static<typeof ScenarioSchema>

export const scenarios: Record<string, Scenario> = { leak: readScenario(leak) }

export function readScenario(source: unknown): Scenario {
  const [fault] = Value.Errors(ScenarioSchema, source)
  if (fault) throw new BadSetting(`the scenario does not fit at ${fault.instancePath || '/'}: ${fault.message}`)
  const scenario = source as Scenario
  const ascending = (numbers: number[]) => numbers.every((n, i) => i === 0 || n > numbers[i - 1]!)
  const lines = [
    scenario.steps.map(({ at }) => at),
    ...scenario.effects.map(({ add, set }) => (add ?? set ?? []).map(([at]) => at!)),
  ]
  if (!lines.every(ascending))
    throw new BadSetting('the scenario has steps or corners that do not ascend in time', { name: scenario.name })
  return scenario
}

export const lengthMs = (scenario: Scenario): number => scenario.steps.at(-1)!.at * 1_000

/** What a device says once the story has had its say. */
export function affected(scenario: Scenario, device: string, values: Values, storyMs: number): Values {
  let changed = values
  for (const { device: id, metric, add, set } of scenario.effects) {
    if (id !== device) continue
    const calm = values[metric] ?? 0
    const value = add
      ? rounded(calm + along(add as [number, number][], storyMs / 1_000), 3)
      : stepped((set ?? []) as [number, number][], storyMs / 1_000)
    if (value !== undefined) changed = { ...changed, [metric]: value }
  }
  return changed
}

/** Instants (ms since the beginning) at which a device reports out of turn because a switch changed. */
export const switchedAt = (scenario: Scenario, device: string): number[] =>
  scenario.effects.flatMap((effect) => (effect.device === device && effect.set ? effect.set.map(([at]) => at! * 1_000) : []))

export const isCut = (scenario: Scenario, connection: string, storyMs: number): boolean =>
  scenario.outages.some(
    (outage) => outage.connection === connection && storyMs >= outage.from * 1_000 && storyMs < outage.to * 1_000,
  )
