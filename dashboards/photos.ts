import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Invalid, NotFound } from '../core/errors.ts'
import { PHOTO_BYTES, photoTypeOf, type PhotoType } from '../core/photo.ts'

/** What a photo is about: who may see one of these alarms may see it. */
type About = { type: PhotoType; bytes: number; alarms: string[] }

/** Photos in the data directory, each under the hash of its bytes: what the record names cannot be exchanged. */
export class Photos {
  #dir: string
  #last: Promise<unknown> = Promise.resolve()

  constructor(dir: string) {
    this.#dir = dir
  }

  /** One after the other: two people may send the same photo for two alarms. */
  add(bytes: Buffer, alarmId: string): Promise<{ sha256: string; isNew: boolean }> {
    const added = this.#last.then(() => this.#add(bytes, alarmId))
    this.#last = added.catch(() => undefined)
    return added
  }

  async #add(bytes: Buffer, alarmId: string): Promise<{ sha256: string; isNew: boolean }> {
    const type = photoTypeOf(bytes)
    if (type === null) throw new Invalid('not-a-photo', 'the bytes are no JPEG, PNG or WebP picture')
    if (bytes.length > PHOTO_BYTES) throw new Invalid('too-large', `a photo has at most ${PHOTO_BYTES} bytes`)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const known = await this.#about(sha256)
    if (known?.alarms.includes(alarmId)) return { sha256, isNew: false }
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    if (!known) await this.#write(sha256, bytes)
    const about: About = { type, bytes: bytes.length, alarms: [...(known?.alarms ?? []), alarmId] }
    await this.#write(`${sha256}.json`, JSON.stringify(about))
    return { sha256, isNew: !known }
  }

  /** The photo, when `maySee` says so of one of the alarms it is about; what one may not see does not exist. */
  async find(sha256: string, maySee: (alarmId: string) => Promise<boolean>): Promise<{ type: PhotoType; bytes: Buffer }> {
    const about = await this.#about(sha256)
    for (const alarmId of about?.alarms ?? []) {
      if (!(await maySee(alarmId))) continue
      const bytes = await readFile(join(this.#dir, sha256))
      if (createHash('sha256').update(bytes).digest('hex') !== sha256) break
      return { type: about!.type, bytes }
    }
    throw new NotFound(`there is no photo ${sha256}`)
  }

  /** Whether it is still the picture of that name. */
  async state(sha256: string): Promise<{ state: 'kept' | 'missing' | 'altered'; bytes: number | null }> {
    try {
      const bytes = await readFile(join(this.#dir, sha256))
      const isSame = createHash('sha256').update(bytes).digest('hex') === sha256
      return { state: isSame ? 'kept' : 'altered', bytes: bytes.length }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      return { state: 'missing', bytes: null }
    }
  }

  async #about(sha256: string): Promise<About | null> {
    try {
      return JSON.parse(await readFile(join(this.#dir, `${sha256}.json`), 'utf8')) as About
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  /** Whole or not at all, and on the disk before anybody is told that it is there. */
  async #write(name: string, content: Buffer | string): Promise<void> {
    const path = join(this.#dir, name)
    const file = await open(`${path}.new`, 'w', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(`${path}.new`, path)
  }
}
