import type { Alarm } from '../../core/alarm.ts'
import { incidentReport, isOf, storyKinds, type ReportFacts } from '../../core/incident-report.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import type { Journal } from '../../journal/journal.ts'
import type { Wanted } from './wanted.ts'

/** The written reports that are due, from what the record says of each alarm until now. */
export async function draftReports(
  wanted: Wanted['reports'],
  alarmOf: (id: string) => Alarm | undefined,
  journal: Pick<Journal, 'readRecord' | 'clock'>,
  facts: ReportFacts,
): Promise<Map<string, { zh: string; en: string }>> {
  if (wanted.length === 0) return new Map()
  const entries = await journal.readRecord(Math.min(...wanted.map(({ from }) => from)), storyKinds)
  const story = entries.map((entry) => ({ at: entry.receivedAt, entry: readRecordEntry(entry) }))
  return new Map(
    wanted.flatMap(({ alarmId }) => {
      const about = alarmOf(alarmId)
      const mine = story.filter(({ entry }) => isOf(alarmId, entry))
      return about ? [[alarmId, incidentReport(about, mine, journal.clock.now(), facts)]] : []
    }),
  )
}
