import fc from 'fast-check'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { silentLog } from '../../core/log.ts'
import { readRecordEntry, recordDraft } from '../../journal/codec.ts'
import { openJournal, type EmbeddedJournal, type JournalOptions } from '../../journal/embedded.ts'
import { GroupWriter, sealFrame } from '../../journal/group.ts'
import type { Draft } from '../../journal/journal.ts'
import { restoredMark } from '../../journal/recovery.ts'
import { verifyChain, verifyHeads } from '../../journal/seal.ts'
import { FILE_HEADER, listSegments } from '../../journal/segments.ts'
import { CrashableDisk } from './crashable-disk.ts'

const dirs: string[] = []
const newDir = () => {
  dirs.push(mkdtempSync(join(tmpdir(), 'watchfire-journal-')))
  return dirs.at(-1)!
}
afterAll(() => dirs.forEach((dir) => rmSync(dir, { recursive: true, force: true })))
const block = (payload: Uint8Array, count = 1): Draft => ({ stream: 'readings', kind: 'block', payload, count })
const bytes = (length: number) => Buffer.alloc(length, 'x')
const note = (reason: string) => recordDraft({ kind: 'receiving.stopped', reason })
const open = (dir: string, more: Partial<JournalOptions> = {}) =>
  openJournal({ dir, cursors: ['reader'], log: silentLog, retryMs: 5, ...more })
const segments = (dir: string) => listSegments(join(dir, 'journal'), 'segment')
const recorded = async (journal: EmbeddedJournal, kind: string) => (await journal.readRecord(1, [kind])).map(readRecordEntry)

test(
  'retention, killed at any operation, loses nothing of the record and nothing a cursor has not passed',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ released: fc.nat(100), dieAfter: fc.nat(14), power: fc.boolean(), seed: fc.nat() }), {
          maxLength: 4,
        }),
        async (rounds) => {
          const dir = newDir()
          let disk = new CrashableDisk()
          const start = () => open(dir, { disk, segmentBytes: 2_000, maxBytes: 4_000 })
          let journal = await start()
          const notes: string[] = []
          let passed = 1
          for (const { released, dieAfter, power, seed } of rounds) {
            for (let i = 0; i < 12; i++) {
              notes.push(`note ${notes.length}`)
              await journal.append([note(notes.at(-1)!), block(bytes(300), 3)])
            }
            passed = Math.max(passed, Math.floor((journal.head() * released) / 100))
            journal.release('reader', passed)
            disk.livesFor = dieAfter
            await Promise.race([journal.trim(), disk.death])
            disk.kill()
            await disk.idle()
            void journal.stop()
            let dice = seed
            if (power) disk.cutPower(() => (dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0) > 0x7fffffff)
            disk = new CrashableDisk()
            journal = await start()
            journal.follow('reader', passed, () => undefined).release(passed)
            expect(journal.tail()).toBeLessThanOrEqual(passed)
            expect(verifyChain(journal.dir).brokenAt).toBeNull()
            const kept = (await recorded(journal, 'receiving.stopped')).map((entry) => 'reason' in entry && entry.reason)
            expect(kept).toEqual(notes)
            let pos = passed
            while (pos < journal.head()) {
              const { entries, next, damaged } = journal.read(pos)
              expect([entries[0]!.pos <= pos, damaged]).toEqual([true, []])
              pos = next
            }
          }
          disk.livesFor = Infinity
          await journal.stop()
          rmSync(dir, { recursive: true })
        },
      ),
      { numRuns: 30 },
    )
  },
)

test('bytes a device made up never pass for an entry, even where the frame around them is damaged', async () => {
  const dir = newDir()
  const journal = await open(dir)
  const forged = new GroupWriter().write([{ draft: note('forged'), pos: 2 }], 0, new Uint8Array(32)).bytes
  sealFrame(forged, 0)
  await journal.append([note('before')])
  await journal.append([block(Buffer.concat([forged, forged]), 3)])
  await journal.append([note('after')])
  await journal.stop()
  const path = join(dir, 'journal', segments(dir)[0]!.file)
  const content = readFileSync(path)
  content[content.indexOf(forged) - 30]! ^= 1
  writeFileSync(path, content)
  const again = await open(dir)
  expect(
    again
      .read(1)
      .entries.slice(0, 2)
      .map(({ pos }) => pos),
  ).toEqual([1, 5])
  expect(again.read(1).damaged).toMatchObject([{ fromPos: 2, toPos: 5 }])
  await again.stop()
})

