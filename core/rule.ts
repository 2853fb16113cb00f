import { Type, type Static } from 'typebox'
import { levels } from './level.ts'

/** Which devices a rule is for; every named part must match, an empty object matches everything. */
export const AppliesSchema = Type.Object(
  {
    kind: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
    deviceId: Type.Optional(Type.String()),
    enterpriseId: Type.Optional(Type.String()),
    zoneId: Type.Optional(Type.String()),
    region: Type.Optional(Type.String({ description: 'administrative division code or a prefix of one' })),
    sector: Type.Optional(Type.String()),
    substance: Type.Optional(Type.String({ description: 'substance of the channel or of the device, e.g. h2s' })),
    tag: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 40,
        description: 'one of the words in the device attribute `tags`, which commas part',
      }),
    ),
  },
  { additionalProperties: false },
)
export type Applies = Static<typeof AppliesSchema>

/** A text a rule shows to people: `{value}`, `{limit}`, `{unit}`, `{device}`, `{metric}`, `{limitName}`, `{detail}` are filled in. */
export const TextSchema = Type.Object(
  { zh: Type.String({ minLength: 1 }), en: Type.String({ minLength: 1 }) },
  { additionalProperties: false },
)

/** What every rule has, whatever its type; the options of the type stand beside these (see alerts/rules). */
export const RuleBaseSchema = Type.Object({
  id: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{0,63}$' }),
  type: Type.String(),
  /** metric with or without a channel; without one the rule is for every channel. Absent for device rules (silent). */
  metric: Type.Optional(Type.String()),
  /** the unit the limits are meant in; one that is not the metric's refuses the rule */
  unit: Type.Optional(Type.String()),
  /** lives depend on its alarms at every level, not only at red: nobody shelves one, and out of service it goes by two persons */
  lifeSafety: Type.Optional(Type.Boolean()),
  /** its limits are the standard's: laxer ones elsewhere are warned about */
  bound: Type.Optional(Type.Boolean()),
  applies: AppliesSchema,
  latching: Type.Boolean(),
  title: TextSchema,
  message: TextSchema,
  /** the clause, approval or file the limits come from */
  source: Type.String({ minLength: 1 }),
  guidance: Type.Array(TextSchema),
  enabled: Type.Boolean(),
})
export type RuleBase = Static<typeof RuleBaseSchema>

/** A rule as it stands in the record: its version, and whether the pack or a person set it. */
export type Rule = RuleBase & { version: number; origin: 'pack' | 'person'; [option: string]: unknown }

export const LevelSchema = Type.Enum([...levels])
