import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { PlatformState } from '../core/live.ts'

const BeatSchema = Type.Object({
  wall: Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }),
  name: Type.String({ maxLength: 40 }),
  seq: Type.Union([Type.Integer(), Type.Null()]),
  frames: Type.Number(),
  heapMb: Type.Union([Type.Number(), Type.Null()]),
  sound: Type.Enum(['ready', 'muted', 'off']),
  picture: Type.Enum(['live', 'delayed', 'interrupted', 'waiting']),
  leaving: Type.Optional(Type.Boolean()),
})
const beatCheck = Compile(BeatSchema)
type Beat = Static<typeof BeatSchema>

/** A wall that says nothing for this long is told of with the next beat of the server: at every desk by the fifteenth second. */
const OFFLINE_MS = 14_000
/** Long enough for a browser's start and the first touch of the screen. */
const SOUNDLESS_MS = 15_000
const FORGOTTEN_MS = 12 * 3_600_000
const WALLS_KEPT = 100

/**
 * Who watches the walls: each says every five seconds that it is drawing. One that stops without having said that it leaves has crashed,
 * hangs or lost its power; one without sound rings for nobody. Both are notices that every desk shows.
 */
export class Walls {
  #walls = new Map<string, { beat: Beat; heardAt: number; silentSince: number | null }>()

  isOnline(wall: string, now: number): boolean {
    const known = this.#walls.get(wall)
    return known !== undefined && now - known.heardAt < OFFLINE_MS
  }

  /** False when this is not a beat, or one of another wall than the one it is `boundTo`. */
  heard(said: unknown, now: number, boundTo?: string): boolean {
    if (!beatCheck.Check(said)) return false
    if (boundTo !== undefined && said.wall !== boundTo) return false
    const known = this.#walls.get(said.wall)
    if (said.leaving) {
      this.#walls.delete(said.wall)
      return true
    }
    if (!known && this.#walls.size >= WALLS_KEPT) return false
    this.#walls.set(said.wall, {
      beat: said,
      heardAt: now,
      silentSince: said.sound === 'off' ? (known?.silentSince ?? now) : null,
    })
    return true
  }

  notices(now: number): PlatformState['notices'] {
    const found: PlatformState['notices'] = []
    for (const [wall, { beat, heardAt, silentSince }] of this.#walls) {
      if (now - heardAt > FORGOTTEN_MS) this.#walls.delete(wall)
      else if (now - heardAt >= OFFLINE_MS) found.push({ code: 'wall-offline', text: beat.name, since: heardAt })
      else if (silentSince !== null && now - silentSince >= SOUNDLESS_MS) {
        found.push({ code: 'wall-soundless', text: beat.name, since: silentSince })
      }
    }
    return found
  }

  figures(now: number): Record<string, number> {
    const alive = [...this.#walls.values()].filter(({ heardAt }) => now - heardAt < OFFLINE_MS)
    return { watchfire_walls: alive.length, watchfire_walls_offline: this.#walls.size - alive.length }
  }
}
