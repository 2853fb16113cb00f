import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDir } from '../flow/platform-process.ts'

/**
 * A disk that can lose power. The data folder lies on an ext4 file system inside a file; a cut copies that file while the
 * file system is still mounted, so the copy has what reached the device and nothing that was only in the page cache. Journal
 * and databases alike lose exactly what was not flushed. Needs root and loop devices.
 */
export class CuttableDisk {
  #base: string
  #generation = 0
  mountedAt = ''

  private constructor(base: string) {
    this.#base = base
  }

  /** Null where this machine does not let us mount. */
  static create(megabytes = 2048): CuttableDisk | null {
    const disk = new CuttableDisk(temporaryDir())
    try {
      const image = disk.#image()
      run('truncate', '-s', `${megabytes}M`, image)
      run('mkfs.ext4', '-q', '-F', image)
      disk.#mount()
      return disk
    } catch {
      disk.remove()
      return null
    }
  }

  /** Call when the process is dead. The data folder is elsewhere afterwards. */
  cut(): void {
    const before = { image: this.#image(), mountedAt: this.mountedAt }
    this.#generation++
    run('cp', '--sparse=always', before.image, this.#image())
    this.#mount()
    run('umount', '-l', before.mountedAt)
    rmSync(before.image)
    rmSync(before.mountedAt, { recursive: true })
  }

  remove(): void {
    if (this.mountedAt !== '') run('umount', '-l', this.mountedAt)
    rmSync(this.#base, { recursive: true, force: true })
  }

  #image = () => join(this.#base, `disk-${this.#generation}.img`)

  #mount(): void {
    this.mountedAt = join(this.#base, `mounted-${this.#generation}`)
    mkdirSync(this.mountedAt)
    run('mount', '-o', 'loop', this.#image(), this.mountedAt)
  }
}

/** A file system of this size in memory, for tests that fill it. Null where this machine does not let us mount. */
export function smallDisk(megabytes: number): { dir: string; remove(): void } | null {
  const dir = temporaryDir()
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'watchfire-test', dir)
  } catch {
    rmSync(dir, { recursive: true, force: true })
    return null
  }
  return {
    dir,
    remove: () => {
      run('umount', '-l', dir)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
