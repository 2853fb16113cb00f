import { type Level, worse } from '../../core/level.ts'

/*
 * What must follow from readings, written from semantics 19 and 20 and not from the engine: a limit fires at value ≥ limit
 * and clears under limit − deadband; H → HH raises the level of the same alarm; an alarm that went away before anyone
 * acknowledged it becomes active again, keeps the worst level it reached, and ends only when somebody has acknowledged.
 */
export const RULE = {
  id: 'killtest',
  type: 'threshold',
  metric: 'tiltDeg',
  applies: { kind: 'other' },
  limits: [
    { name: 'H', above: 25, level: 'yellow' },
    { name: 'HH', above: 50, level: 'red' },
  ],
  deadband: 2,
  onDelayMs: 0,
  offDelayMs: 0,
  latching: false,
  enabled: true,
  title: { zh: '倾斜', en: 'Tilt' },
  message: { zh: '{device} 倾斜 {value}', en: '{device} tilts {value}' },
  source: 'killtest',
  guidance: [],
}

export type ExpectedChange = {
  change: 'raised' | 'level' | 'returned' | 'again' | 'acknowledged'
  at: number | null
  level: Level
}
/** `level` is the worst it has reached. */
export type ExpectedAlarm = { measuredAt: number; level: Level; changes: ExpectedChange[] }

/** An acknowledgement given while the alarm had returned, after every reading up to `after`. */
export type Acknowledged = { after: number }

/** The alarms of one device, oldest first, from its stored readings in order of time. */
export function expectedAlarms(readings: [at: number, value: number][], acknowledged: Acknowledged[]): ExpectedAlarm[] {
  const alarms: ExpectedAlarm[] = []
  let open: ExpectedAlarm | null = null
  let tripped = false
  let next = 0
  const acknowledgeUpTo = (at: number) => {
    for (; next < acknowledged.length && acknowledged[next]!.after < at; next++) {
      if (open) open.changes.push({ change: 'acknowledged', at: null, level: open.level })
      open = null
    }
  }
  for (const [at, value] of readings) {
    acknowledgeUpTo(at)
    const reached: Level | null = value >= 50 ? 'red' : value >= 25 ? 'yellow' : null
    if (reached !== null) {
      const change = !open ? 'raised' : !tripped ? 'again' : worse(reached, open.level) === open.level ? null : 'level'
      if (!open) alarms.push((open = { measuredAt: at, level: reached, changes: [] }))
      open.level = worse(reached, open.level)
      if (change !== null) open.changes.push({ change, at, level: open.level })
      tripped = true
    } else if (tripped && value < 23) {
      open!.changes.push({ change: 'returned', at, level: open!.level })
      tripped = false
    }
  }
  acknowledgeUpTo(Infinity)
  return alarms
}
