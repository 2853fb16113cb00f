import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'

/** One reading the simulator sent: what a screen must show, value and time. */
export type Sent = {
  device: string
  metric: string
  value: number
  measuredAt: number
  publishedAt: number
  acknowledgedAt: number | null
}

/** What was published and acknowledged: the newest in memory, all of it in a file when one is named (JSON lines, written at the acknowledgement). */
export class TrafficLog {
  published = 0
  acknowledged = 0
  /** never acknowledged: the connection was lost meanwhile */
  lost = 0
  #ring: Sent[] = []
  #capacity: number
  #next = 0
  #latest = new Map<string, Sent>()
  #file: WriteStream | null

  constructor({ capacity = 50_000, file }: { capacity?: number; file?: string } = {}) {
    this.#capacity = capacity
    this.#file = file === undefined ? null : createWriteStream(file, { flags: 'a' })
  }

  publish(sent: Sent): void {
    this.published++
    this.#ring[this.#next] = sent
    this.#next = (this.#next + 1) % this.#capacity
  }

  acknowledge(sent: Sent[], at: number): void {
    this.acknowledged += sent.length
    for (const one of sent) {
      one.acknowledgedAt = at
      this.#latest.set(`${one.device}\n${one.metric}`, one)
      this.#file?.write(`${JSON.stringify(one)}\n`)
    }
  }

  lose(sent: Sent[]): void {
    this.lost += sent.length
  }

  /** The newest acknowledged reading of a series. */
  latest(device: string, metric: string): Sent | undefined {
    return this.#latest.get(`${device}\n${metric}`)
  }

  /** What is still in memory, oldest first. */
  entries(): Sent[] {
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)].filter(Boolean)
  }

  async close(): Promise<void> {
    if (!this.#file) return
    this.#file.end()
    await finished(this.#file)
  }
}
