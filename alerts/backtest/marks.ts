import type { BacktestMarks, BacktestQuestion, FoundAlarm } from '../../core/backtest.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import type { Entry } from '../../journal/journal.ts'
import { foundOf } from './replay.ts'
import type { Source } from './source.ts'

const HOUR = 3_600_000
const LOST_LISTED = 100

/** What a person said of an alarm: it was nothing, or what it was. */
export type Mark = { alarm: FoundAlarm; cause: string | null }

/** Somebody may have said what an alarm was: at once, or by agreeing to it. */
export function isMark(entry: Entry): boolean {
  const said = readRecordEntry(entry)
  return said.kind === 'action' && (said.action === 'false-alarm' || said.action === 'close' || said.action === 'confirm')
}

/** The newest word about each alarm of the range: false, or closed with a cause. */
export async function marksOf(source: Source, { mode, from, to }: BacktestQuestion): Promise<Mark[]> {
  const marks = new Map<string, Mark>()
  for (const entry of await source.readRecord(1, ['alarm.changed'])) {
    if (entry.receivedAt < from) continue
    const said = readRecordEntry(entry)
    if (said.kind !== 'alarm.changed' || (said.change !== 'false-alarm' && said.change !== 'closed')) continue
    const { alarm } = said
    if (alarm.mode !== mode || alarm.raisedAt < from || alarm.raisedAt >= to) continue
    marks.set(alarm.id, { alarm: foundOf(alarm), cause: alarm.case?.closing?.cause ?? null })
  }
  return [...marks.values()]
}

/** How the alarms found stand to what people said of those that were raised. */
export function weighed(marks: readonly Mark[], found: readonly FoundAlarm[]): BacktestMarks {
  const isRaised = ({ ruleId, subject, measuredAt }: FoundAlarm) =>
    found.some((one) => one.ruleId === ruleId && one.subject === subject && Math.abs(one.measuredAt - measuredAt) <= HOUR)
  const lies = marks.filter(({ cause }) => cause === null)
  const real = marks.flatMap(({ alarm, cause }) => (cause === null ? [] : [{ alarm, cause }]))
  const lost = real.filter(({ alarm }) => !isRaised(alarm))
  return {
    falseAlarms: lies.length,
    removed: lies.filter(({ alarm }) => !isRaised(alarm)).length,
    real: real.length,
    lost: lost.slice(0, LOST_LISTED),
  }
}
