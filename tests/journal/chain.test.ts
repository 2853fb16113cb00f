import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { silentLog } from '../../core/log.ts'
import { recordDraft } from '../../journal/codec.ts'
import { followChain } from '../../journal/chain.ts'
import { openJournal } from '../../journal/embedded.ts'
import { frameHeader, sealFrame } from '../../journal/group.ts'
import { recordedAt } from '../../journal/proof.ts'
import { isSignedBy, verifyRecord } from '../../journal/seal.ts'
import { FILE_HEADER, listSegments } from '../../journal/segments.ts'

const dirs: string[] = []
afterAll(() => dirs.forEach((dir) => rmSync(dir, { recursive: true, force: true })))

/** A record of six entries with readings between them, one entry to a frame, and a forger who knows the format. */
async function aRecord() {
  const dir = mkdtempSync(join(tmpdir(), 'watchfire-chain-'))
  dirs.push(dir)
  const journal = await openJournal({ dir, cursors: [], log: silentLog })
  for (let i = 1; i <= 6; i++) {
    await journal.append([{ stream: 'readings', kind: 'block', payload: Buffer.from('readings'), count: 2 }])
    await journal.append([recordDraft({ kind: 'receiving.stopped', reason: `reason ${i}` })])
  }
  const signed = journal.sign(Buffer.from('said'))
  await journal.stop()
  const files = join(dir, 'journal')
  const [name] = listSegments(files, 'segment')
  const path = join(files, name!.file)
  return {
    dir,
    files,
    signed,
    /** The frames of the file are handed over, and written back with checksums that fit. */
    forge(how: (frames: Buffer[]) => Buffer[]) {
      const bytes = readFileSync(path)
      const frames: Buffer[] = []
      for (let at = FILE_HEADER; ;) {
        const header = frameHeader(bytes, at, name!.salt)
        if (!header) break
        frames.push(Buffer.from(bytes.subarray(at, at + header.length)))
        at += header.length
      }
      const forged = how(frames)
      for (const frame of forged) sealFrame(frame, name!.salt)
      writeFileSync(path, Buffer.concat([bytes.subarray(0, FILE_HEADER), ...forged]))
    },
  }
}
const frameOf = (frames: Buffer[], text: string) => frames.findIndex((frame) => frame.includes(text))

test('a record nobody touched follows from end to end', async () => {
  const { files } = await aRecord()
  expect(followChain(files)).toMatchObject({ entries: 6, total: 6, faults: [] })
})

test('an entry that says something else is named as altered, though its checksum was mended', async () => {
  const { files, forge, dir } = await aRecord()
  forge((frames) => {
    const frame = frames[frameOf(frames, 'reason 3')]!
    frame.write('season 3', frame.indexOf('reason 3'))
    return frames
  })
  expect(followChain(files)).toMatchObject({ entries: 2, total: 6, faults: [{ kind: 'altered', pos: 9, after: 6 }] })
  expect(verifyRecord(dir).chain.faults).toHaveLength(1)
})

test('an entry that was taken out is missed where it stood', async () => {
  const { files, forge } = await aRecord()
  forge((frames) => frames.filter((frame) => !frame.includes('reason 3')))
  expect(followChain(files)).toMatchObject({ entries: 2, total: 5, faults: [{ kind: 'missing', pos: 12, after: 6 }] })
})

test('entries that changed places are named with the place the one before is in now', async () => {
  const { files, forge } = await aRecord()
  forge((frames) => {
    const [three, four] = [frameOf(frames, 'reason 3'), frameOf(frames, 'reason 4')]
    return frames.toSpliced(three, 1, frames[four]!).toSpliced(four, 1, frames[three]!)
  })
  expect(followChain(files).faults).toMatchObject([{ kind: 'reordered', pos: 12, after: 6, elsewhere: 9 }])
})

test('entries are read back by position with the hashes they had, and what is no record entry is left out', async () => {
  const { files, signed } = await aRecord()
  const found = await recordedAt(files, [9, 3, 4, 999])
  expect(found.map(({ entry }) => [entry.pos, Buffer.from(entry.payload).toString()])).toEqual([
    [3, expect.stringContaining('reason 1')],
    [9, expect.stringContaining('reason 3')],
  ])
  expect(isSignedBy(signed, Buffer.from('said'))).toBe(true)
  expect(isSignedBy(signed, Buffer.from('Said'))).toBe(false)
})
