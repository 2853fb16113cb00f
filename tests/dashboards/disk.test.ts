import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../core/clock.ts'
import { silentLog } from '../../core/log.ts'
import { Actions } from '../../dashboards/actions.ts'
import { People } from '../../dashboards/people.ts'
import { Recorder } from '../../dashboards/recorder.ts'
import { Verdicts } from '../../dashboards/verdicts.ts'
import { MemoryJournal } from '../../journal/memory.ts'
import { HeldJournal } from '../gateway/testbed.ts'

const folder = () => {
  const dir = mkdtempSync(join(tmpdir(), 'watchfire-disk-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

test('a session that cannot be written down again stays good and ends nothing', async () => {
  const dataDir = folder()
  const clock = new ManualClock(1_000)
  const warned: string[] = []
  const log = { ...silentLog, warn: (text: string) => void warned.push(text) }
  const recorder = new Recorder(new MemoryJournal(clock), 1)
  const people = await People.open({ dataDir, adminPassword: 'correct horse', recorder, clock, log })
  onTestFinished(() => people.close())
  const { id } = await people.prove('admin', 'correct horse', '127.0.0.1')
  const { token } = await people.enter(id, '127.0.0.1', 'test')
  const database = new DatabaseSync(join(dataDir, 'people.db'))
  database.exec('drop table sessions')
  database.close()
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  clock.advance(2 * 3_600_000)
  expect(people.identify(token)).not.toBeNull()
  await expect.poll(() => warned.length + unhandled.length).toBe(1)
  expect(unhandled).toEqual([])
})

test('while the disk takes nothing an action is answered in time, and a repeat of it is the same action', async () => {
  const journal = new HeldJournal()
  const recorder = new Recorder(journal, 1)
  const alarmBook = { timeline: () => Promise.resolve([]) } as never
  const actions = new Actions({ alarmBook, recorder, verdicts: new Verdicts(50) }, 100)
  journal.held = true
  const wish = { alarmId: 'a1', action: 'acknowledge', version: 1, by: 'p1', comment: null, idempotencyKey: 'k1' } as const
  await expect(actions.take(wish)).rejects.toMatchObject({ code: 'unavailable' })
  await expect(actions.take(wish)).rejects.toMatchObject({ code: 'unavailable' })
  expect(journal.waiting).toBe(1)
  journal.release()
  await expect(actions.take(wish)).rejects.toMatchObject({ code: 'no-verdict' })
})

test('whoever waits in turn for a full disk is answered in time, and the turn stays theirs until it is done', async () => {
  const recorder = new Recorder(new MemoryJournal(), 1, 50)
  const disk = Promise.withResolvers<string>()
  const told: string[] = []
  const first = recorder.inTurn('rule x', async () => void told.push(await disk.promise))
  const second = recorder.inTurn('rule x', () => Promise.resolve(told.push('second')))
  await expect(first).rejects.toMatchObject({ code: 'unavailable' })
  await expect(second).rejects.toMatchObject({ code: 'unavailable' })
  disk.resolve('first')
  await expect.poll(() => told).toEqual(['first', 'second'])
})
