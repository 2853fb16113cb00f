import type { Clock } from '../core/clock.ts'
import { TooMany } from './refusals.ts'

export type Allowance = { burst: number; perHour: number }
const REMEMBERED = 10_000

/** So many at once from one address and from all together, and so many come back every hour. Addresses are known in memory only. */
export class TipLimit {
  #clock: Clock
  #each: Allowance
  #all: Allowance
  #used = new Map<string, { count: number; at: number }>()

  constructor(clock: Clock, each: Allowance, all: Allowance) {
    this.#clock = clock
    this.#each = each
    this.#all = all
  }

  /** Counts one, or says how long to wait. */
  take(address: string): void {
    const wait = Math.max(this.#wait(address, this.#each), this.#wait('', this.#all))
    if (wait > 0) throw new TooMany(`too many at once: try again in ${wait} s`, wait)
    this.#add(address, this.#each)
    this.#add('', this.#all)
  }

  #wait(who: string, allowance: Allowance): number {
    const over = this.#left(who, allowance) - allowance.burst + 1
    return over > 0 ? Math.ceil((over * 3600) / allowance.perHour) : 0
  }

  #add(who: string, allowance: Allowance): void {
    const count = this.#left(who, allowance) + 1
    this.#used.delete(who)
    this.#used.set(who, { count, at: this.#clock.now() })
    if (this.#used.size > REMEMBERED) this.#used.delete(this.#used.keys().next().value!)
  }

  #left(who: string, { perHour }: Allowance): number {
    const used = this.#used.get(who)
    return used ? Math.max(0, used.count - ((this.#clock.now() - used.at) * perHour) / 3_600_000) : 0
  }
}
