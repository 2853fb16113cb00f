import fc from 'fast-check'
import { verify } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { MessageChannel, Worker } from 'node:worker_threads'
import { afterAll, expect, test } from 'vitest'
import { ManualClock } from '../../core/clock.ts'
import { silentLog } from '../../core/log.ts'
import { recordDraft } from '../../journal/codec.ts'
import { openJournal, type EmbeddedJournal, type JournalOptions } from '../../journal/embedded.ts'
import { frameHeader, sealFrame } from '../../journal/group.ts'
import type { Batch, Draft } from '../../journal/journal.ts'
import { MemoryJournal } from '../../journal/memory.ts'
import { serveJournal } from '../../journal/remote.ts'
import { verifyChain } from '../../journal/seal.ts'
import { FILE_HEADER, listSegments } from '../../journal/segments.ts'
import { journalSuite } from '../suites/journal.ts'
import { CrashableDisk } from './crashable-disk.ts'

const dirs: string[] = []
const newDir = () => {
  dirs.push(mkdtempSync(join(tmpdir(), 'watchfire-journal-')))
  return dirs.at(-1)!
}
afterAll(() => dirs.forEach((dir) => rmSync(dir, { recursive: true, force: true })))
const block = (bytes: number, count = 1, fill = 'x'): Draft => ({
  stream: 'readings',
  kind: 'block',
  payload: Buffer.alloc(bytes, fill),
  count,
})
const open = (dir: string, more: Partial<JournalOptions> = {}) =>
  openJournal({ dir, cursors: ['reader'], log: silentLog, retryMs: 5, ...more })

