import type { PartAlarm } from '../core/part.ts'
import type { PackFault } from '../core/alarm-book.ts'
import type { Problem } from './rules/rule.ts'

/** So many rules and packs have an alarm each; what is beyond has one together. */
const TOLD_APART = 20

/** A rule that does not work protects nobody: each is an alarm until it is mended or gone. */
export function faultAlarms(packs: readonly PackFault[], rules: ReadonlyMap<string, Problem>): PartAlarm[] {
  const refused = new Map(packs.map(({ file, line, reason }): [string, PackFault] => [file, { file, line, reason, since: 0 }]))
  const alarms = [
    ...[...refused.values()].map(({ file, line, reason }) => about(`pack-${file}`, `${file}:${line ?? ''} ${reason}`)),
    ...[...rules].map(([id, { path, message }]) => about(`rule-${id}`, `${id} ${path}: ${message}`)),
  ].sort((a, b) => (a.code < b.code ? -1 : 1))
  if (alarms.length <= TOLD_APART) return alarms
  const more = alarms.length - TOLD_APART
  const text = { zh: `另有 ${more} 条规则无法运行`, en: `${more} more rules cannot run` }
  return [...alarms.slice(0, TOLD_APART), { code: 'more-rules', text }]
}

/** The code is part of the alarm's subject, in which a slash has a meaning. */
const about = (what: string, why: string): PartAlarm => ({
  code: what.replaceAll('/', '_'),
  text: { zh: `规则无法运行：${why}`, en: `A rule cannot run: ${why}` },
})
