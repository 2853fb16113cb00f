import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile, type Disk } from './disk.ts'
import type { Damage } from './journal.ts'

/** Stretches that cannot be read back: each told once, also across restarts, and shown until retention removes the file. */
export class DamageBook {
  #file: string
  #disk: Disk
  #known = new Map<string, Damage>()
  #saving: Promise<void> = Promise.resolve()

  constructor(dir: string, disk: Disk) {
    this.#file = join(dir, 'damage.json')
    this.#disk = disk
    for (const damage of existsSync(this.#file) ? readKnown(this.#file) : []) this.#known.set(idOf(damage), damage)
  }

  /** False when it was known already. Remembered over a restart once it is `save`d, which is after it was told. */
  add(damage: Damage): boolean {
    const id = idOf(damage)
    if (this.#known.has(id)) return false
    this.#known.set(id, damage)
    return true
  }

  /** The file has been removed; what was wrong with it no longer matters. */
  forget(file: string): void {
    const before = this.#known.size
    for (const [id, damage] of this.#known) if (damage.file === file) this.#known.delete(id)
    if (this.#known.size < before) this.save()
  }

  all(): Damage[] {
    return [...this.#known.values()]
  }

  idle(): Promise<void> {
    return this.#saving
  }

  save(): void {
    // Should this fail, it is told again after the next start.
    this.#saving = this.#saving.then(() => replaceFile(this.#disk, this.#file, JSON.stringify(this.all()))).catch(() => undefined)
  }
}

const idOf = ({ file, offset }: Damage) => `${file}:${offset}`

function readKnown(file: string): Damage[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Damage[]
  } catch {
    return [] // it will be found again
  }
}
