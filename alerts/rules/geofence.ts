import { Type, type Static } from 'typebox'
import { severity, type Level } from '../../core/level.ts'
import { LevelSchema, TextSchema } from '../../core/rule.ts'
import { metresOutside, ShapeIndex, ShapeSchema, type Point } from '../../core/shape.ts'
import { delayed, tripped, type Breach, type Delay, type PositionRule } from './rule.ts'

const Duration = Type.Number({ minimum: 0, maximum: 86_400_000 })
const FenceSchema = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 64 }),
    name: Type.Optional(TextSchema),
    shape: ShapeSchema,
    level: Type.Optional(LevelSchema),
  },
  { additionalProperties: false },
)
const OptionsSchema = Type.Object({
  level: LevelSchema,
  when: Type.Enum(['enter', 'exit', 'dwell'], {
    default: 'enter',
    description: 'enter: being in a fence; exit: being in none; dwell: staying in one for stayMs',
  }),
  fences: Type.Array(FenceSchema, { minItems: 1, maxItems: 10_000 }),
  stayMs: Type.Number({ minimum: 0, maximum: 86_400_000, default: 1_800_000, description: 'for dwell' }),
  marginM: Type.Number({ minimum: 0, maximum: 5_000, default: 30, description: 'leaving counts this far outside' }),
  onDelayMs: { ...Duration, default: 0 },
  offDelayMs: { ...Duration, default: 30_000 },
})
type Options = Static<typeof OptionsSchema>
type Fence = Options['fences'][number]

/** `fence`: the one the delay or the alarm is about */
type State = { delay: Delay; fence: string | null }
const start: State = { delay: null, fence: null }

type Fences = { index: ShapeIndex; byId: Map<string, Fence> }
const compiled = new WeakMap<object, Fences>()

/** Derived from the options once per version of the rule. */
function fencesOf({ fences, marginM }: Options): Fences {
  let known = compiled.get(fences)
  if (!known) {
    const index = new ShapeIndex(
      fences.map(({ shape }) => shape),
      marginM,
    )
    compiled.set(fences, (known = { index, byId: new Map(fences.map((fence) => [fence.id, fence])) }))
  }
  return known
}

const levelOf = (fence: Fence, level: Level): Level => fence.level ?? level
const nameOf = (fence: Fence) => fence.name ?? { zh: fence.id, en: fence.id }

/** The fence the position is in: the one it was in before unless another is worse. */
function fenceAt(options: Options, at: Point, before: string | null): Fence | null {
  let found: Fence | null = null
  for (const number of fencesOf(options).index.near(at)) {
    const fence = options.fences[number]!
    if (metresOutside(fence.shape, at) > 0) continue
    const gain = found === null ? 1 : severity[levelOf(fence, options.level)] - severity[levelOf(found, options.level)]
    if (gain > 0 || (gain === 0 && fence.id === before)) found = fence
  }
  return found
}

/** Outside every fence by more than the margin. */
const isOutsideAll = (options: Options, at: Point): boolean =>
  fencesOf(options)
    .index.near(at)
    .every((number) => metresOutside(options.fences[number]!.shape, at) > options.marginM)

/**
 * Breaches while a device is where it must not be, is not where it must be, or stays too long. One alarm per device: it names the worst
 * fence it is in; when it leaves that one for another, the alarm returns and is raised again for the other.
 */
export const geofence: PositionRule<Options, State> = {
  name: 'geofence',
  over: 'position',
  options: OptionsSchema,
  needsMetric: false,
  about: null,
  start,
  complete: () => ({}),

  check({ fences }) {
    const seen = new Set<string>()
    const twice = fences.findIndex(({ id }) => seen.size === seen.add(id).size)
    return twice < 0 ? null : { path: `/fences/${twice}/id`, message: `there are two fences ${fences[twice]!.id}` }
  },

  resume: ({ level }) => ({ delay: tripped({ level, limitName: null, limit: null }), fence: null }),

  step(options, before, position) {
    const at: Point = [position.longitude, position.latitude]
    const { level, when, onDelayMs, offDelayMs, stayMs } = options
    if (when === 'exit') {
      const outside = isOutsideAll(options, at)
      const [only] = options.fences.length === 1 ? options.fences : []
      const detail = only ? nameOf(only) : { zh: `${options.fences.length}个区域`, en: `${options.fences.length} areas` }
      const found = { breach: outside ? { level, limitName: null, limit: null, detail } : null, inside: !outside }
      const { delay, verdict, wakeAt } = delayed({ onDelayMs, offDelayMs }, before.delay, found, position)
      return { state: delay === null ? start : { delay, fence: null }, verdict, wakeAt }
    }
    const fence = fenceAt(options, at, before.fence)
    const left = before.fence === null ? undefined : fencesOf(options).byId.get(before.fence)
    const isLeft = left === undefined || metresOutside(left.shape, at) > options.marginM
    if (fence && before.delay !== null && fence.id !== before.fence && isLeft) {
      // From one fence straight into the next: the first is over, and the second is looked at on its own.
      if (position.quality === 'good') return { state: start, verdict: 'clear', wakeAt: position.at }
    }
    const breach: Breach | null = fence && {
      level: levelOf(fence, level),
      limitName: null,
      limit: null,
      detail: nameOf(fence),
    }
    const delays = { onDelayMs: when === 'dwell' ? stayMs : onDelayMs, offDelayMs }
    const { delay, verdict, wakeAt } = delayed(delays, before.delay, { breach, inside: fence === null && isLeft }, position)
    return { state: delay === null ? start : { delay, fence: fence?.id ?? before.fence }, verdict, wakeAt }
  },
}
