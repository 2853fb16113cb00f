import { Type } from 'typebox'
import { FenceSelectionSchema, type Fence } from '../../core/fence.ts'
import type { FenceSelection, Fences } from '../../core/fence-book.ts'
import type { Attributes } from './rule.ts'

/*
 * What rules over positions share: fences drawn on the map, which they name, and the cargo they are about.
 */

/** As an option: the drawn fences a rule is about, besides those written in the rule itself. */
export const AmongSchema = Type.Optional(FenceSelectionSchema)
export const CargoSchema = Type.Optional(
  Type.Array(Type.String({ minLength: 1, maxLength: 20 }), {
    description: 'only vehicles that carry one of these UN classes, or nobody knows what; 2 is for 2.1 and 2.3 too',
  }),
)
export const CargoAttributeSchema = Type.String({
  default: 'cargoClass',
  description: 'attribute with the UN class of what is carried',
})

/** No drawn fence is meant. */
const NONE: FenceSelection = {}

export const drawnNear = (fences: Fences, among: FenceSelection | undefined, at: [number, number], withinM: number) =>
  fences.near(among ?? NONE, at, withinM)
export const drawnCount = (fences: Fences, among: FenceSelection | undefined): number =>
  among === undefined ? 0 : fences.count(among)

/** A drawn fence has one name, in the language of who drew it. */
export const nameOfDrawn = ({ name }: Fence) => ({ zh: name, en: name })

/** What nobody knows to be harmless is carried as if it were not. */
export function carries(cargo: readonly string[] | undefined, attributes: Attributes, attribute: string): boolean {
  const carried = attributes[attribute]
  if (cargo === undefined || carried === undefined || carried === null || carried === '') return true
  return cargo.some((kind) => String(carried) === kind || String(carried).startsWith(`${kind}.`))
}
