import type { Fence } from '../core/fence.ts'
import { isSelected, type FenceSelection } from '../core/fence-book.ts'
import { metricOf, splitChannel, type Metric } from '../core/metrics.ts'
import type { Applies, Rule } from '../core/rule.ts'
import type { RuleWarning } from '../core/alarm-book.ts'
import { ruleTypeOf } from './rules/index.ts'
import type { Problem } from './rules/rule.ts'

/*
 * What makes no sense about a rule whatever its type (refused), and what a person should look at though it may be meant (warned).
 */

type Limit = { name: string; above?: number; below?: number; level: string }

/** The limits of a rule that are values of its metric; those of other types are changes or multiples. */
const valueLimits = (rule: Rule): Limit[] =>
  (rule.type === 'threshold' || rule.type === 'forecast') && Array.isArray(rule['limits']) ? (rule['limits'] as Limit[]) : []

/** The first thing about metric, unit and limits that cannot be right. */
export function wrongAboutMetric(rule: Rule): Problem | null {
  for (const list of ['conditions', 'steps'] as const) {
    const parts = (Array.isArray(rule[list]) ? rule[list] : []) as Part[]
    for (const [i, part] of parts.entries()) {
      const wrong = wrongPart(part, `/${list}/${i}`)
      if (wrong) return wrong
    }
  }
  if (rule.metric === undefined) return null
  const metric = metricOf(rule.metric)
  if (!metric) return { path: '/metric', message: `there is no metric ${rule.metric}; docs/reference.md lists them` }
  if (rule.unit !== undefined && rule.unit !== metric.unit) {
    return { path: '/unit', message: `${rule.metric} is in ${metric.unit || 'no unit'}, not in ${rule.unit}` }
  }
  for (const [i, limit] of valueLimits(rule).entries()) {
    const wrong = outOfRange(rule.metric, metric, limit, `/limits/${i}`)
    if (wrong) return wrong
  }
  return outOfOrder(valueLimits(rule))
}

type Part = { metric?: unknown; above?: number; below?: number }

/** A condition of a rule over several devices. */
function wrongPart(part: Part, path: string): Problem | null {
  if (typeof part.metric !== 'string') return null
  const metric = metricOf(part.metric)
  if (!metric) return { path: `${path}/metric`, message: `there is no metric ${part.metric}; docs/reference.md lists them` }
  return outOfRange(part.metric, metric, part, path)
}

/** A limit nothing sane can reach, or that everything has: most likely one in another unit. */
function outOfRange(name: string, { min, max, unit }: Metric, limit: Part, path: string): Problem | null {
  const range = `${name} is ${min} to ${max} ${unit}`.trim()
  const { above, below } = limit
  if (above !== undefined && (above > max || above <= min)) {
    return { path: `${path}/above`, message: `${above} is no limit: ${range}. Is it in another unit?` }
  }
  if (below !== undefined && (below < min || below >= max)) {
    return { path: `${path}/below`, message: `${below} is no limit: ${range}. Is it in another unit?` }
  }
  return null
}

/** H below HH, LL below L. */
function outOfOrder(limits: Limit[]): Problem | null {
  const at = (name: string) => limits.findIndex((limit) => limit.name === name)
  const [h, hh, l, ll] = [at('H'), at('HH'), at('L'), at('LL')]
  if (h >= 0 && hh >= 0 && !(limits[h]!.above! < limits[hh]!.above!)) {
    return { path: `/limits/${hh}`, message: `HH (${limits[hh]!.above}) must be above H (${limits[h]!.above})` }
  }
  if (l >= 0 && ll >= 0 && !(limits[ll]!.below! < limits[l]!.below!)) {
    return { path: `/limits/${ll}`, message: `LL (${limits[ll]!.below}) must be below L (${limits[l]!.below})` }
  }
  return null
}

type Row = { rule: Rule | null; pack: Rule | null }

/** What a person should look at: limits laxer than the standard's, rules that get in each other's way, defaults that wait for a decision. */
export function warningsAbout(rows: Row[], drawn?: readonly Fence[]): RuleWarning[] {
  const bounds = rows.flatMap(({ pack }) => (pack && pack['bound'] === true ? [pack] : []))
  const all = rows.flatMap(({ rule }) => (rule ? [rule] : []))
  const rules = all.filter(({ enabled }) => enabled)
  return [
    ...rules.flatMap((rule) => bounds.flatMap((bound) => laxer(rule, bound))),
    ...all.flatMap(undecided),
    ...rules.flatMap((rule) => withoutPlace(rule, drawn)),
    ...rules.flatMap(neverSeen),
    ...rules.flatMap(saysTheSame),
    ...rules.flatMap((rule, i) => rules.slice(i + 1).flatMap((other) => conflict(rule, other))),
  ]
}

function laxer(rule: Rule, bound: Rule): RuleWarning[] {
  if (rule.id === bound.id && rule.origin === 'pack') return []
  if (rule.type !== 'threshold' || !sameMetric(rule, bound) || !overlap(rule.applies, bound.applies)) return []
  return valueLimits(rule).flatMap((limit, i) => {
    const most = valueLimits(bound).find(({ name }) => name === limit.name)
    if (!most) return []
    const isLaxer =
      (limit.above !== undefined && most.above !== undefined && limit.above > most.above) ||
      (limit.below !== undefined && most.below !== undefined && limit.below < most.below)
    if (!isLaxer) return []
    const message = `${limit.name} ${limit.above ?? limit.below} is laxer than ${most.above ?? most.below} (${bound.source})`
    return [{ ruleId: rule.id, code: 'above-bound' as const, path: `/limits/${i}`, message }]
  })
}

