import type { Clock } from '../core/clock.ts'

const NOTICE_MS = 1_000

/**
 * The writer's clock: whole milliseconds UTC that never go backwards, not below `floor` either. It follows the wall clock
 * forwards; when the wall clock steps back, time goes on from a monotonic source (a hold must still complete) and stays
 * ahead until the wall clock is set right.
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

  /** Told how far the wall clock has jumped, negative for backwards. Called out of `now`. */
  onStep(listener: (byMs: number) => void): void {
    this.#stepped = listener
  }

  now(): number {
    const steady = this.#monotonic()
    const wall = this.#wall.now()
    const behind = steady + this.#offset - wall
    const before = this.aheadMs
    if (behind < 0) this.#offset = wall - steady
    this.aheadMs = behind > 1 ? behind : 0
    this.#last = Math.max(this.#last, Math.floor(steady + this.#offset))
    const stepMs = Math.round(before - behind)
    if (Math.abs(stepMs) > NOTICE_MS) this.#stepped?.(stepMs)
    return this.#last
  }
}
