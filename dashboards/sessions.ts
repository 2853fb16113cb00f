import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Author } from '../core/record.ts'
import type { Session } from './people-database.ts'
import type { Call } from './people-thread.ts'
import type { Recorder } from './recorder.ts'
import { sessionToken, sha256 } from './short-id.ts'

/** A session nobody used for this long is over; a wall that stands on uses its own every second. */
const SESSION_MS = 30 * 86_400_000
const TOUCH_MS = 3_600_000
const SESSIONS_EACH = 100

type Options = { call: Call; recorder: Recorder; clock: Clock; log: Log }

/** Who is logged in, since when, from where and on what. Asked for on every request, so held in memory. */
export class Sessions {
  #open = new Map<string, Session>()
  #call: Call
  #recorder: Recorder
  #clock: Clock
  #log: Log

  constructor({ call, recorder, clock, log }: Options, kept: readonly Session[]) {
    this.#call = call
    this.#recorder = recorder
    this.#clock = clock
    this.#log = log
    for (const session of kept) this.#open.set(session.hash, session)
  }

  /** Those that are still good, used last first. */
  list(personId?: string): Session[] {
    const now = this.#clock.now()
    return [...this.#open.values()]
      .filter((one) => (personId === undefined || one.personId === personId) && now - one.usedAt <= SESSION_MS)
      .sort((a, b) => b.usedAt - a.usedAt)
  }

  get(hash: string): Session | undefined {
    return this.#open.get(hash)
  }

  /** The session a token stands for. */
  byToken(token: string): Session | null {
    const hash = sha256(token)
    const session = this.#open.get(hash)
    const now = this.#clock.now()
    if (!session || now - session.usedAt > SESSION_MS) return null
    return session
  }

  /** It was used: written down once an hour. */
  touch(session: Session): void {
    const now = this.#clock.now()
    if (now - session.usedAt <= TOUCH_MS) return
    session.usedAt = now
    // Not written on a full disk, it only ends earlier than it might after a restart.
    this.#call('touchSession', session.hash, now).catch((error: Error) =>
      this.#log.warn('the last use of a session is not on disk', { reason: error.message }),
    )
  }

  async begin(personId: string, from: string, device: string): Promise<string> {
    const token = sessionToken()
    const now = this.#clock.now()
    const session: Session = { hash: sha256(token), personId, createdAt: now, usedAt: now, from, device }
    await this.#recorder.append({ kind: 'session.opened', personId, from })
    await this.#call('addSession', session)
    this.#open.set(session.hash, session)
    const mine = this.hashesOf(personId)
    if (mine.length > SESSIONS_EACH) await this.drop(mine.slice(0, mine.length - SESSIONS_EACH))
    return token
  }

  /** Ends it, on the record; false when there is none. */
  async end(hash: string, from: string, by?: Author): Promise<boolean> {
    const known = this.#open.get(hash)
    if (!known) return false
    await this.#recorder.append({ kind: 'session.closed', personId: known.personId, from, ...(by !== undefined && { by }) })
    await this.drop([hash])
    return true
  }

  /** Oldest first. */
  hashesOf(personId: string): string[] {
    return [...this.#open.values()].filter((one) => one.personId === personId).map(({ hash }) => hash)
  }

  async drop(hashes: string[]): Promise<void> {
    for (const hash of hashes) this.#open.delete(hash)
    if (hashes.length > 0) await this.#call('removeSessions', hashes)
  }
}
