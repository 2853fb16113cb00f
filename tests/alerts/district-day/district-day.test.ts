import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AlarmChangeEntry, RecordEntry } from '../../../core/record.ts'
import { Engine } from '../../../alerts/engine.ts'
import { runBacktest } from '../../../alerts/backtest/run.ts'
import { ruleTypes } from '../../../alerts/rules/index.ts'
import { readRecordEntry } from '../../../journal/codec.ts'
import type { Entry } from '../../../journal/journal.ts'
import { OfflineJournal } from '../../../journal/offline.ts'
import { runDay, type Day } from './run-day.ts'
import { DAY, END, EVE, isBefallen } from './scenarios.ts'
import { alarmsOf, compared, truth, type Told } from './truth.ts'

const SEED = 4

// What a killed process has written is there whether or not it was flushed, so a folder in memory is as good as a disk, and quicker.
const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'watchfire-day-'))
let day: Day
let journal: OfflineJournal
let changes: AlarmChangeEntry[]
let entries: Entry[]

beforeAll(async () => {
  day = await runDay(dir, SEED)
  journal = new OfflineJournal(join(dir, 'journal'))
  const recorded = await journal.readRecord(1, ['alarm.changed'])
  changes = recorded.map((entry) => readRecordEntry(entry) as AlarmChangeEntry)
  entries = []
  for (let next = 1; next < journal.head();) {
    const batch = journal.read(next)
    entries.push(...batch.entries)
    next = batch.next
  }
}, 180_000)

afterAll(() => {
  journal?.close()
  rmSync(dir, { recursive: true, force: true })
})

type Change = { key: string; entry: AlarmChangeEntry }

/** The production engine over what of the day's journal is to count. */
function judged(counts: (said: RecordEntry) => boolean): Change[] {
  const engine = new Engine()
  for (const entry of entries) {
    const isChosen = entry.kind === 'rule.set' || entry.kind === 'registry.changed'
    if (!isChosen || counts(readRecordEntry(entry))) engine.apply(entry)
  }
  engine.advance(END)
  return engine.take().flatMap(({ key, entry }) => (entry.kind === 'alarm.changed' ? [{ key, entry }] : []))
}

/** Among the devices that something befalls, without the rules of one type: the others would say nothing anyway. */
const judgedWithout = (type: string | null): Told[] =>
  alarmsOf(
    judged((said) => {
      if (said.kind === 'rule.set') return said.rule.type !== type
      return said.kind !== 'registry.changed' || said.entity !== 'device' || isBefallen(said.row.id)
    }).map(({ entry }) => entry),
  )

test('a day of three kills, an outage, duplicates and late readings raises exactly what was to be raised', () => {
  expect(new Set(day.kills).size).toBe(3)
  expect(day.duplicates / day.messages).toBeGreaterThan(0.04)
  expect(day.late / day.messages).toBeGreaterThan(0.015)
  expect(day.quarantined).toBe(0)
  expect(compared(alarmsOf(changes))).toEqual({ missing: [], extra: [] })
})

test('every change of the day is what the engine decides in one go, kills or not', async () => {
  const replayed = judged(() => true)
  const recorded = await journal.readRecord(1, ['alarm.changed'])
  expect(recorded.map(({ key }) => key)).toEqual(replayed.map(({ key }) => key))
  expect(changes).toEqual(replayed.map(({ entry }) => JSON.parse(JSON.stringify(entry)) as AlarmChangeEntry))
}, 60_000)

test("the backtest of the day equals the day's alarms", async () => {
  const question = { mode: 'simulated', from: DAY, to: END, rule: null, incidents: [] } as const
  const result = await runBacktest(journal, { ...question, incidents: [] }, 'Asia/Shanghai', () => {})
  expect(result).toMatchObject({ exact: true, total: truth.length, from: DAY, to: END })
  const nothing = { added: [], gone: [], moved: [], counts: { added: 0, gone: 0, moved: 0 } }
  expect(result.difference).toEqual({ against: 'record', same: truth.length, ...nothing })
  const eve = await runBacktest(journal, { ...question, from: EVE, to: DAY, incidents: [] }, 'Asia/Shanghai', () => {})
  expect(eve.total).toBe(0)
})

test('with the rules of every type nothing is missing', () => {
  expect(compared(judgedWithout(null))).toEqual({ missing: [], extra: [] })
})

test.each(ruleTypes.map(({ name }) => name))('without %s rules a scenario of the day fails', (type) => {
  const scenarios = truth.filter((one) => one.type === type).map(({ scenario }) => scenario)
  expect(scenarios, `a scenario for ${type}`).not.toEqual([])
  const { missing } = compared(judgedWithout(type))
  for (const scenario of scenarios) expect(missing.join('\n')).toContain(scenario)
})
