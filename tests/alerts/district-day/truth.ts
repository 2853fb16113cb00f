import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AlarmChangeEntry } from '../../../core/record.ts'
import { severity, type Level } from '../../../core/level.ts'

/** An alarm that must be raised, as it stands in truth.json: at the worst level it reaches, once, and when. */
export type True = {
  scenario: string
  type: string
  rule: string
  subject: string
  level: Level
  at: string
  withinS: number
  late?: true
  delayed?: true
}

export const truth = JSON.parse(readFileSync(join(import.meta.dirname, 'truth.json'), 'utf8')) as True[]

/** An alarm as all its changes tell it. */
export type Told = {
  rule: string
  subject: string
  level: Level
  measuredAt: number
  late: boolean
  delayed: boolean
  occurrences: number
}

export function alarmsOf(changes: AlarmChangeEntry[]): Told[] {
  const alarms = new Map<string, Told>()
  for (const { alarm, change } of changes) {
    const { ruleId, subject, level, measuredAt, late, delayed, occurrences } = alarm
    const known = alarms.get(alarm.id)
    if (!known && change !== 'raised') throw new Error(`${alarm.id} is ${change} before it is raised`)
    const worst = known && severity[known.level] > severity[level] ? known.level : level
    alarms.set(alarm.id, { rule: ruleId, subject, level: worst, measuredAt, late, delayed, occurrences })
  }
  return [...alarms.values()]
}

const isIt = (one: True, alarm: Told): boolean =>
  one.rule === alarm.rule &&
  one.subject === alarm.subject &&
  one.level === alarm.level &&
  (one.late ?? false) === alarm.late &&
  (one.delayed ?? one.late ?? false) === alarm.delayed &&
  Math.abs(alarm.measuredAt - Date.parse(one.at)) <= one.withinS * 1000 &&
  alarm.occurrences === 1

const shown = ({ rule, subject, level, measuredAt, late, delayed, occurrences }: Told) =>
  `${level} ${rule} ${subject} ${new Date(measuredAt + 8 * 3_600_000).toISOString().slice(0, 19)}${late ? ' late' : ''}${delayed ? ' delayed' : ''} ×${occurrences}`

/** What was to be raised and was not, and what was raised and was not to be: another level or time is both. */
export function compared(alarms: Told[]): { missing: string[]; extra: string[] } {
  const left = [...alarms]
  const missing: string[] = []
  for (const one of truth) {
    const found = left.findIndex((alarm) => isIt(one, alarm))
    if (found >= 0) left.splice(found, 1)
    else missing.push(`${one.scenario}: ${one.level} ${one.rule} ${one.subject} ${one.at}`)
  }
  return { missing, extra: left.map(shown) }
}
