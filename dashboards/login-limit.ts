import type { Clock } from '../core/clock.ts'
import { TooMany } from './refusals.ts'

type Bucket = { failures: number; at: number; strikes: number; lockedUntil: number }

/**
 * A failed login costs one, and so much comes back: guessing is slow, a typing error is not punished. `pair`: a name from an address that
 * it has logged in from before; strangers who guess the name elsewhere do not lock its owner out.
 */
const limits = {
  address: { burst: 20, perMinute: 10 },
  username: { burst: 10, perMinute: 2 },
  pair: { burst: 10, perMinute: 2 },
}
type Kind = keyof typeof limits
type Who = { kind: Kind; who: string }
const REMEMBERED = 10_000
/** Each failure while a lock has just passed doubles the next one, up to this; an hour without any forgives. */
const LONGEST_MS = 900_000
const FORGIVEN_MS = 3_600_000

/** Counts failed logins per address and per name. Unknown names count like known ones, so the limit tells nothing. */
export class LoginLimit {
  #clock: Clock
  #buckets = new Map<string, Bucket>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  check(address: string, username: string, isKnown = false): void {
    const waits = whose(address, username, isKnown).map((one) => this.#level(one).lockedUntil - this.#clock.now())
    const wait = Math.ceil(Math.max(...waits) / 1000)
    if (wait > 0) throw new TooMany(`too many failed logins: try again in ${wait} s`, wait)
  }

  failed(address: string, username: string, isKnown = false): void {
    const now = this.#clock.now()
    for (const one of whose(address, username, isKnown)) {
      const bucket = this.#level(one)
      const { burst, perMinute } = limits[one.kind]
      bucket.failures++
      const over = bucket.failures - burst + 1
      if (over <= 0) continue
      const waitMs = ((over * 60_000) / perMinute) * 2 ** bucket.strikes
      bucket.lockedUntil = now + Math.min(LONGEST_MS, waitMs)
      bucket.strikes++
    }
  }

  /** A password that is still being checked counts as wrong: otherwise thousands at once would all be checked. */
  begin(address: string, username: string, isKnown = false): { right(): void } {
    this.check(address, username, isKnown)
    const before = whose(address, username, isKnown).map((one) => ({ one, ...this.#level(one) }))
    this.failed(address, username, isKnown)
    return {
      right: () => {
        for (const { one, strikes, lockedUntil } of before) {
          const bucket = this.#level(one)
          bucket.failures = Math.max(0, bucket.failures - 1)
          if (bucket.failures - limits[one.kind].burst + 1 > 0) continue
          Object.assign(bucket, { strikes: Math.min(strikes, bucket.strikes), lockedUntil })
        }
      },
    }
  }

  #level({ kind, who }: Who): Bucket {
    const key = `${kind} ${who.toLowerCase()}`
    const now = this.#clock.now()
    const known = this.#buckets.get(key) ?? { failures: 0, at: now, strikes: 0, lockedUntil: 0 }
    const bucket = known
    bucket.failures = Math.max(0, known.failures - ((now - known.at) * limits[kind].perMinute) / 60_000)
    if (now - Math.max(known.at, known.lockedUntil) > FORGIVEN_MS) bucket.strikes = 0
    bucket.at = now
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > REMEMBERED) this.#buckets.delete(this.#buckets.keys().next().value!)
    return bucket
  }
}

const whose = (address: string, username: string, isKnown: boolean): Who[] => [
  { kind: 'address', who: address },
  isKnown ? { kind: 'pair', who: `${address} ${username}` } : { kind: 'username', who: username },
]
