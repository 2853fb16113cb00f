import { isOpen, type Alarm } from '../core/alarm.ts'
import { caseStateOf, isCaseOpen } from '../core/case.ts'
import {
  HANDOVER_OFFLINE_MS,
  HANDOVER_STALE_MS,
  type HandedAlarm,
  type HandedCase,
  type HandoverReport,
} from '../core/handover.ts'
import { severity } from '../core/level.ts'
import type { LiveDevice } from '../core/live.ts'
import type { Mode } from '../core/mode.ts'
import type { PerformanceReport } from '../core/performance.ts'
import type { Author } from '../core/record.ts'
import { peopleOf, type Shift } from '../core/roster.ts'
import { startOf, windowState, type SuppressionWindow } from '../core/window.ts'

/** A device that speaks seldom is silent after so many of its periods. */
const SILENT_PERIODS = 3

/** All that a report is made of, and what its things are called. */
export type HandoverFacts = {
  mode: Mode
  shift: Shift
  next: Shift | null
  at: number
  /** of whom the shift watches; the platform's own alarms have no enterprise and are everybody's */
  watches: (enterpriseId: string) => boolean
  alarms: Iterable<Alarm>
  /** alarms that are over and whose work is not */
  openCases: Iterable<Alarm>
  windows: Iterable<SuppressionWindow>
  devices: Iterable<LiveDevice>
  ruleChanges: {
    ruleId: string
    version: number
    title: { zh: string; en: string } | null
    at: number
    by: Author
    reason: string | null
  }[]
  performance: PerformanceReport | null
  hazards: HandoverReport['hazards']
  deviceName: (id: string) => string
  enterpriseName: (id: string) => string
  ruleTitle: (id: string) => { zh: string; en: string } | null
}

/** Says what a shift leaves to the next. Nothing that is open, set aside or overdue is left out, however many there are. */
export function composeHandover(facts: HandoverFacts): HandoverReport {
  const { mode, shift, next, at, watches } = facts
  const alarms = [...facts.alarms].filter((one) => one.mode === mode && isOpen(one) && watches(one.enterpriseId)).sort(worstFirst)
  const over = [...facts.openCases].filter((one) => one.mode === mode && watches(one.enterpriseId))
  const handed = new Map([...over, ...alarms].map((one) => [one.id, one]))
  return {
    format: 'watchfire-handover/1',
    ...{ mode, region: shift.region, at },
    shift: { id: shift.id, from: shift.from, to: shift.to, people: peopleOf(shift) },
    next: next && { id: next.id, from: next.from, people: peopleOf(next) },
    open: alarms.filter((one) => !one.setAside).map((one) => handedAlarm(one, facts)),
    setAside: alarms.filter((one) => one.setAside).map((one) => handedAlarm(one, facts)),
    cases: [...handed.values()]
      .filter((one) => isCaseOpen(one.case) && caseStateOf(one) !== 'open')
      .sort(worstFirst)
      .map((one) => handedCase(one, facts))
      .sort((a, b) => Number(b.overdue !== null) - Number(a.overdue !== null)),
    windows: windowsIn(facts),
    offline: offlineIn(facts),
    rules: facts.ruleChanges.filter((change) => change.at >= shift.from && change.at <= at),
    figures: figuresOf(facts),
    hazards: facts.hazards,
    notes: '',
  }
}

const worstFirst = (a: Alarm, b: Alarm) =>
  severity[b.level] - severity[a.level] || a.raisedAt - b.raisedAt || (a.id < b.id ? -1 : 1)

type Names = Pick<HandoverFacts, 'deviceName' | 'enterpriseName' | 'at'>

function handedAlarm(alarm: Alarm, { deviceName, enterpriseName, at }: Names): HandedAlarm {
  const { id, level, state, message, subject, measuredAt, raisedAt, acknowledgedBy, setAside } = alarm
  return {
    ...{ id, level, state, message, subject, device: deviceName(alarm.deviceId), enterprise: enterpriseName(alarm.enterpriseId) },
    ...{ measuredAt, raisedAt, acknowledgedBy, stale: at - raisedAt > HANDOVER_STALE_MS },
    ...(setAside && {
      until: setAside.until,
      ...(setAside.by !== undefined && { by: setAside.by }),
      reason: setAside.comment ?? setAside.reasonCode ?? null,
    }),
  }
}

function handedCase(alarm: Alarm, { deviceName, enterpriseName, at }: Names): HandedCase {
  const state = caseStateOf(alarm)
  const dispatch = alarm.case?.dispatch ?? null
  const awaited = dispatch !== null && (state === 'dispatched' || state === 'unaccepted' || state === 'accepted')
  const isUnaccepted = state === 'unaccepted' || (state === 'dispatched' && dispatch !== null && dispatch.acceptBy < at)
  return {
    ...{ alarmId: alarm.id, level: alarm.level, message: alarm.message, state },
    ...{ device: deviceName(alarm.deviceId), enterprise: enterpriseName(alarm.enterpriseId) },
    to: dispatch?.to ?? null,
    dueAt: awaited ? dispatch.dueAt : null,
    overdue: awaited && dispatch.dueAt < at ? 'feedback' : isUnaccepted ? 'unaccepted' : null,
  }
}

/** Those in force, and those that only wait for their second person: the next shift will be asked. */
function windowsIn({ windows, at, watches, deviceName, enterpriseName }: HandoverFacts): HandoverReport['windows'] {
  return [...windows]
    .filter((one) => watches(one.enterpriseId) && ['in-force', 'waiting'].includes(windowState(one, at)))
    .sort((a, b) => a.until - b.until)
    .map((one) => ({
      ...{ id: one.id, kind: one.kind, enterprise: enterpriseName(one.enterpriseId), reason: one.reason, until: one.until },
      points: one.points.map(({ device, metric }) => (metric === null ? deviceName(device) : `${deviceName(device)} ${metric}`)),
      waiting: startOf(one) === Infinity,
    }))
}

/** Not heard for half an hour. What never said anything is not connected yet, which is no loss of this shift. */
function offlineIn({ devices, at, watches, deviceName, enterpriseName }: HandoverFacts): HandoverReport['offline'] {
  return [...devices]
    .filter(({ state, lastReceivedAt, expectedPeriodMs, enterpriseId }) => {
      if (state === 'never' || !watches(enterpriseId)) return false
      if (lastReceivedAt === null) return state === 'offline'
      const silentMs = at - lastReceivedAt
      return silentMs > HANDOVER_OFFLINE_MS && (state !== 'online' || silentMs > SILENT_PERIODS * expectedPeriodMs)
    })
    .sort((a, b) => (a.lastReceivedAt ?? 0) - (b.lastReceivedAt ?? 0))
    .map(({ id, enterpriseId, lastReceivedAt }) => ({
      ...{ deviceId: id, device: deviceName(id), enterprise: enterpriseName(enterpriseId), lastReceivedAt },
    }))
}

function figuresOf({ performance, deviceName, enterpriseName, ruleTitle }: HandoverFacts): HandoverReport['figures'] {
  if (!performance?.total.known) return null
  const { annunciations, floodMs, acknowledge, levels } = performance.total
  return {
    ...{ annunciations, floodMs, levels },
    acknowledgeMedianMs: acknowledge.medianMs,
    neverAcknowledged: acknowledge.never,
    top: performance.top.slice(0, 10).map(({ ruleId, subject, deviceId, enterpriseId, level, count }) => ({
      ...{ ruleId, title: ruleTitle(ruleId), subject, level, count },
      ...{ device: deviceName(deviceId), enterprise: enterpriseName(enterpriseId) },
    })),
  }
}