journalSuite('embedded', async () => {
  const dir = newDir()
  let disk = new CrashableDisk()
  let aheadMs = 0
  const wallClock = { now: () => Date.now() + aheadMs }
  const start = () => open(dir, { disk, wallClock, segmentBytes: 8_000 })
  const bench = {
    journal: await start(),
    async crash(how: 'kill' | 'power', keeps: (piece: number) => boolean) {
      // Somewhere in the middle of what is under way.
      for (let turns = keeps(0) ? 0 : 3; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
      disk.kill()
      void bench.journal.stop() // its disk never answers again
      // A recovery may be killed too, and the one after it.
      for (let operations = 0; ; operations += 2) {
        disk.kill()
        await disk.idle()
        if (how === 'power') disk.cutPower(keeps)
        disk = new CrashableDisk()
        if (keeps(0)) disk.livesFor = operations
        const opened = await Promise.race([start(), disk.death.then(() => null)])
        if (!opened) continue
        disk.livesFor = Infinity
        bench.journal = opened
        return
      }
    },
    dieAfter: (operations: number) => void (disk.livesFor = operations),
    death: () => disk.death,
    stepClock: (byMs: number) => void (aheadMs += byMs),
    fail: (op: 'write' | 'sync', times: number) => void disk.faults.push({ op, code: op === 'write' ? 'ENOSPC' : 'EIO', times }),
    check: () => expect(verifyChain(join(dir, 'journal')).brokenAt).toBeNull(),
    async close() {
      disk.faults = []
      disk.livesFor = Infinity
      await bench.journal.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
  return bench
})

journalSuite('memory', () => {
  const journal = new MemoryJournal()
  return Promise.resolve({ journal, close: () => journal.stop() })
})

const segmentsOf = (dir: string) =>
  readdirSync(join(dir, 'journal'))
    .filter((name) => name.startsWith('segment'))
    .sort()

function readAll(journal: EmbeddedJournal, head: number): { positions: number[]; damaged: Batch['damaged'] } {
  const positions: number[] = []
  const damaged: Batch['damaged'] = []
  for (let pos = 1; pos < head;) {
    const batch = journal.read(pos)
    for (const entry of batch.entries) for (let i = 0; i < entry.count; i++) positions.push(entry.pos + i)
    damaged.push(...batch.damaged)
    pos = batch.next
  }
  return { positions, damaged }
}

test('an append resolves only after the flush, and appends of one turn share one', async () => {
  const disk = new CrashableDisk()
  const dir = newDir()
  const journal = await open(dir, { disk })
  await journal.append([block(10)])
  const before = disk.syncs
  disk.syncMs = 30
  let done = 0
  const appends = Array.from({ length: 50 }, () => journal.append([block(10)]).then(() => done++))
  await new Promise((resolve) => setTimeout(resolve, 15))
  expect(done).toBe(0)
  await Promise.all(appends)
  expect(disk.syncs - before).toBe(1)
  await journal.stop()
})

test('a bit that flips anywhere costs its group and nothing else, is named, and never served', { timeout: 60_000 }, async () => {
  const template = newDir()
  const journal = await open(template, { segmentBytes: 4_000 })
  for (let i = 0; i < 60; i++)
    await journal.append([block(120 + i, 3), ...(i % 7 === 0 ? [recordDraft({ kind: 'platform.stopped' })] : [])])
  const head = journal.head()
  await journal.stop()
  const files = segmentsOf(template)
  await fc.assert(
    fc.asyncProperty(fc.nat(files.length - 1), fc.nat(), fc.integer({ min: 0, max: 7 }), async (index, at, bit) => {
      const dir = newDir()
      cpSync(template, dir, { recursive: true })
      const path = join(dir, 'journal', files[index]!)
      const bytes = readFileSync(path)
      bytes[FILE_HEADER + (at % (bytes.length - FILE_HEADER))]! ^= 1 << bit
      writeFileSync(path, bytes)
      const again = await open(dir, { segmentBytes: 4_000 })
      const { positions, damaged } = readAll(again, head)
      const missing = Array.from({ length: head - 1 }, (_, i) => i + 1).filter((pos) => !positions.includes(pos))
      expect(damaged.map(({ file, fromPos, toPos }) => [file, fromPos, toPos - 1])).toEqual([
        [files[index], missing[0], missing.at(-1)],
      ])
      expect(missing.length).toBeLessThanOrEqual(4)
      expect(again.status()).toMatchObject({ state: 'degraded', detail: expect.stringContaining(files[index]!) as string })
      await again.append([block(1)]) // the note about the damage was handed in before
      expect((await again.readRecord(1, ['journal.damaged'])).length).toBe(1)
      await again.stop()
      rmSync(dir, { recursive: true, force: true })
    }),
    { numRuns: 40 },
  )
})

test('a last group that is whole in length but not in content is told, not only cut off', async () => {
  const dir = newDir()
  const journal = await open(dir)
  await journal.append([block(100)])
  await journal.append([block(100)])
  await journal.stop()
  const path = join(dir, 'journal', segmentsOf(dir).at(-1)!)
  const bytes = readFileSync(path)
  bytes[bytes.length - 20]! ^= 1
  writeFileSync(path, bytes)
  const again = await open(dir)
  // Its position was somebody's and is nobody else's.
  expect(again.head()).toBe(3)
  expect(again.status().state).toBe('degraded')
  expect((await again.append([block(1)]))[0]).toBeGreaterThan(2)
  expect((await again.readRecord(1, ['journal.damaged'])).length).toBe(1)
  await again.stop()
})

test('a full disk stops acknowledging, says so, and goes on by itself when there is room', async () => {
  const disk = new CrashableDisk()
  const dir = newDir()
  const journal = await open(dir, { disk })
  await journal.append([block(100)])
  const states: string[] = []
  journal.onStateChange((stopped) => states.push(stopped?.reason ?? 'ok'))
  disk.room = 150
  let done = false
  const waiting = journal.append([block(1_000)]).then(() => (done = true))
  await expect.poll(() => journal.status()).toMatchObject({ state: 'down', detail: expect.stringContaining('ENOSPC') as string })
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(done).toBe(false)
  disk.room = Infinity
  await waiting
  await journal.append([block(1)])
  expect(journal.status().state).toBe('ok')
  expect(states.at(-1)).toBe('ok')
  const marks = await journal.readRecord(1, ['receiving.stopped', 'receiving.resumed'])
  expect(marks.map(({ kind }) => kind)).toEqual(['receiving.stopped', 'receiving.resumed'])
  expect(readAll(journal, journal.head()).damaged).toEqual([])
  await journal.stop()
})

test('after a failed flush the same file is not trusted again', async () => {
  const disk = new CrashableDisk()
  const dir = newDir()
  const journal = await open(dir, { disk })
  await journal.append([block(100)])
  const before = segmentsOf(dir)
  const size = statSync(join(dir, 'journal', before[0]!)).size
  disk.faults.push({ op: 'sync', code: 'EIO', times: 1 })
  await journal.append([block(500)])
  expect(statSync(join(dir, 'journal', before[0]!)).size).toBe(size)
  expect(segmentsOf(dir).length).toBe(2)
  await journal.stop()
  const again = await open(dir)
  expect(readAll(again, again.head())).toMatchObject({ positions: expect.arrayContaining([1, 2]) as unknown, damaged: [] })
  await again.stop()
})

test('beyond the bound of what may wait, an append is refused at once', async () => {
  const disk = new CrashableDisk()
  const journal = await open(newDir(), { disk, maxPendingBytes: 10_000 })
  disk.syncMs = 50
  const first = journal.append([block(9_000)])
  await expect(journal.append([block(9_000)])).rejects.toMatchObject({ code: 'journal-full' })
  await first
  await journal.append([block(9_000)])
  await journal.stop()
})

test('the event loop never waits for the disk', async () => {
  const disk = new CrashableDisk()
  disk.syncMs = 20
  const journal = await open(newDir(), { disk })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  for (let i = 0; i < 30; i++) await journal.append([block(50_000, 2_000)])
  delay.disable()
  // Thirty flushes of 20 ms each: had the loop waited for one, most of the samples would be that long.
  expect(delay.percentile(50) / 1e6).toBeLessThan(15)
  await journal.stop()
})

test('retention removes whole segments every cursor has passed and keeps the record for ever', async () => {
  const dir = newDir()
  const journal = await open(dir, { segmentBytes: 4_000, maxBytes: 10_000 })
  const follower = journal.follow('reader', 1, () => undefined)
  const rules: number[] = []
  for (let i = 0; i < 80; i++) {
    const [pos] = await journal.append([
      recordDraft({ kind: 'platform.stopped' }),
      block(300, 5),
      recordDraft({ kind: 'receiving.stopped', reason: `${i}` }),
    ])
    rules.push(pos!)
  }
  const segments = segmentsOf(dir).length
  await journal.trim()
  expect(segmentsOf(dir).length).toBe(segments)
  expect(journal.status()).toMatchObject({ state: 'degraded', detail: expect.stringContaining('not caught up') as string })
  const released = rules[40]!
  follower.release(released)
  await journal.trim()
  expect(journal.tail()).toBeGreaterThan(1)
  expect(journal.tail()).toBeLessThanOrEqual(released)
  expect((await journal.readRecord(1, ['platform.stopped'])).map(({ pos }) => pos)).toEqual(rules)
  expect(
    (await journal.readRecord(1, ['receiving.stopped'])).map(
      ({ payload }) => JSON.parse(Buffer.from(payload).toString()) as object,
    ),
  ).toMatchObject(rules.map((_, i) => ({ reason: `${i}` })))
  await journal.append([block(1)])
  expect((await journal.readRecord(1, ['journal.trimmed'])).length).toBeGreaterThan(0)
  await follower.stop()
  await journal.stop()
  expect(verifyChain(join(dir, 'journal'))).toMatchObject({ brokenAt: null })
  const again = await open(dir)
  expect((await again.readRecord(1, ['platform.stopped'])).length).toBe(80)
  expect(again.read(again.tail()).entries[0]!.pos).toBe(again.tail())
  await again.stop()
})

test('a changed byte anywhere in the record breaks the chain at its place', async () => {
  const dir = newDir()
  const journal = await open(dir)
  for (let i = 0; i < 5; i++) await journal.append([recordDraft({ kind: 'receiving.stopped', reason: `reason ${i}` })])
  await journal.stop()
  expect(verifyChain(join(dir, 'journal'))).toMatchObject({ entries: 5, brokenAt: null })
  const path = join(dir, 'journal', segmentsOf(dir)[0]!)
  const bytes = readFileSync(path)
  const at = bytes.indexOf('reason 2')
  bytes.write('season 2', at)
  // Somebody who also mends the checksum of the frame is still found out.
  const salt = listSegments(join(dir, 'journal'), 'segment')[0]!.salt
  let frame = FILE_HEADER
  for (let length = 0; frame + length < at; length = frameHeader(bytes, frame, salt)!.length) frame += length
  sealFrame(bytes.subarray(frame, frame + frameHeader(bytes, frame, salt)!.length), salt)
  writeFileSync(path, bytes)
  expect(verifyChain(join(dir, 'journal'))).toMatchObject({ entries: 2, brokenAt: 3 })
})

test('a cursor that is no longer declared is dropped and recorded; one that was never declared is refused', async () => {
  const dir = newDir()
  const journal = await open(dir, { cursors: ['reader', 'old'] })
  journal.follow('old', 1, () => undefined).release(1)
  await journal.append([block(1)])
  expect(() => journal.follow('unheard-of', 1, () => undefined)).toThrow(/was not declared/)
  journal.release('old', 2)
  await journal.stop()
  const again = await open(dir)
  await again.append([block(1)])
  expect(
    (await again.readRecord(1, ['cursor.dropped'])).map(({ payload }) => JSON.parse(Buffer.from(payload).toString()) as object),
  ).toMatchObject([{ name: 'old', pos: 2 }])
  await again.stop()
  const third = await open(dir)
  await third.append([block(1)])
  expect((await third.readRecord(1, ['cursor.dropped'])).length).toBe(1)
  await third.stop()
})

test("the writer's time never goes backwards: not when the wall clock does, and not over a restart", async () => {
  const dir = newDir()
  const wall = new ManualClock(1_800_000_000_000)
  const steady = new ManualClock(0)
  const journal = await open(dir, { wallClock: wall, monotonic: () => steady.now() })
  const pass = (ms: number) => {
    wall.advance(ms)
    steady.advance(ms)
  }
  await journal.append([block(1)])
  wall.advance(-3_600_000)
  pass(5_000)
  await journal.append([block(1)])
  expect(journal.status()).toMatchObject({
    state: 'degraded',
    detail: expect.stringContaining('stepped back by 3600 s') as string,
  })
  const [first, second] = journal.read(1).entries.filter(({ kind }) => kind === 'block')
  expect(second!.receivedAt - first!.receivedAt).toBe(5_000)
  wall.advance(3_600_000 + 60_000)
  await journal.append([block(1)])
  await journal.append([block(1)])
  expect(journal.status().state).toBe('ok')
  const last = journal.clock.now()
  expect(last).toBe(wall.now())
  expect((await journal.readRecord(1, ['clock.stepped'])).length).toBe(2)
  await journal.stop()
  wall.advance(-86_400_000)
  const again = await open(dir, { wallClock: wall, monotonic: () => steady.now() })
  expect(again.clock.now()).toBeGreaterThanOrEqual(last)
  await again.stop()
})

test('a thread reads the files itself, across new segments and while old ones are removed', { timeout: 30_000 }, async () => {
  const dir = newDir()
  const journal = await open(dir, { segmentBytes: 20_000, maxBytes: 60_000 })
  const channel = new MessageChannel()
  serveJournal(channel.port1, journal)
  const worker = new Worker(new URL('./counting-worker.ts', import.meta.url), {
    workerData: { ticket: journal.ticket(), port: channel.port2 },
    transferList: [channel.port2],
  })
  let counted = 0
  worker.on('message', (count: number) => (counted = count))
  for (let i = 0; i < 400; i++) {
    await journal.append([block(500, 10), recordDraft({ kind: 'platform.stopped' })])
    if (i % 50 === 0) await journal.trim()
  }
  await expect.poll(() => counted, { timeout: 10_000 }).toBe(400 * 10)
  await journal.trim()
  expect(segmentsOf(dir).length).toBeLessThan(10)
  // The thread answered each hundredth block in the record.
  expect((await journal.readRecord(1, ['push.sent'])).length).toBe(4)
  await worker.terminate()
  channel.port1.close()
  await journal.stop()
})

test('the head of the record is published, signed, once a day', async () => {
  const dir = newDir()
  const journal = await open(dir)
  await journal.append([recordDraft({ kind: 'platform.stopped' })])
  const file = () =>
    readdirSync(join(dir, 'heads'), { withFileTypes: true }).find(({ name }) => /^\d{4}-\d\d-\d\d\.json$/.test(name))
  await expect.poll(() => existsSync(join(dir, 'heads')) && file() !== undefined, { timeout: 3_000 }).toBe(true)
  const { signature, publicKey, ...statement } = JSON.parse(readFileSync(join(dir, 'heads', file()!.name), 'utf8')) as Record<
    string,
    string
  >
  expect(verify(null, Buffer.from(JSON.stringify(statement)), publicKey!, Buffer.from(signature!, 'base64'))).toBe(true)
  expect(statement['hash']).toBe(verifyChain(join(dir, 'journal')).head)
  expect(statSync(join(dir, 'heads', 'private-key.pem')).mode & 0o077).toBe(0)
  await journal.stop()
})
