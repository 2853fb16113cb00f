type Wait = { id: string; since: number }

/**
 * Alarms of one level that wait for an acknowledgement, oldest first. Who stops waiting is left in place and passed over when
 * it comes to the front, so that a hundred thousand of them cost no search.
 */
export class Waiting {
  #waits: Wait[] = []
  #front = 0

  add(id: string, since: number): void {
    const last = this.#waits.at(-1)
    if (!last || last.since <= since) {
      this.#waits.push({ id, since })
      return
    }
    // An alarm that rises to this level has waited since before: its place is among the earlier ones.
    let low = this.#front
    let high = this.#waits.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#waits[middle]!.since <= since) low = middle + 1
      else high = middle
    }
    this.#waits.splice(low, 0, { id, since })
  }

  /** Since when the first has waited that still does. */
  oldest(stillWaits: (id: string, since: number) => boolean): number | null {
    while (this.#front < this.#waits.length) {
      const { id, since } = this.#waits[this.#front]!
      if (stillWaits(id, since)) return since
      this.#front++
    }
    this.#waits = []
    this.#front = 0
    return null
  }
}
