import { Type, type Static } from 'typebox'
import { toLocal } from '../../core/local-time.ts'
import { LevelSchema, TextSchema } from '../../core/rule.ts'
import { metresOutside, ShapeSchema, type Point } from '../../core/shape.ts'
import {
  AmongSchema,
  CargoAttributeSchema,
  carries,
  delayed,
  tripped,
  type Delay,
  type PositionFacts,
  type PositionRule,
} from './rule.ts'

const Duration = Type.Number({ minimum: 0, maximum: 86_400_000 })
const TimeSchema = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', description: '22:30' })
const DateSchema = Type.String({ pattern: '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$', description: '2026-10-01' })
const WindowSchema = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 64 }),
    name: Type.Optional(TextSchema),
    days: Type.Optional(Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), { description: '1 is Monday; all without it' })),
    /** a window that ends before it begins crosses midnight and belongs to the day it begins on */
    from: TimeSchema,
    to: TimeSchema,
    holidays: Type.Optional(
      Type.Enum(['also', 'only', 'never'], { description: 'without it a holiday is a day like any other' }),
    ),
    cargo: Type.Optional(Type.Array(Type.String(), { description: 'UN classes; 2 is for 2.1 and 2.3 too' })),
    where: Type.Optional(Type.Array(ShapeSchema, { minItems: 1, maxItems: 500 })),
    among: AmongSchema,
    validFrom: Type.Optional(DateSchema),
    validTo: Type.Optional(DateSchema),
    source: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)
const OptionsSchema = Type.Object({
  level: LevelSchema,
  windows: Type.Array(WindowSchema, {
    maxItems: 200,
    default: [],
    description: 'no national window exists, so none is in force until one is set here',
  }),
  holidays: Type.Array(DateSchema, { maxItems: 2_000, default: [] }),
  zone: Type.String({ default: 'Asia/Shanghai', description: 'time zone of the windows' }),
  cargoAttribute: CargoAttributeSchema,
  movingKmh: Type.Number({ minimum: 0, maximum: 50, default: 5, description: 'standing still is allowed' }),
  onDelayMs: { ...Duration, default: 60_000 },
  offDelayMs: { ...Duration, default: 60_000 },
})
type Options = Static<typeof OptionsSchema>
type Window = Options['windows'][number]
type State = { delay: Delay }
const start: State = { delay: null }

const DAY = 86_400_000
const minutes = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))

/** The window is open on the day that begins at `midnight` (local). */
function isOpenOn(window: Window, holidays: string[], midnight: number): boolean {
  const date = new Date(midnight).toISOString().slice(0, 10)
  if (window.validFrom !== undefined && date < window.validFrom) return false
  if (window.validTo !== undefined && date > window.validTo) return false
  const weekday = new Date(midnight).getUTCDay() || 7
  const onDay = window.days === undefined || window.days.includes(weekday)
  const onHoliday = holidays.includes(date)
  switch (window.holidays) {
    case 'also':
      return onDay || onHoliday
    case 'only':
      return onHoliday
    case 'never':
      return onDay && !onHoliday
    default:
      return onDay
  }
}

function isOpenAt(window: Window, holidays: string[], local: number): boolean {
  const midnight = Math.floor(local / DAY) * DAY
  const minute = (local - midnight) / 60_000
  const [from, to] = [minutes(window.from), minutes(window.to)]
  if (from < to) return minute >= from && minute < to && isOpenOn(window, holidays, midnight)
  if (minute >= from && isOpenOn(window, holidays, midnight)) return true
  return minute < to && isOpenOn(window, holidays, midnight - DAY)
}

/** Everywhere, unless the window says where. */
function isWhere({ where, among }: Window, { fences }: PositionFacts, at: Point): boolean {
  if (where === undefined && among === undefined) return true
  return (
    where?.some((shape) => metresOutside(shape, at) === 0) === true ||
    (among !== undefined && fences.near(among, at, 0).length > 0)
  )
}

/** Breaches when a vehicle moves where and when it may not. */
export const curfew: PositionRule<Options, State> = {
  name: 'curfew',
  over: 'position',
  options: OptionsSchema,
  needsMetric: false,
  about: null,
  start,
  complete: () => ({}),

  check({ windows, zone }) {
    const same = windows.findIndex(({ from, to }) => from === to)
    if (same >= 0) return { path: `/windows/${same}/to`, message: 'a window ends at another time than it begins' }
    try {
      toLocal(0, zone)
      return null
    } catch {
      return { path: '/zone', message: `${zone} is not a time zone` }
    }
  },

  resume: ({ level }) => ({ delay: tripped({ level, limitName: null, limit: null }) }),

  step(options, before, position, facts) {
    const at: Point = [position.longitude, position.latitude]
    const moving = position.speedKmh === null || position.speedKmh > options.movingKmh
    const local = toLocal(position.at, options.zone)
    const open = options.windows.find(
      (window) =>
        isOpenAt(window, options.holidays, local) &&
        carries(window.cargo, facts.attributes, options.cargoAttribute) &&
        isWhere(window, facts, at),
    )
    const detail = open && (open.name ?? { zh: `${open.from}—${open.to}`, en: `${open.from} to ${open.to}` })
    const breach = open && moving ? { level: options.level, limitName: null, limit: null, detail: detail! } : null
    const { delay, verdict, wakeAt } = delayed(options, before.delay, { breach, inside: breach === null }, position)
    return { state: delay === null ? start : { delay }, verdict, wakeAt }
  },
}
