import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Invalid, NotFound } from '../core/errors.ts'
import { isHazardOver, tipStateOf, type Hazard, type TipState } from '../core/hazard.ts'
import { bareJpeg } from '../core/jpeg.ts'
import type { Mode } from '../core/mode.ts'
import { PLATFORM } from '../core/record.ts'
import type { Hazards } from './hazard-book.ts'
import type { Recorder } from './recorder.ts'
import { sha256, tipCode } from './short-id.ts'

const PHOTO_BYTES = 2 << 20
const DAY_MS = 86_400_000
const personal = /^(?:contact|photo)-(.+)\.(?:txt|jpg)$/

export type Tip = {
  enterpriseId: string | null
  place: string
  text: string
  photo: Uint8Array | null
  contact: string | null
}

/**
 * Tips of strangers. The record has what was found and nothing of who said so; how they can be reached, if they said, and their photo
 * lie in files of their own that can be deleted. The code they are given is kept only as its hash.
 */
export class Tips {
  #dir: string
  #hazards: Hazards
  #mode: Mode

  constructor(dir: string, hazards: Hazards, mode: Mode) {
    this.#dir = dir
    this.#hazards = hazards
    this.#mode = mode
  }

  async give({ enterpriseId, place, text, photo, contact }: Tip): Promise<{ code: string; dueAt: number | null }> {
    const bare = photo && this.#bare(photo)
    const hazard = await this.#hazards.create(
      {
        ...{ mode: this.#mode, source: 'tip-off', alarmId: null, enterpriseId, place, description: text, category: 'other' },
      },
      { by: PLATFORM, comment: null },
    )
    const code = tipCode()
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    if (bare) await this.#keep(`photo-${hazard.id}.jpg`, bare)
    if (contact !== null) await this.#keep(`contact-${hazard.id}.txt`, contact)
    await this.#keep(`code-${sha256(code)}`, hazard.id)
    return { code, dueAt: hazard.dueAt }
  }

  /** What became of it, and nothing else. */
  async ask(code: string): Promise<{ state: TipState; dueAt: number | null }> {
    const id = await this.#read(`code-${sha256(code.toLowerCase().trim())}`)
    await this.#hazards.known()
    const hazard = id && this.#hazards.hazard(id.toString('utf8'))
    if (!hazard) throw new NotFound('there is no tip with this code')
    const state = tipStateOf(hazard.state)
    return { state, dueAt: state === 'received' ? hazard.dueAt : null }
  }

  photo({ id }: Hazard): Promise<Buffer | null> {
    return this.#read(`photo-${id}.jpg`)
  }

  async contact({ id }: Hazard): Promise<string | null> {
    return (await this.#read(`contact-${id}.txt`))?.toString('utf8') ?? null
  }

  /** Contact and photo go so many days after what was found is over. That they went is recorded before they do. */
  async eraseAfter(days: number, now: number, recorder: Recorder): Promise<void> {
    await this.#hazards.known()
    const byHazard = Map.groupBy(await this.#names(), (name) => personal.exec(name)?.[1])
    for (const [id, names] of byHazard) {
      const hazard = id === undefined ? undefined : this.#hazards.hazard(id)
      if (!hazard || !isHazardOver(hazard.state) || hazard.since >= now - days * DAY_MS) continue
      await recorder.append({ kind: 'tip.erased', hazardId: hazard.id, by: PLATFORM }, `tip.erased/${hazard.id}`)
      for (const name of names) await rm(join(this.#dir, name), { force: true })
    }
  }

  /** Nobody has given a tip yet where there is no folder. */
  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#dir)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }

  #bare(photo: Uint8Array): Uint8Array {
    if (photo.length > PHOTO_BYTES) throw new Invalid('too-large', 'a photo has at most 2 MB', { field: 'photo' })
    const bare = bareJpeg(photo)
    if (!bare) throw new Invalid('invalid', 'photo is no whole JPEG', { field: 'photo' })
    return bare
  }

  /** Whole on disk, or not there. */
  async #keep(name: string, content: Uint8Array | string): Promise<void> {
    const path = join(this.#dir, name)
    const file = await open(`${path}.part`, 'w', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(`${path}.part`, path)
  }

  async #read(name: string): Promise<Buffer | null> {
    try {
      return await readFile(join(this.#dir, name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }
}
