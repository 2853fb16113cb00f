/** Milliseconds UTC. The only way to ask the time; handed in, so that tests and replay own it. */
export interface Clock {
  now(): number
}

/** A clock that moves only when told to. */
export class ManualClock implements Clock {
  #now: number

  constructor(start = 0) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  set(now: number): void {
    this.#now = now
  }

  advance(ms: number): void {
    this.#now += ms
  }
}
