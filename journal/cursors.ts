import { existsSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '../core/errors.ts'

const SAVE_EVERY_MS = 2_000

/** How far each declared reader has got; retention keeps what any of them has not passed. */
export class Cursors {
  readonly dropped: { name: string; pos: number }[]
  #file: string
  #positions: Map<string, number>
  #dirty = false
  #savedAt = 0
  #saving: Promise<void> | null = null

  constructor(dir: string, declared: string[]) {
    this.#file = join(dir, 'cursors.json')
    const saved = existsSync(this.#file) ? (JSON.parse(readFileSync(this.#file, 'utf8')) as Record<string, number>) : {}
    this.#positions = new Map(declared.map((name) => [name, saved[name] ?? 1]))
    this.dropped = Object.entries(saved).flatMap(([name, pos]) => (declared.includes(name) ? [] : [{ name, pos }]))
    this.#dirty = this.dropped.length > 0
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
    return this.#positions.size === 0 ? Infinity : Math.min(...this.#positions.values())
  }

  saveSoon(): void {
    if (!this.#dirty || this.#saving || performance.now() - this.#savedAt < SAVE_EVERY_MS) return
    void this.save().catch(() => undefined) // a cursor that is behind only keeps more
  }

  save(): Promise<void> {
    this.#dirty = false
    this.#savedAt = performance.now()
    const previous = this.#saving ?? Promise.resolve()
    const saving = previous.catch(() => undefined).then(() => this.#write())
    this.#saving = saving
    return saving.finally(() => (this.#saving = null))
  }

  async #write(): Promise<void> {
    const handle = await open(`${this.#file}.new`, 'w', 0o600)
    try {
      await handle.writeFile(JSON.stringify(Object.fromEntries(this.#positions)))
      await handle.datasync()
    } finally {
      await handle.close()
    }
    await rename(`${this.#file}.new`, this.#file)
  }
}
