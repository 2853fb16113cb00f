/** Keys of entries the slowest reader has not passed: what a recovering reader may append once more (semantics 7). */
export class Keys {
  #positions = new Map<string, number>()

  /** Position of the entry that has this key, undefined when there is none. */
  find(key: string): number | undefined {
    return this.#positions.get(key)
  }

  add(key: string, pos: number): void {
    this.#positions.set(key, pos)
  }

  /** Keys come in the order of positions, so the old ones stand in front. */
  forgetBelow(pos: number): void {
    for (const [key, at] of this.#positions) {
      if (at >= pos) return
      this.#positions.delete(key)
    }
  }

  get size(): number {
    return this.#positions.size
  }
}
