import { randomInt } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { TooMany } from './refusals.ts'
import { sessionToken, sha256 } from './short-id.ts'

/** Without letters and digits that look alike across a room. */
const LETTERS = '234679ACDEFGHJKMNPQRTUVWXYZ'
const LENGTH = 6
const VALID_MS = 10 * 60_000
const AT_ONCE = 100
const AN_ADDRESS = 10

export type Asking = { code: string; hash: string; wall: string; address: string; askedAt: number; expiresAt: number }

/** Screens that ask to become a wall: what they show, and what they hold. Kept in memory; a restart only means another code. */
export class PairingCodes {
  #clock: Clock
  #asking = new Map<string, Asking>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A code to show and the secret that becomes the wall's token when somebody approves the code. */
  ask(wall: string, address: string): { asking: Asking; secret: string } {
    this.#forgetOld()
    const all = [...this.#asking.values()]
    for (const { code } of all.filter((one) => one.wall === wall)) this.#asking.delete(code)
    const mine = all.filter((one) => one.address === address && one.wall !== wall)
    if (this.#asking.size >= AT_ONCE || mine.length >= AN_ADDRESS)
      throw new TooMany('too many screens ask to be paired: try again later', VALID_MS / 1000)
    const secret = sessionToken()
    const now = this.#clock.now()
    const asking = { code: this.#code(), hash: sha256(secret), wall, address, askedAt: now, expiresAt: now + VALID_MS }
    this.#asking.set(asking.code, asking)
    return { asking, secret }
  }

  find(code: string): Asking | null {
    this.#forgetOld()
    return this.#asking.get(code.toUpperCase()) ?? null
  }

  /** A code counts once. */
  take(code: string): void {
    this.#asking.delete(code.toUpperCase())
  }

  #code(): string {
    for (;;) {
      const code = Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('')
      if (!this.#asking.has(code)) return code
    }
  }

  #forgetOld(): void {
    const now = this.#clock.now()
    for (const { code, expiresAt } of this.#asking.values()) if (expiresAt <= now) this.#asking.delete(code)
  }
}
