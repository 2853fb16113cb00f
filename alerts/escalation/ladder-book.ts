import type { Ladder } from '../../core/ladder.ts'
import { upwards } from '../../core/roster.ts'
import { shippedLadder } from './ladder-shipped.ts'

/** The ladders in force, by region: the nearest region above with one counts, else what ships. */
export class LadderBook {
  #byRegion = new Map<string | null, Ladder>()

  apply(ladder: Ladder): void {
    const known = this.#byRegion.get(ladder.region)
    if (!known || known.version < ladder.version) this.#byRegion.set(ladder.region, ladder)
  }

  of(region: string | null): Ladder {
    for (const place of region === null ? [] : upwards(region)) {
      const ladder = this.#byRegion.get(place)
      if (ladder) return ladder
    }
    return this.#byRegion.get(null) ?? shippedLadder
  }

  all(): Ladder[] {
    return [...this.#byRegion.values()]
  }
}
