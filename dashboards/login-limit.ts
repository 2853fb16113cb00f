import type { Clock } from '../core/clock.ts'
import { TooMany } from './refusals.ts'

type Bucket = { failures: number; at: number }

/** A failed login costs one, and so much comes back: guessing is slow, a typing error is not punished. */
const limits = { address: { burst: 20, perMinute: 10 }, username: { burst: 10, perMinute: 2 } }
const REMEMBERED = 10_000

/** Counts failed logins per address and per name. Unknown names count like known ones, so the limit tells nothing. */
export class LoginLimit {
  #clock: Clock
  #buckets = new Map<string, Bucket>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  check(address: string, username: string): void {
    const wait = Math.max(this.#wait('address', address), this.#wait('username', username))
    if (wait > 0) throw new TooMany(`too many failed logins: try again in ${wait} s`, wait)
  }

  failed(address: string, username: string): void {
    this.#add(address, username, 1)
  }

  /** A password that is still being checked counts as wrong: otherwise thousands at once would all be checked. */
  begin(address: string, username: string): { right(): void } {
    this.check(address, username)
    this.failed(address, username)
    return { right: () => this.#add(address, username, -1) }
  }

  #add(address: string, username: string, count: number): void {
    for (const bucket of [this.#level('address', address), this.#level('username', username)])
      bucket.failures = Math.max(0, bucket.failures + count)
  }

  #wait(kind: keyof typeof limits, who: string): number {
    const { burst, perMinute } = limits[kind]
    const over = this.#level(kind, who).failures - burst + 1
    return over > 0 ? Math.ceil((over * 60) / perMinute) : 0
  }

  #level(kind: keyof typeof limits, who: string): Bucket {
    const key = `${kind} ${who.toLowerCase()}`
    const now = this.#clock.now()
    const known = this.#buckets.get(key) ?? { failures: 0, at: now }
    const bucket = { failures: Math.max(0, known.failures - ((now - known.at) * limits[kind].perMinute) / 60_000), at: now }
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > REMEMBERED) this.#buckets.delete(this.#buckets.keys().next().value!)
    return bucket
  }
}
