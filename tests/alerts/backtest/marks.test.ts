import { expect, test } from 'vitest'
import { isMark, marksOf, weighed } from '../../../alerts/backtest/marks.ts'
import type { Source } from '../../../alerts/backtest/source.ts'
import type { Alarm } from '../../../core/alarm.ts'
import type { AlarmChangeEntry, RecordEntry } from '../../../core/record.ts'
import { recordDraft } from '../../../journal/codec.ts'
import { MemoryJournal } from '../../../journal/memory.ts'
import { sampleChange } from '../alarm-sample.ts'

const T = 1_767_225_600_000
const HOUR = 3_600_000
const raised = (id: string, n: number, change: AlarmChangeEntry['change'], over: Partial<Alarm> = {}) =>
  sampleChange(change, { id, measuredAt: T + n * HOUR, raisedAt: T + n * HOUR, subject: `GAS-0${n}/combustibleLel`, ...over })
const closing = (cause: string) => ({ case: { closing: { cause } } }) as unknown as Partial<Alarm>

test('a version tried says how many alarms marked false it would not raise, and which real ones it would miss', async () => {
  const journal = new MemoryJournal()
  const said: RecordEntry[] = [
    raised('a1', 1, 'false-alarm'),
    raised('a2', 2, 'false-alarm'),
    raised('a3', 3, 'closed', closing('a flange leaked')),
    raised('a4', 4, 'closed', closing('a valve leaked')),
    raised('a5', 5, 'acknowledged'),
    raised('a6', 6, 'false-alarm', { mode: 'drill' }),
    raised('a7', 9, 'false-alarm'),
  ]
  await journal.append(said.map((entry) => recordDraft(entry)))
  const marks = await marksOf(journal as unknown as Source, {
    mode: 'live',
    from: T,
    to: T + 8 * HOUR,
    rule: null,
    incidents: [],
  })
  expect(marks.map(({ alarm, cause }) => [alarm.id, cause])).toEqual([
    ['a1', null],
    ['a2', null],
    ['a3', 'a flange leaked'],
    ['a4', 'a valve leaked'],
  ])
  // Raised all the same: one called false, and one that was real, a little later.
  const found = [marks[1]!.alarm, { ...marks[2]!.alarm, id: 'other', measuredAt: marks[2]!.alarm.measuredAt + HOUR / 2 }]
  expect(weighed(marks, found)).toEqual({
    ...{ falseAlarms: 2, removed: 1, real: 2 },
    lost: [{ alarm: marks[3]!.alarm, cause: 'a valve leaked' }],
  })
})

test('only what may have said what an alarm was asks for a new answer', async () => {
  const journal = new MemoryJournal()
  const actions = ['acknowledge', 'false-alarm', 'close', 'confirm', 'comment'] as const
  const rest = { alarmId: 'a1', version: 1, by: 'p1', comment: null, idempotencyKey: null }
  await journal.append(actions.map((action) => recordDraft({ kind: 'action', action, ...rest })))
  const entries = await journal.readRecord(1, ['action'])
  expect(entries.map(isMark)).toEqual([false, true, true, true, false])
})