test('a header that is damaged costs nothing; one of another format is refused by name', async () => {
  const dir = newDir()
  const journal = await open(dir, { segmentBytes: 1_000 })
  for (let i = 0; i < 10; i++) await journal.append([note(`${i}`), block(bytes(200))])
  await journal.stop()
  for (const [i, { file }] of segments(dir).entries()) {
    const path = join(dir, 'journal', file)
    const content = readFileSync(path)
    content[8 + ((i * 7) % (FILE_HEADER - 8))]! ^= 4
    writeFileSync(path, content)
  }
  const again = await open(dir, { segmentBytes: 1_000 })
  expect([(await recorded(again, 'receiving.stopped')).length, again.read(1).damaged, again.head()]).toEqual([10, [], 21])
  await again.append([note('more')])
  expect(verifyChain(again.dir)).toMatchObject({ entries: 11, brokenAt: null })
  await again.append([block(bytes(2_000))])
  await again.append([block(bytes(2_000))])
  await again.stop()

  const path = join(dir, 'journal', segments(dir).at(-1)!.file)
  const content = readFileSync(path)
  content.writeUInt32LE(2, 8)
  content.writeUInt32LE(crc32(content.subarray(16, FILE_HEADER), 1), 12)
  writeFileSync(path, content)
  await expect(open(dir)).rejects.toThrow(/is journal format 2, this Watchfire reads format 1/)
})

test('the ledger says how much was flushed: cut to it, every acknowledged entry is there', async () => {
  const dir = newDir()
  const disk = new CrashableDisk()
  const journal = await open(dir, { disk, flushLedger: true, segmentBytes: 2_000 })
  for (let i = 0; i < 10; i++) await journal.append([block(bytes(400), 2)])
  disk.syncMs = 10_000
  void journal.append([block(bytes(400), 2)]).catch(() => undefined)
  const copy = newDir()
  await expect.poll(() => readdirSync(journal.dir, { recursive: true }).length).toBeGreaterThan(0)
  cpSync(dir, copy, { recursive: true })
  disk.kill()
  void journal.stop()

  const ledger = readFileSync(join(copy, 'journal', 'flushed'), 'latin1')
  expect(ledger.length).toBe(96)
  const [file, length] = ledger.trim().split(' ')
  for (const later of segments(copy).filter((one) => one.file > file!)) rmSync(join(copy, 'journal', later.file))
  truncateSync(join(copy, 'journal', file!), Number(length))
  const again = await open(copy)
  expect([again.head(), again.status().state]).toEqual([21, 'ok'])
  await again.stop()
})

test('after a restore the record says from where, and positions the original gave away stay given', async () => {
  const dir = newDir()
  const journal = await open(dir)
  for (let i = 0; i < 3; i++) await journal.append([note(`${i}`)])
  await journal.stop()
  const { head } = verifyChain(join(dir, 'journal'))
  writeFileSync(restoredMark(join(dir, 'journal')), JSON.stringify({ knownHead: 100 }))
  for (let start = 0; start < 2; start++) {
    const again = await open(dir)
    await again.append([note('again')])
    expect(await recorded(again, 'restored')).toEqual([{ kind: 'restored', lastHead: head, gap: { fromPos: 4, toPos: 100 } }])
    expect((await again.readRecord(1, ['restored']))[0]!.pos).toBe(100)
    expect(again.status().state).toBe('ok')
    await again.stop()
  }
  expect(verifyChain(join(dir, 'journal')).brokenAt).toBeNull()
})

test('damage in a segment nobody reads is found by looking through the old ones, and told once', async () => {
  const dir = newDir()
  const journal = await open(dir, { segmentBytes: 1_000 })
  for (let i = 0; i < 10; i++) await journal.append([block(bytes(300))])
  journal.release('reader', journal.head())
  await journal.stop()
  const path = join(dir, 'journal', segments(dir)[1]!.file)
  const content = readFileSync(path)
  content[FILE_HEADER + 100]! ^= 1
  writeFileSync(path, content)
  for (let start = 0; start < 2; start++) {
    const again = await open(dir, { segmentBytes: 1_000 })
    await expect
      .poll(() => again.status())
      .toMatchObject({ state: 'degraded', detail: expect.stringContaining('journal damaged') as string })
    await expect.poll(async () => (await recorded(again, 'journal.damaged')).length).toBe(1)
    await again.stop()
  }
})

test('a reader that is ahead of the journal is refused: they are not from the same backup', async () => {
  const journal = await open(newDir())
  expect(() => journal.follow('reader', 500, () => undefined)).toThrow(/reader is at position 500 and the journal ends at 1/)
  await journal.stop()
})

test('a published head stands as long as nothing before it was changed', async () => {
  const dir = newDir()
  const journal = await open(dir)
  for (let i = 0; i < 3; i++) await journal.append([note(`reason ${i}`)])
  await expect.poll(() => verifyHeads(dir).length, { timeout: 3_000 }).toBe(1)
  await journal.append([note('later')])
  await journal.stop()
  expect(verifyHeads(dir)).toMatchObject([{ pos: 4, signed: true, stands: true }])
  const name = readdirSync(join(dir, 'heads')).find((file) => file.endsWith('.json'))!
  const head = JSON.parse(readFileSync(join(dir, 'heads', name), 'utf8')) as { hash: string }
  writeFileSync(join(dir, 'heads', name), JSON.stringify({ ...head, hash: head.hash.replace(/^../, '00') }))
  expect(verifyHeads(dir)).toMatchObject([{ signed: false, stands: false }])
})
