import type { AlarmBook } from '../core/alarm-book.ts'
import type { Alarm } from '../core/alarm.ts'
import { FALSE_ALARM_DAYS, FALSE_ALARMS_BEFORE_RECTIFICATION, falseAlarmReasons } from '../core/case.ts'
import type { Clock } from '../core/clock.ts'
import { isHazardStanding } from '../core/hazard.ts'
import { minuteOf } from '../core/local-time.ts'
import type { Log } from '../core/log.ts'
import type { Mode } from '../core/mode.ts'
import { PLATFORM } from '../core/record.ts'
import type { Registry } from '../core/registry.ts'
import type { Hazards } from './hazard-book.ts'
import type { StateChange } from './live-state.ts'

type Point = Pick<Alarm, 'mode' | 'deviceId' | 'subject'>
type Parts = {
  alarmBook: AlarmBook
  hazards: Hazards
  registry: Pick<Registry, 'devices'>
  mode: Mode
  zone: string
  clock: Clock
  log: Log
}

/**
 * A point that was marked false three times within seven days is a hazard by itself (ux.md B3): one, until it is put right. Each mark has
 * its point looked at, and the start all of them, so a stop between a mark and its hazard loses none.
 */
export class FalseAlarmHazards {
  #parts: Parts
  #turn: Promise<void> = Promise.resolve()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Looks at every point once. */
  begin(): void {
    const { alarmBook, mode, clock } = this.#parts
    this.#next(async () => {
      for (const point of (await alarmBook.falseAlarmPoints?.(mode, clock.now())) ?? []) await this.#look(point)
    })
  }

  /** A change of the live picture; one that is no new mark costs nothing. */
  take(change: StateChange): void {
    if (change.kind !== 'alarm' || change.mode !== this.#parts.mode) return
    const { alarm, before } = change
    const marked = alarm.case?.falseAlarm
    if (marked && marked.at !== before?.case?.falseAlarm?.at) this.#next(() => this.#look(alarm))
  }

  /** Nothing waits for it, and one that fails is tried again with the next mark. */
  #next(work: () => Promise<void>): void {
    const { log } = this.#parts
    this.#turn = this.#turn.then(work).catch((error: unknown) =>
      log.warn('a point with false alarms could not be made a hazard', {
        reason: error instanceof Error ? error.message : 'unknown',
      }),
    )
  }

  async #look({ mode, deviceId, subject }: Point): Promise<void> {
    const { alarmBook, hazards, clock, registry, zone } = this.#parts
    await hazards.known()
    const now = clock.now()
    const point = { deviceId, subject }
    const before = hazards.ofPoint(mode, point)
    if (before.some(({ state }) => isHazardStanding(state))) return
    const known = await alarmBook.falseAlarms?.({ mode, ...point }, now)
    // What was put right since is not held against the point again.
    const since = Math.max(now - FALSE_ALARM_DAYS * 86_400_000, ...before.map((one) => one.since))
    const marks = (known?.last ?? []).filter(({ at }) => at > since)
    if (marks.length < FALSE_ALARMS_BEFORE_RECTIFICATION) return
    const newest = await alarmBook.alarm(marks[0]!.alarmId)
    if (!newest) return
    const isFree = !hazards.ofAlarm(newest.id).some(({ state }) => isHazardStanding(state))
    const name = registry.devices.get(deviceId)?.name ?? deviceId
    const said = marks.map(({ at, reason, text }) =>
      [minuteOf(at, zone), falseAlarmReasons[reason].zh, text].filter(Boolean).join(' '),
    )
    await hazards.create(
      {
        ...{ mode, source: 'false-alarms', alarmId: isFree ? newest.id : null, point, category: 'monitoring', place: name },
        enterpriseId: newest.enterpriseId === '' ? null : newest.enterpriseId,
        description: `${name}（${subject}）${FALSE_ALARM_DAYS} 天内误报 ${marks.length} 次，需整改：${said.join('；')}`,
      },
      { by: PLATFORM, comment: null },
    )
  }
}
