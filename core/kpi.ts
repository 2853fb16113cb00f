import { Type, type Static } from 'typebox'
import { deviceKindNames } from './device-kind.ts'
import { TextSchema } from './rule.ts'

/** How a rate is counted; each is one function, and its formula is published beside the number. */
export const kpiFormulas = ['entered', 'online', 'valid', 'in-service', 'enterprises-connected'] as const
export type KpiFormula = (typeof kpiFormulas)[number]

const closed = { additionalProperties: false }

/** A target belongs to a programme: a number, from a day on, for a region, from a source (requirements, trap 6). */
export const KpiTargetSchema = Type.Object(
  {
    atLeast: Type.Number({ minimum: 0, maximum: 1 }),
    from: Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' }),
    region: Type.Optional(
      Type.String({ pattern: '^[0-9]{2,12}$', description: 'a division code or a prefix of one; absent: everywhere' }),
    ),
    source: Type.String({ minLength: 1 }),
  },
  closed,
)
export type KpiTarget = Static<typeof KpiTargetSchema>

/** A rate as data: formula + population + dated targets + source. The region is asked for. */
export const KpiDefinitionSchema = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{0,63}$' }),
    name: TextSchema,
    formula: Type.Enum([...kpiFormulas]),
    says: TextSchema,
    population: Type.Object(
      {
        kinds: Type.Optional(Type.Array(Type.Enum([...deviceKindNames]), { minItems: 1 })),
        sectors: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })),
      },
      closed,
    ),
    targets: Type.Array(KpiTargetSchema),
    source: Type.String({ minLength: 1 }),
  },
  closed,
)
export type KpiDefinition = Static<typeof KpiDefinitionSchema>

/** The rates as they stand in the record. */
export type KpiInForce = {
  version: number
  origin: 'shipped' | 'person'
  definitions: KpiDefinition[]
  setAt: number
  by: string
}

/** Where the facts of a day come from. */
export type KpiSource = {
  /**
   * `journal`: counted as it came · `history`: readings in history by when they were measured, which tells who sent but not
   * for how long nor what was refused · `none`: nothing is known of that day
   */
  facts: 'journal' | 'history' | 'none'
  /** registry and definitions are those of the end of the day, or of now for today */
  registryAt: number
  /** share of the day so far in which the platform could receive */
  coverage: number | null
}

export type Kpi = {
  id: string
  name: { zh: string; en: string }
  says: { zh: string; en: string }
  formula: KpiFormula
  /** null: not known, `unknown` says why */
  value: number | null
  numerator: number | null
  denominator: number | null
  unknown: { zh: string; en: string } | null
  target: KpiTarget | null
  met: boolean | null
  /** who is missing from the numerator: ids of devices or enterprises, the first of them */
  missing: string[]
  missingCount: number
  source: string
}

export type KpiAnswer = {
  day: string
  from: number
  to: number
  /** today: so far */
  complete: boolean
  mode: string
  region: string | null
  sector: string | null
  enterpriseId: string | null
  source: KpiSource
  kpis: Kpi[]
}