/** A usual toxic detector shows a tenth of a ppm; a limit under three of its steps is noise. */
const RESOLUTION_STEPS = 3

function undecided(rule: Rule): RuleWarning[] {
  if (rule.origin !== 'pack' || rule.metric === undefined || metricOf(rule.metric)?.needsSubstance !== true) return []
  const step = 10 ** -metricOf(rule.metric)!.digits
  return valueLimits(rule)
    .slice(0, 1)
    .flatMap(({ name, above }, i): RuleWarning[] => {
      if (above === undefined || above >= RESOLUTION_STEPS * step) return []
      const what = `${name} ${above} is under ${RESOLUTION_STEPS} steps of a usual detector (${step})`
      const message = `${what}: a person decides (PUT with enabled: true, or with limits of your own)${rule.enabled ? '' : '; until then it is off'}`
      return [{ ruleId: rule.id, code: 'needs-decision', path: `/limits/${i}`, message }]
    })
}

/** What is allowed where and when is local: a rule that ships without window or place judges nothing until somebody fills it in. */
function withoutPlace(rule: Rule, drawn: readonly Fence[] | undefined): RuleWarning[] {
  const isEmpty = (list: unknown) => Array.isArray(list) && list.length === 0
  const decide = (path: string, message: string): RuleWarning[] => [{ ruleId: rule.id, code: 'needs-decision', path, message }]
  if (rule.type === 'curfew' && isEmpty(rule['windows'])) {
    return decide('/windows', 'it has no window, so nothing is judged: set those of the local notice (PUT with `windows`)')
  }
  if (rule.type !== 'geofence' || drawn === undefined || !isEmpty(rule['fences'] ?? [])) return []
  const among = (rule['among'] ?? {}) as FenceSelection
  if (drawn.some((fence) => fence.retiredAt === null && isSelected(among, fence))) return []
  return decide('/among', 'nobody has drawn such a fence, so nothing is judged: draw them on the map (POST /api/v1/fences)')
}

/** A limit that is reached only when a nearer one of the same or a worse level already is. */
function neverSeen(rule: Rule): RuleWarning[] {
  const worst = ['blue', 'yellow', 'orange', 'red']
  const limits = valueLimits(rule)
  return limits.flatMap((limit, i): RuleWarning[] => {
    const hides = limits.find(
      (other) =>
        other !== limit &&
        worst.indexOf(other.level) >= worst.indexOf(limit.level) &&
        ((limit.above !== undefined && other.above !== undefined && other.above < limit.above) ||
          (limit.below !== undefined && other.below !== undefined && other.below > limit.below)),
    )
    if (!hides) return []
    const message = `${limit.name} is never seen: ${hides.name} is reached first and is ${hides.level}`
    return [{ ruleId: rule.id, code: 'shadowed', path: `/limits/${i}`, message }]
  })
}

/** An expression that no reading can change the answer of: most likely a limit in another unit, or `and` where `or` was meant. */
function saysTheSame(rule: Rule): RuleWarning[] {
  const type = ruleTypeOf(rule.type)
  const metric = rule.metric === undefined ? undefined : metricOf(rule.metric)
  const problem = type?.over === 'series' && metric ? type.constant?.(rule, metric) : null
  return problem ? [{ ruleId: rule.id, code: 'constant', ...problem }] : []
}

/** Two rules with the same say over the same limit of the same devices: one wins by its version, which nobody decided. */
function conflict(rule: Rule, other: Rule): RuleWarning[] {
  if (rule.type !== other.type || !sameMetric(rule, other) || rule.metric !== other.metric) return []
  if (!overlap(rule.applies, other.applies) || sayOf(rule) !== sayOf(other)) return []
  const named = limitNames(rule)
  const both = named.filter((name) => limitNames(other).includes(name))
  if (named.length > 0 && both.length === 0) return []
  const over = both.length > 0 ? ` over ${both.join(', ')}` : ''
  const message = `${other.id} is for the same devices and has the same say${over}; narrow one of them`
  return [{ ruleId: rule.id, code: 'conflict', path: '/applies', message }]
}

/** Whatever the limits are of: a value, a change, so many spreads. */
const limitNames = ({ limits }: Rule): unknown[] =>
  Array.isArray(limits) ? limits.map((limit: { name?: unknown }) => limit.name) : []

const sayOf = ({ applies: { deviceId, zoneId, enterpriseId, region, substance, kind, sector, tag }, origin }: Rule): string =>
  [deviceId, zoneId, enterpriseId, region, substance, kind, sector, tag].map((one) => (one === undefined ? '-' : 'x')).join('') +
  origin

const sameMetric = (a: Rule, b: Rule): boolean =>
  a.metric !== undefined && b.metric !== undefined && splitChannel(a.metric).metric === splitChannel(b.metric).metric

const listed = (stated: string | string[]) => (Array.isArray(stated) ? stated : [stated])

/** Some device may be under both. */
function overlap(a: Applies, b: Applies): boolean {
  for (const name of ['deviceId', 'enterpriseId', 'zoneId', 'sector', 'substance'] as const) {
    if (a[name] !== undefined && b[name] !== undefined && a[name] !== b[name]) return false
  }
  if (a.region !== undefined && b.region !== undefined && !a.region.startsWith(b.region) && !b.region.startsWith(a.region)) {
    return false
  }
  if (a.kind === undefined || b.kind === undefined) return true
  return listed(a.kind).some((kind) => listed(b.kind!).includes(kind))
}
