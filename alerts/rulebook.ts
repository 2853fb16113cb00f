import type { Static } from 'typebox'
import { metricOf, splitChannel } from '../core/metrics.ts'
import type { RecordEntry } from '../core/record.ts'
import { RuleBaseSchema, type Rule } from '../core/rule.ts'
import { wrongAboutMetric } from './rule-checks.ts'
import { firstError, withDefaults } from './rule-schema.ts'
import { ruleTypeOf, ruleTypes } from './rules/index.ts'
import type { Problem, RuleType } from './rules/rule.ts'

/** A rule that can be put to work: checked, completed, with its type. `options` are the rule's own, with defaults. */
export type ReadyRule = { rule: Rule; type: RuleType; options: Record<string, unknown> }

type RuleEntry = Extract<RecordEntry, { kind: 'rule.set' | 'rule.removed' }>
type Fields = Record<string, unknown>

const baseNames = new Set([...Object.keys(RuleBaseSchema.properties), 'version', 'origin'])
const plain = {
  series: '{device} {metric} {value} {unit}',
  device: '{device}',
  position: '{device} {detail}',
  group: '{detail}',
}
const plainText = (type: RuleType | undefined) => ({ zh: plain[type?.over ?? 'series'], en: plain[type?.over ?? 'series'] })

/** What people who set only the numbers get: title, texts, guidance and latching from the rule it replaces, else plain ones. */
function completed(given: Fields, replaced: Rule | null): Fields {
  const metric = typeof given['metric'] === 'string' ? given['metric'] : null
  const known = metric === null ? undefined : metricOf(metric)
  const name = String(given['id'] ?? '')
  const same = replaced !== null && replaced.type === given['type'] ? replaced : null
  const type = ruleTypeOf(String(given['type']))
  const base: Fields = {
    applies: same?.applies ?? {},
    latching: same?.latching ?? false,
    title: same?.title ?? (known ? { zh: known.zh, en: known.en } : { zh: name, en: name }),
    message: same?.message ?? plainText(type),
    source: given['origin'] === 'person' ? `${name}, set by a person` : name,
    guidance: same?.guidance ?? [],
    enabled: true,
  }
  const habits = type?.complete(given as never, { metric }) ?? {}
  const whole = {
    ...base,
    ...habits,
    ...given,
    ...(given['guidance'] === undefined ? {} : { guidance: steps(given['guidance']) }),
  }
  return (type ? withDefaults(type.options, whole) : whole) as Fields
}

/** Steps may be written as `{zh: [...], en: [...]}`, in the same order in both languages. */
function steps(guidance: unknown): unknown {
  const { zh, en } = (guidance ?? {}) as { zh?: unknown; en?: unknown }
  if (!Array.isArray(zh) || !Array.isArray(en) || zh.length !== en.length) return guidance
  return zh.map((text, i) => ({ zh: text as unknown, en: en[i] as unknown }))
}

/** The rule as it will work, or the first thing that keeps it from working. `path` is a JSON pointer into the rule. */
export function readRule(given: unknown, replaced: Rule | null): ReadyRule | Problem {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return { path: '', message: 'a rule is an object' }
  const type = ruleTypeOf(String((given as Fields)['type']))
  if (!type) return { path: '/type', message: `type must be one of ${ruleTypes.map((one) => one.name).join(', ')}` }
  const whole = completed(given as Fields, replaced)
  const wrong = firstError(RuleBaseSchema, whole) ?? firstError(type.options, whole)
  if (wrong) return wrong
  const optionNames = Object.keys((type.options as unknown as { properties: Fields }).properties)
  const unknown = Object.keys(whole).find((name) => !baseNames.has(name) && !optionNames.includes(name))
  if (unknown !== undefined) {
    return { path: `/${unknown}`, message: `${unknown} is not an option of ${type.name}; known are ${optionNames.join(', ')}` }
  }
  const rule = whole as Rule
  const context = { metric: rule.metric ?? null }
  if (type.needsMetric && rule.metric === undefined) return { path: '/metric', message: `${type.name} needs a metric` }
  if (type.over !== 'series' && rule.metric !== undefined) {
    return { path: '/metric', message: `${type.name} judges devices, not a metric` }
  }
  const options = Object.fromEntries(optionNames.map((name) => [name, whole[name]]))
  const nonsense = type.check(options, context)
  return nonsense ?? wrongAboutMetric(rule) ?? { rule, type, options }
}

export const isReady = (read: ReadyRule | Problem): read is ReadyRule => 'rule' in read

/** A rule as an older or a newer version of the platform recorded it may be anything; it must not keep the others from working. */
function readKept({ rule, pack }: RulebookRow): ReadyRule | Problem {
  try {
    return readRule(rule, pack === rule ? null : pack)
  } catch (error) {
    return { path: '', message: (error as Error).message }
  }
}

/** Which metrics a rule is for: with a channel exactly that series, without one every channel. */
export const coversMetric = (rule: Pick<Static<typeof RuleBaseSchema>, 'metric'>, metric: string): boolean =>
  rule.metric === undefined || rule.metric === metric || rule.metric === splitChannel(metric).metric

/** `fellBack`: a person's rule was taken back and the pack's stands in its place, but is not yet recorded as doing so. */
export type RulebookRow = { id: string; rule: Rule | null; pack: Rule | null; version: number; fellBack: boolean }

/** The rules in force, by what the record says. A person's rule stands over its pack's until it is removed. */
export class Rulebook {
  #rows = new Map<string, RulebookRow>()
  #ready = new Map<string, ReadyRule>()
  #inOrder: ReadyRule[] | null = null
  readonly faults = new Map<string, Problem>()

  /** Takes an entry; the id of the rule that may now decide differently. */
  apply(entry: RuleEntry): string {
    if (entry.kind === 'rule.set') {
      const { rule } = entry
      const before = this.#rows.get(rule.id)
      const pack = rule.origin === 'pack' ? rule : (before?.pack ?? null)
      this.#put({ id: rule.id, rule, pack, version: rule.version, fellBack: false })
      return rule.id
    }
    const before = this.#rows.get(entry.ruleId)
    if (!before) return entry.ruleId
    const version = Math.max(before.version, entry.version)
    // The pack's stands again at once, so that its alarms need not end and come back.
    const fallsBack = before.rule?.origin === 'person' && before.pack !== null
    const pack = fallsBack ? { ...before.pack!, version } : null
    this.#put({ id: entry.ruleId, rule: pack, pack, version, fellBack: pack !== null })
    return entry.ruleId
  }

  restore(rows: Iterable<RulebookRow>): void {
    for (const row of rows) this.#put(row)
  }

  row(id: string): RulebookRow | undefined {
    return this.#rows.get(id)
  }

  rows(): RulebookRow[] {
    return [...this.#rows.values()]
  }

  ready(id: string): ReadyRule | undefined {
    return this.#ready.get(id)
  }

  /** Rules at work, in the order of their ids: the order in which they judge. */
  allReady(): ReadyRule[] {
    this.#inOrder ??= [...this.#ready.values()].sort((a, b) => (a.rule.id < b.rule.id ? -1 : 1))
    return this.#inOrder
  }

  #put(row: RulebookRow): void {
    this.#rows.set(row.id, row)
    this.#ready.delete(row.id)
    this.#inOrder = null
    this.faults.delete(row.id)
    if (!row.rule) return
    const read = readKept(row)
    if (!isReady(read)) this.faults.set(row.id, read)
    else if (read.rule.enabled) this.#ready.set(row.id, read)
  }
}
