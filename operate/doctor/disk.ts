import { existsSync, statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Settings } from '../../settings.ts'
import { readMark } from '../data-dir.ts'
import { finding, type Finding } from './finding.ts'
import type { JournalFacts } from './journal.ts'

const DAY = 86_400_000
const GIB = 2 ** 30
const FULL_BYTES = 200 * 2 ** 20
const LOW_SHARE = 0.1
const LOW_BYTES = 10 * GIB
const SHORT_DAYS = 30
/** A forecast further than this is none. */
const FAR_DAYS = 365
/** From less than this nothing can be said about a day. */
const YOUNG_MS = 3_600_000

/** What grows: how much it is, how much a day adds, and where it stops because retention removes as much. */
export type Growth = { bytes: number; perDay: number; level: number }

/** Whole days until these have taken `free` bytes, null when they never do within a year. */
export function daysLeft(free: number, growths: Growth[]): number | null {
  for (let days = 1; days <= FAR_DAYS; days++) {
    const taken = growths.reduce((sum, { bytes, perDay, level }) => sum + Math.max(0, Math.min(level - bytes, perDay * days)), 0)
    if (taken >= free) return days - 1
  }
  return null
}

export async function examineDisk(dir: string, settings: Settings, facts: JournalFacts | null, now: number): Promise<Finding[]> {
  const { bavail, bsize, blocks } = await statfs(dir)
  const free = bavail * bsize
  const share = bavail / blocks
  const growths = facts ? growthsOf(dir, settings, facts, now) : []
  const findings: Finding[] = []
  if (free < FULL_BYTES) findings.push(finding('disk-full', { free: amount(free) }))
  else if (share < LOW_SHARE && free < LOW_BYTES)
    findings.push(finding('disk-low', { free: amount(free), percent: Math.round(share * 100) }))
  if (growths.length === 0) return findings
  const used = amount(growths.reduce((sum, { bytes }) => sum + bytes, 0))
  const perDay = amount(growths.reduce((sum, growth) => sum + (growth.level > growth.bytes ? growth.perDay : 0), 0))
  const days = daysLeft(free, growths)
  const code = days !== null && days < SHORT_DAYS ? 'disk-forecast-short' : 'disk-forecast'
  findings.push(finding(code, { used, perDay, days: days ?? FAR_DAYS }))
  return findings
}

/** The journal from its own times, history from the age of the folder: both even out at what retention keeps. */
function growthsOf(dir: string, settings: Settings, facts: JournalFacts, now: number): Growth[] {
  const span = facts.lastReceivedAt - facts.firstReceivedAt
  let age: number
  try {
    age = Math.max(now, facts.lastReceivedAt) - Date.parse(readMark(dir).createdAt)
  } catch {
    return []
  }
  if (span < YOUNG_MS || !(age >= YOUNG_MS)) return []
  const journalPerDay = (facts.bytes / span) * DAY
  const history = join(dir, 'history.db')
  const bytes = existsSync(history) ? statSync(history).size : 0
  const keptDays = settings.store === 'influx' ? settings.embeddedDays : settings.historyDays
  const historyPerDay = (bytes / Math.min(age, keptDays * DAY)) * DAY
  return [
    {
      bytes: facts.bytes,
      perDay: journalPerDay,
      level: Math.min(settings.journalMaxMb * 2 ** 20, journalPerDay * settings.journalMaxDays),
    },
    { bytes, perDay: historyPerDay, level: historyPerDay * keptDays },
  ]
}

const amount = (bytes: number): string =>
  bytes >= GIB ? `${(bytes / GIB).toFixed(1)} GiB` : `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MiB`
