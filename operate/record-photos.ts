import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { photosIn } from '../core/photo.ts'
import { recordEntries } from '../journal/record-reader.ts'

/** What says in the record that there is a photo: the hash of its bytes, and where that stands. */
export type NamedPhoto = { sha256: string; pos: number }

export function photosNamed(entries: Iterable<{ pos: number; payload: string }>): NamedPhoto[] {
  const found = new Map<string, NamedPhoto>()
  for (const { pos, payload } of entries)
    if (payload.includes('photo:'))
      for (const { sha256 } of photosIn(payload)) if (!found.has(sha256)) found.set(sha256, { sha256, pos })
  return [...found.values()]
}

export function photosInRecord(dir: string): NamedPhoto[] {
  function* texts() {
    for (const { entry } of recordEntries(join(dir, 'journal')))
      yield { pos: entry.pos, payload: Buffer.from(entry.payload).toString('utf8') }
  }
  return photosNamed(texts())
}

/** Which of them are not there, or are other pictures than the record names. */
export function photoFaults(dir: string, named: readonly NamedPhoto[]): string[] {
  return named.flatMap(({ sha256, pos }) => {
    const where = `photo ${sha256} (named at position ${pos})`
    try {
      const found = createHash('sha256')
        .update(readFileSync(join(dir, 'photos', sha256)))
        .digest('hex')
      return found === sha256 ? [] : [`ALTERED: ${where} is another picture in ${dir}: its content has the hash ${found}`]
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      return [`MISSING: ${where} is not in ${join(dir, 'photos')}`]
    }
  })
}
