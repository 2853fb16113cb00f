import { isOpen, type Alarm } from '../../core/alarm.ts'
import type { PlatformState } from '../../core/live.ts'
import type { RiskState } from '../../core/risk.ts'
import { Windows } from '../../core/window-book.ts'
import { windowEntryKinds } from '../../core/window.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import { Directory } from '../../journal/directory.ts'
import type { Damage, Entry } from '../../journal/journal.ts'

const kinds = new Set<string>([
  'registry.changed',
  'series.defined',
  'alarm.changed',
  'risk.changed',
  'journal.damaged',
  'receiving.stopped',
  'receiving.resumed',
  'platform.started',
  'platform.stopped',
  ...windowEntryKinds,
])

/** What the record says up to a place, as far as it is seen on walls. */
export class RecordFold {
  readonly directory = new Directory()
  readonly alarms = new Map<string, Alarm>()
  readonly risks = new Map<string, RiskState>()
  readonly windows = new Windows()
  damages: { damage: Damage; at: number }[] = []
  receiving: Pick<PlatformState, 'receiving' | 'detail'> = { receiving: 'ok', detail: null }
  /** since when the platform had been stopped; null: it ran */
  stoppedSince: number | null = null
  /** the position after the last entry taken, and when that was received */
  next = 1
  at = 0

  copy(): RecordFold {
    const copy = new RecordFold()
    copy.directory.load([...this.directory.registry.rows()], this.directory.series.all())
    for (const [id, alarm] of this.alarms) copy.alarms.set(id, alarm)
    for (const [id, risk] of this.risks) copy.risks.set(id, risk)
    copy.windows.load(this.windows.all())
    const { damages, receiving, stoppedSince, next, at } = this
    return Object.assign(copy, { damages: [...damages], receiving, stoppedSince, next, at })
  }

  apply(entry: Entry): void {
    this.next = entry.pos + entry.count
    this.at = entry.receivedAt
    if (!kinds.has(entry.kind)) return
    this.directory.apply(entry)
    const change = readRecordEntry(entry)
    switch (change.kind) {
      case 'alarm.changed':
        if (isOpen(change.alarm)) this.alarms.set(change.alarm.id, change.alarm)
        else this.alarms.delete(change.alarm.id)
        return
      case 'risk.changed':
        this.risks.set(`${change.risk.mode}\n${change.risk.id}`, change.risk)
        return
      case 'window.declared':
      case 'window.confirmed':
      case 'window.refused':
      case 'window.ended':
        this.windows.apply(change, entry.receivedAt)
        return
      case 'journal.damaged':
        this.damages.push({ damage: change, at: entry.receivedAt })
        return
      case 'receiving.stopped':
        this.receiving = { receiving: 'stopped', detail: change.reason }
        return
      case 'receiving.resumed':
        this.receiving = { receiving: 'ok', detail: null }
        return
      case 'platform.started':
        this.stoppedSince = null
        this.receiving = { receiving: 'ok', detail: null }
        return
      case 'platform.stopped':
        this.stoppedSince = entry.receivedAt
    }
  }
}
