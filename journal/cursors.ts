import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PlatformError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { replaceFile, type Disk } from './disk.ts'

const SAVE_EVERY_MS = 2_000

type Saved = { head: number; cursors: Record<string, number> }

/** How far each declared reader has got; retention keeps what any of them has not passed. */
export class Cursors {
  /** readers of an earlier start that nobody declares any more */
  readonly dropped: { name: string; pos: number }[]
  /** the journal reached at least this far when its files were last whole */
  readonly reached: number
  #file: string
  #disk: Disk
  #positions: Map<string, number>
  #yielding: string[]
  #head: number
  #dirty = false
  #savedAt = 0
  #saving: Promise<void> = Promise.resolve()

  constructor(dir: string, disk: Disk, declared: string[], log: Log, yielding: string[] = []) {
    this.#file = join(dir, 'cursors.json')
    this.#disk = disk
    this.#yielding = yielding
    const saved = readSaved(this.#file, log)
    this.#positions = new Map(declared.map((name) => [name, saved.cursors[name] ?? 1]))
    this.#head = saved.head
    this.reached = Math.max(saved.head, ...Object.values(saved.cursors))
    this.dropped = Object.entries(saved.cursors).flatMap(([name, pos]) => (declared.includes(name) ? [] : [{ name, pos }]))
  }

  known(name: string): void {
    if (!this.#positions.has(name)) throw new PlatformError(`cursor ${name} was not declared when the journal was opened`)
  }

  release(name: string, pos: number): void {
    this.known(name)
    if (pos <= this.#positions.get(name)!) return
    this.#positions.set(name, pos)
    this.#dirty = true
  }

  /** Everything below is safe with everybody. */
  slowest(): number {
    return Math.min(Infinity, ...this.#positions.values())
  }

  /** The same, without those that can go on from elsewhere. */
  slowestFirm(): number {
    const firm = [...this.#positions].filter(([name]) => !this.#yielding.includes(name))
    return Math.min(Infinity, ...firm.map(([, pos]) => pos))
  }

  /** The declared reader that is furthest behind, for people. */
  slowestName(): string | null {
    const slowest = this.slowest()
    for (const [name, pos] of this.#positions) if (pos === slowest) return name
    return null
  }

  /** Called often; writes every two seconds when there is something new. `head` is what is known to be on the disk. */
  saveSoon(head: number): void {
    if ((!this.#dirty && head === this.#head) || performance.now() - this.#savedAt < SAVE_EVERY_MS) return
    void this.save(head).catch(() => undefined) // a cursor that is behind only keeps more
  }

  save(head: number): Promise<void> {
    this.#dirty = false
    this.#head = head
    this.#savedAt = performance.now()
    const text = JSON.stringify({ head, cursors: Object.fromEntries(this.#positions) } satisfies Saved)
    this.#saving = this.#saving.catch(() => undefined).then(() => replaceFile(this.#disk, this.#file, text))
    return this.#saving
  }
}

function readSaved(file: string, log: Log): Saved {
  if (!existsSync(file)) return { head: 1, cursors: {} }
  try {
    const saved = JSON.parse(readFileSync(file, 'utf8')) as Partial<Saved>
    return { head: saved.head ?? 1, cursors: saved.cursors ?? {} }
  } catch (error) {
    // Readers keep their own position beside their data; without this file more is kept until they release again.
    log.warn('the positions of the journal readers cannot be read, everything is kept until they report', {
      file,
      error: (error as Error).message,
    })
    return { head: 1, cursors: {} }
  }
}
