import type { Clock } from '../core/clock.ts'
import { NotFound } from '../core/errors.ts'
import type { Author } from '../core/record.ts'
import type { PairedWall } from './people-database.ts'
import type { Recorder } from './recorder.ts'
import { sha256, shortId } from './short-id.ts'

/** A screen nobody has switched on for this long is no wall any more. */
const UNUSED_MS = 180 * 86_400_000
const TOUCH_MS = 3_600_000

type Call = <T>(name: string, ...args: unknown[]) => Promise<T>
export type Approval = Pick<PairedWall, 'name' | 'enterpriseId' | 'layout'>

/**
 * Screens that are walls: each has a token of its own that reads and says that it is there, and nothing else. The token counts only
 * together with the id of the browser it was made for. `left` is told of a wall whose connections must end.
 */
export class PairedWalls {
  left: (who: { session: string }) => void = () => {}
  #byHash = new Map<string, PairedWall>()
  #call: Call
  #recorder: Recorder
  #clock: Clock

  constructor(rows: PairedWall[], call: Call, recorder: Recorder, clock: Clock) {
    for (const row of rows) this.#byHash.set(row.hash, row)
    this.#call = call
    this.#recorder = recorder
    this.#clock = clock
  }

  list(): PairedWall[] {
    return [...this.#byHash.values()].sort((a, b) => a.createdAt - b.createdAt)
  }

  /** Asked for on every request of a wall. */
  identify(token: string, wall: string | undefined): PairedWall | null {
    const known = this.#byHash.get(sha256(token))
    if (!known || known.wall !== wall) return null
    const now = this.#clock.now()
    if (now - known.usedAt > UNUSED_MS) return null
    if (now - known.usedAt > TOUCH_MS) {
      known.usedAt = now
      // Not written on a full disk, it only looks older than it is.
      this.#call('touchWall', known.hash, now).catch(() => undefined)
    }
    return known
  }

  /** The token behind `hash` is a wall's from now on. */
  async add(hash: string, wall: string, approval: Approval, by: Author): Promise<PairedWall> {
    return this.#recorder.inTurn('walls', async () => {
      const id = shortId('w', (taken) => this.list().some((one) => one.id === taken))
      const now = this.#clock.now()
      const paired: PairedWall = { hash, id, wall, ...approval, createdAt: now, createdBy: by, usedAt: now }
      await this.#recorder.append({ kind: 'pairing.changed', change: 'created', tokenId: id, by })
      // The same screen, paired again: its old token is no longer anybody's.
      for (const old of this.list().filter((one) => one.wall === wall)) await this.#drop(old, by)
      await this.#call('addWall', paired)
      this.#byHash.set(hash, paired)
      return paired
    })
  }

  revoke(id: string, by: Author): Promise<void> {
    return this.#recorder.inTurn('walls', async () => {
      const known = this.list().find((one) => one.id === id)
      if (!known) throw new NotFound(`there is no wall ${id}`)
      await this.#drop(known, by)
    })
  }

  async #drop({ hash, id }: PairedWall, by: Author): Promise<void> {
    await this.#recorder.append({ kind: 'pairing.changed', change: 'revoked', tokenId: id, by })
    await this.#call('removeWall', hash)
    this.#byHash.delete(hash)
    this.left({ session: hash })
  }
}
