import { Type, type Static } from 'typebox'
import { levels, type Level } from './level.ts'
import type { Mode } from './mode.ts'

/**
 * Static risk grade 重大/较大/一般/低: what a place is, assessed by people. Not the live index below and not the level of an
 * alarm: three scales, three types (design §3).
 */
export const staticGrades = ['major', 'larger', 'general', 'low'] as const
export type StaticGrade = (typeof staticGrades)[number]
export const StaticGradeSchema = Type.Enum([...staticGrades])
export const staticGradeNames: Record<StaticGrade, { zh: string; en: string }> = {
  major: { zh: '重大', en: 'Major' },
  larger: { zh: '较大', en: 'Larger' },
  general: { zh: '一般', en: 'General' },
  low: { zh: '低', en: 'Low' },
}

/** Colour of the live risk index. Unknown is a colour of its own: what nobody hears is never blue. */
export const riskColours = ['red', 'orange', 'yellow', 'blue', 'unknown'] as const
export type RiskColour = (typeof riskColours)[number]

/** Zones and enterprises are weighed by what is in them; sectors and regions by their enterprises. */
export const riskSubjects = ['zone', 'enterprise', 'sector', 'region'] as const
export type RiskSubject = (typeof riskSubjects)[number]

/** `zone:z-1` `enterprise:e-1` `sector:chemical` `region:330106`. */
export const riskId = (subject: RiskSubject, id: string): string => `${subject}:${id}`

export type RiskState = {
  id: string
  subject: RiskSubject
  mode: Mode
  /** the enterprise a zone or enterprise belongs to; null for sectors and regions */
  enterpriseId: string | null
  /** 0 to 100, null while unknown */
  index: number | null
  colour: RiskColour
  /** so few devices are heard that the index is the least it can be */
  atLeast: boolean
  /** since when it has this index and colour: a tick of the journal */
  since: number
  weightsVersion: number
}

/** One reason for the index, in points, with the numbers it comes from. */
export type Contribution = {
  name:
    | 'grade'
    | 'alarms'
    | 'further-alarms'
    | 'unacknowledged'
    | 'offline'
    | 'bypassed'
    | 'overdue-tasks'
    | 'worst-enterprise'
    | 'mean-of-enterprises'
  points: number
  facts: Record<string, string | number | boolean | null>
}

/** What would have to happen, in this order, and what the index would then be. */
export type RiskStep = {
  do:
    | 'end-alarms'
    | 'acknowledge-alarms'
    | 'hear-devices'
    | 'end-bypasses'
    | 'close-tasks'
    | 'lower-enterprise'
    | 'know-enterprises'
    | 'regrade'
  facts: Record<string, string | number | null>
  index: number
  colour: RiskColour
}

export type RiskExplanation = RiskState & {
  contributions: Contribution[]
  /** the sum before it is cut at 100 */
  sum: number
  /** empty when it is blue already */
  makesBlue: RiskStep[]
  /** for sectors and regions: their enterprises, worst first */
  enterprises?: { id: string; index: number | null; colour: RiskColour }[]
  weights: RiskWeights
}

export type RiskChange = {
  pos: number
  at: number
  index: number | null
  colour: RiskColour
  weightsVersion: number
  contributions: Contribution[]
}

const Points = Type.Number({ minimum: 0, maximum: 100 })
const Share = Type.Number({ minimum: 0, maximum: 1 })
const closed = { additionalProperties: false }
const byLevel = <T extends typeof Points>(schema: T) =>
  Type.Object({ red: schema, orange: schema, yellow: schema, blue: schema }, closed)

export const RiskWeightsSchema = Type.Object(
  {
    colours: Type.Object(
      { red: Points, orange: Points, yellow: Points },
      { ...closed, description: 'lowest index of each colour' },
    ),
    grade: Type.Object(
      { major: Points, larger: Points, general: Points, low: Points, unstated: Points },
      { ...closed, description: 'points of the static grade; what nobody has graded is not low' },
    ),
    alarm: Type.Object(byLevel(Points).properties, { ...closed, description: 'points of the worst open alarm' }),
    furtherAlarms: Type.Object(
      { share: Share, cap: Points },
      { ...closed, description: 'every other open alarm gives this share of its points, together at most the cap' },
    ),
    conditionOver: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'share of its points an alarm keeps when its condition is over and only a person is missing',
    }),
    unacknowledged: Type.Object(
      {
        steps: Type.Array(Type.Object({ afterMs: Type.Integer({ minimum: 1000 }), points: Points }, closed), { maxItems: 10 }),
        factor: byLevel(Share),
      },
      { ...closed, description: 'points of the alarm that has waited longest, by level' },
    ),
    offline: Type.Number({ minimum: 0, maximum: 100, description: 'points when every device is offline' }),
    bypassed: Type.Number({ minimum: 0, maximum: 100, description: 'points when every device is bypassed or out of service' }),
    overdueTask: Type.Object({ each: Points, cap: Points }, closed),
    blueNeedsKnown: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'share of devices (of enterprises) that must be heard (known) before anything is shown as blue',
    }),
    rollUp: Type.Object(
      { worst: Share, unknownAs: Points },
      { ...closed, description: 'sector, region: worst × index of the worst enterprise + (1 − worst) × mean of all' },
    ),
  },
  closed,
)
export type RiskWeights = Static<typeof RiskWeightsSchema>

/** Weights as they stand in the record. */
export type WeightsInForce = { version: number; origin: 'shipped' | 'person'; weights: RiskWeights; setAt: number; by: string }

/** Why these weights would make a worse state look better, or null: what the schema cannot say. */
export function weightsFault(weights: RiskWeights): { path: string; message: string } | null {
  const { colours, grade, alarm, unacknowledged, rollUp } = weights
  const ordered = (path: string, values: number[], names: string) =>
    values.every((value, i) => i === 0 || value <= values[i - 1]!)
      ? null
      : { path, message: `must not grow in the order ${names}` }
  const steps = unacknowledged.steps
  return (
    (colours.yellow > 0 ? null : { path: 'colours.yellow', message: 'must be above 0, or nothing would ever be blue' }) ??
    ordered('colours', [colours.red, colours.orange, colours.yellow], 'red, orange, yellow') ??
    ordered('grade', [grade.major, grade.larger, grade.general, grade.low], 'major, larger, general, low') ??
    ordered('alarm', levelValues(alarm), levels.join(', ')) ??
    ordered('unacknowledged.factor', levelValues(unacknowledged.factor), levels.join(', ')) ??
    (steps.every((step, i) => i === 0 || (step.afterMs > steps[i - 1]!.afterMs && step.points >= steps[i - 1]!.points))
      ? null
      : { path: 'unacknowledged.steps', message: 'must grow in time and not fall in points' }) ??
    (rollUp.unknownAs <= colours.yellow ? null : { path: 'rollUp.unknownAs', message: 'must not be above colours.yellow' })
  )
}

const levelValues = (values: Record<Level, number>) => levels.map((level) => values[level])
