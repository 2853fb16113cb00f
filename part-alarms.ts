import type { Alarm } from './core/alarm.ts'
import type { Log } from './core/log.ts'
import type { Mode } from './core/mode.ts'
import type { PartAlarm, PartStatus } from './core/part.ts'
import { recordDraft } from './journal/codec.ts'
import type { Journal } from './journal/journal.ts'

const LOOK_EVERY_MS = 1_000
const SUBJECT = /^platform\/([^/]+)\/([^/]+)$/

/**
 * Records when a part of the platform begins or ceases to need a person; the alarm engine makes an alarm of it. `open`: those that
 * stood when the platform ended, so that what was mended meanwhile ends too.
 */
export function watchParts(
  parts: () => PartStatus[],
  journal: Journal,
  mode: Mode,
  open: readonly Alarm[],
  log: Log,
): () => void {
  const known = new Map<string, { part: string; alarm: PartAlarm }>()
  for (const { subject, mode: itsMode, message } of open) {
    const [, part, code] = SUBJECT.exec(subject) ?? []
    if (part !== undefined && code !== undefined && itsMode === mode)
      known.set(`${part}/${code}`, { part, alarm: { code, text: message } })
  }
  const look = () => {
    const now = new Map<string, { part: string; alarm: PartAlarm }>()
    for (const { name, alarms = [] } of parts()) {
      for (const alarm of alarms) now.set(`${name}/${alarm.code}`, { part: name, alarm })
    }
    const changed = [
      ...[...now].filter(([key]) => !known.has(key)).map(([key, one]) => ({ key, raised: true, ...one })),
      ...[...known].filter(([key]) => !now.has(key)).map(([key, one]) => ({ key, raised: false, ...one })),
    ]
    for (const { key, raised, part, alarm } of changed) {
      if (raised) known.set(key, { part, alarm })
      else known.delete(key)
      const entry = { kind: 'part.alarm' as const, part, code: alarm.code, raised, mode, text: alarm.text }
      // A disk that takes nothing keeps this waiting like everything else; a full buffer is tried again at the next look.
      journal.append([recordDraft(entry)]).catch((error: Error) => {
        if (raised) known.delete(key)
        else known.set(key, { part, alarm })
        log.warn('an alarm about the platform could not be recorded', { part, code: alarm.code, reason: error.message })
      })
    }
  }
  // Parts that have only just started say nothing yet; what stood before is not called over too early.
  const timer = setInterval(look, LOOK_EVERY_MS)
  return () => clearInterval(timer)
}
