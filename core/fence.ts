import { Type, type Static } from 'typebox'
import { ModeSchema } from './mode.ts'
import { IdSchema } from './registry.ts'
import { StaticGradeSchema } from './risk.ts'
import type { Shape } from './shape.ts'

/*
 * A place on the map that rules ask about: drawn by people, kept in the record with author and version. Coordinates are
 * [longitude, latitude] in WGS-84 degrees.
 */

/**
 * `no-go` and `restricted`: a vehicle must not be there, at all or at certain times; `risk-zone`: many people or a major hazard near;
 * `route`: the approved way, leaving it is a deviation; `custom`: whatever a rule asks for by its tags.
 */
export const fenceKinds = ['risk-zone', 'no-go', 'route', 'restricted', 'custom'] as const
export type FenceKind = (typeof fenceKinds)[number]

const strict = { additionalProperties: false } as const
const PointSchema = Type.Tuple([Type.Number({ minimum: -180, maximum: 180 }), Type.Number({ minimum: -90, maximum: 90 })])

export const FenceShapeSchema = Type.Union([
  Type.Object(
    {
      type: Type.Literal('polygon'),
      points: Type.Array(PointSchema, { minItems: 3, maxItems: 5_000, description: 'the outer ring; it need not be closed' }),
    },
    strict,
  ),
  Type.Object(
    { type: Type.Literal('circle'), center: PointSchema, radiusM: Type.Number({ minimum: 1, maximum: 500_000 }) },
    strict,
  ),
  Type.Object(
    {
      type: Type.Literal('corridor'),
      points: Type.Array(PointSchema, { minItems: 2, maxItems: 20_000 }),
      widthM: Type.Number({ minimum: 2, maximum: 100_000, description: 'from side to side' }),
    },
    strict,
  ),
])
export type FenceShape = Static<typeof FenceShapeSchema>

/** What a person says of a fence. */
export const FenceFields = {
  name: Type.String({ minLength: 1, maxLength: 120 }),
  kind: Type.Enum([...fenceKinds]),
  shape: FenceShapeSchema,
  tags: Type.Array(Type.String({ pattern: '^[^\\s,]{1,40}$' }), { maxItems: 20, uniqueItems: true }),
  grade: Type.Union([StaticGradeSchema, Type.Null()], { description: 'static risk grade of the place' }),
  limitKmh: Type.Union([Type.Number({ minimum: 1, maximum: 250 }), Type.Null()], {
    description: 'what may be driven here: a road of a class, an area',
  }),
}

export const FenceSchema = Type.Object({
  id: IdSchema,
  version: Type.Integer({ minimum: 1 }),
  ...FenceFields,
  mode: ModeSchema,
  retiredAt: Type.Union([Type.Number(), Type.Null()]),
})
export type Fence = Static<typeof FenceSchema>

/** Which fences a rule asks about; every named part must match, of a list one is enough. Of nothing named nothing is meant. */
export const FenceSelectionSchema = Type.Object(
  {
    ids: Type.Optional(Type.Array(IdSchema, { minItems: 1, maxItems: 1_000 })),
    kinds: Type.Optional(Type.Array(Type.Enum([...fenceKinds]), { minItems: 1 })),
    tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 40 }), { minItems: 1, maxItems: 50 })),
  },
  { ...strict, minProperties: 1, description: 'drawn fences (GET /api/v1/fences) that match every part named here' },
)

/** A version of a fence, with who set it and when. */
export type FenceVersion = Fence & { setAt: number; by: string }

/** The same place as the rules measure it. */
export function shapeOf({ shape }: Fence): Shape {
  switch (shape.type) {
    case 'polygon':
      return { polygon: [shape.points] }
    case 'circle':
      return { circle: shape.center, radiusM: shape.radiusM }
    case 'corridor':
      return { corridor: shape.points, halfWidthM: shape.widthM / 2 }
  }
}

/** What the schema cannot say of a shape: that it covers nothing. */
export function faultOfShape(shape: FenceShape): string | null {
  if (shape.type === 'circle') return null
  const places = new Set(shape.points.map(([lon, lat]) => `${lon} ${lat}`))
  if (shape.type === 'corridor') return places.size < 2 ? 'a corridor has two different points at least' : null
  if (places.size < 3) return 'a polygon has three different points at least'
  return areaOf(shape.points) === 0 ? 'the polygon covers nothing: its points lie on one line' : null
}

function areaOf(points: [number, number][]): number {
  let twice = 0
  for (const [i, [x, y]] of points.entries()) {
    const [nextX, nextY] = points[(i + 1) % points.length]!
    twice += x * nextY - nextX * y
  }
  return Math.abs(twice) < 1e-12 ? 0 : twice / 2
}
