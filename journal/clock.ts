import type { Clock } from '../core/clock.ts'

const NOTICE_MS = 1_000

/**
 * The writer's clock: whole milliseconds UTC that never go backwards. It follows the wall clock forwards; when the wall clock
 * steps back, time goes on from a monotonic source (a hold must still complete) until the wall has caught up.
 */
export class WriterClock implements Clock {
  /** how far we are ahead of the wall clock, ms; 0 when in step */
  aheadMs = 0
  #wall: Clock
  #monotonic: () => number
  #offset: number
  #last: number
  #stepped: ((byMs: number) => void) | null = null

  constructor(wall: Clock, monotonic: () => number, floor: number) {
    this.#wall = wall
    this.#monotonic = monotonic
    this.#last = floor
    this.#offset = Math.max(wall.now(), floor) - monotonic()
  }

  onStep(listener: (byMs: number) => void): void {
    this.#stepped = listener
  }

  now(): number {
    const steady = this.#monotonic() + this.#offset
    const apart = this.#wall.now() - steady
    if (apart > 0) {
      this.#offset += apart
      if (apart > NOTICE_MS) this.#stepped?.(Math.round(apart))
    } else if (-apart > this.aheadMs + NOTICE_MS) {
      this.#stepped?.(Math.round(apart + this.aheadMs))
    }
    this.aheadMs = apart < -1 ? -apart : 0
    this.#last = Math.max(this.#last, Math.floor(this.#monotonic() + this.#offset))
    return this.#last
  }
}
