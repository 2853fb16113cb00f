import { shapeOf, type Fence, type FenceKind } from './fence.ts'
import type { Mode } from './mode.ts'
import { metresOutside, ShapeIndex, type Point, type Shape } from './shape.ts'

/** As `FenceSelectionSchema` says. */
export type FenceSelection = { ids?: readonly string[]; kinds?: readonly FenceKind[]; tags?: readonly string[] }

/** A fence as rules measure it. */
export type Fenced = { fence: Fence; shape: Shape }

/** The fences of one mode, as a rule asks for them. */
export interface Fences {
  /** In use, selected, and at most `withinM` from here, in the order of their ids. */
  near(selection: FenceSelection, at: Point, withinM: number): readonly Fenced[]
  /** How many are in use and selected. */
  count(selection: FenceSelection): number
  /** In use. */
  get(id: string): Fenced | undefined
}

/**
 * The index is built anew after so many changes, or once nothing has changed for so many questions; until then what changed is looked
 * through one by one. An import of thousands must not build it thousands of times.
 */
const MOST_UNINDEXED = 256
const ASKED_BEFORE_INDEXING = 64

export const isSelected = ({ ids, kinds, tags }: FenceSelection, { id, kind, tags: own }: Fence): boolean =>
  (ids !== undefined || kinds !== undefined || tags !== undefined) &&
  (ids === undefined || ids.includes(id)) &&
  (kinds === undefined || kinds.includes(kind)) &&
  (tags === undefined || tags.some((tag) => own.includes(tag)))

class FencesOfMode implements Fences {
  #inUse = new Map<string, Fenced>()
  #indexed: readonly Fenced[] = []
  #index = new ShapeIndex([], 0)
  /** changed since the index was built */
  #changed = new Set<string>()
  #counts = new WeakMap<FenceSelection, { changes: number; count: number }>()
  #changes = 0
  #askedSinceChange = 0

  apply(fence: Fence): void {
    if (fence.retiredAt === null) this.#inUse.set(fence.id, { fence, shape: shapeOf(fence) })
    else this.#inUse.delete(fence.id)
    this.#changed.add(fence.id)
    this.#changes++
    this.#askedSinceChange = 0
  }

  get(id: string): Fenced | undefined {
    return this.#inUse.get(id)
  }

  near(selection: FenceSelection, at: Point, withinM: number): readonly Fenced[] {
    if (this.#inUse.size === 0) return []
    const isSettled = this.#changed.size > 0 && ++this.#askedSinceChange > ASKED_BEFORE_INDEXING
    if (isSettled || this.#changed.size > MOST_UNINDEXED) this.#build()
    const found: Fenced[] = []
    const look = (one: Fenced | undefined) => {
      if (one && isSelected(selection, one.fence) && metresOutside(one.shape, at) <= withinM) found.push(one)
    }
    for (const number of this.#index.near(at, withinM)) {
      const one = this.#indexed[number]!
      if (!this.#changed.has(one.fence.id)) look(one)
    }
    for (const id of this.#changed) look(this.#inUse.get(id))
    return found.sort((a, b) => (a.fence.id < b.fence.id ? -1 : 1))
  }

  count(selection: FenceSelection): number {
    const known = this.#counts.get(selection)
    if (known?.changes === this.#changes) return known.count
    let count = 0
    for (const { fence } of this.#inUse.values()) if (isSelected(selection, fence)) count++
    this.#counts.set(selection, { changes: this.#changes, count })
    return count
  }

  #build(): void {
    this.#indexed = [...this.#inUse.values()]
    this.#index = new ShapeIndex(
      this.#indexed.map(({ shape }) => shape),
      0,
    )
    this.#changed.clear()
  }
}

/** All fences by what the record says of them. */
export class FenceBook {
  #all = new Map<string, Fence>()
  #modes = new Map<Mode, FencesOfMode>()
  /** grows with every change */
  version = 0

  apply(fence: Fence): void {
    this.#all.set(fence.id, fence)
    this.of(fence.mode).apply(fence)
    this.version++
  }

  /** Retired ones too. */
  get(id: string): Fence | undefined {
    return this.#all.get(id)
  }

  /** Retired ones too. */
  all(): MapIterator<Fence> {
    return this.#all.values()
  }

  of(mode: Mode): FencesOfMode {
    let known = this.#modes.get(mode)
    if (!known) this.#modes.set(mode, (known = new FencesOfMode()))
    return known
  }
}
