import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Level } from '../../core/level.ts'
import { deviceKindNames } from '../../core/device-kind.ts'
import type { MetricName } from '../../core/metrics.ts'
import type { Thresholds } from './schema.ts'

/** A metric of the catalogue, or one channel of it. */
export type MetricKey = MetricName | `${MetricName}#${string}`

/** What is read of a rule that ships: the packs are data for us, as for the platform. */
type PackRule = {
  type: string
  metric?: string
  level?: Level
  limits?: ({ level: Level } & ({ above: number } | { below: number }))[]
  applies?: { kind?: string | string[]; substance?: string }
}

const dir = join(import.meta.dirname, '../../alerts/packs')
const rules = readdirSync(dir)
  .filter((file) => file.endsWith('.yaml'))
  .sort()
  .flatMap((file) => (parse(readFileSync(join(dir, file), 'utf8')) as { rules: PackRule[] }).rules)

export const levelColours: Record<Level, string> = { red: '#E02B33', orange: '#F58F1B', yellow: '#E5C100', blue: '#4F9BF5' }
export const noColour = 'transparent'

const speaksOf = (rule: PackRule, kind: string) => rule.applies?.kind === undefined || [rule.applies.kind].flat().includes(kind)

/**
 * The limits that ship for a metric, as bands. None where kinds on the same panel have different ones, or where they depend on
 * the substance, which InfluxDB does not know: a wrong band is worse than none. A site may have set others; the alarm itself
 * says which one it crossed.
 */
export function shippedLimits(metric: MetricKey, kinds: readonly string[]): Thresholds | undefined {
  const known = rules.filter((one) => one.type === 'threshold' && one.metric === metric && one.applies?.substance === undefined)
  const ofKind = (kinds.length > 0 ? kinds : deviceKindNames).map(
    (kind) => known.find((rule) => speaksOf(rule, kind))?.limits ?? [],
  )
  const [limits = []] = ofKind
  if (limits.length === 0 || ofKind.some((others) => JSON.stringify(others) !== JSON.stringify(limits))) return undefined
  const lows = limits.filter((limit) => 'below' in limit).sort((a, b) => a.below - b.below)
  const highs = limits.filter((limit) => 'above' in limit).sort((a, b) => a.above - b.above)
  const colours = [...lows.map(({ level }) => levelColours[level]), noColour, ...highs.map(({ level }) => levelColours[level])]
  const edges = [null, ...lows.map(({ below }) => below), ...highs.map(({ above }) => above)]
  return { mode: 'absolute', steps: edges.map((value, i) => ({ value, color: colours[i]! })) }
}

/** How bad it is when a 0/1 metric says so: the worst level any rule that ships gives it. */
export function levelOfState(metric: MetricName): Level | null {
  const order: Level[] = ['red', 'orange', 'yellow', 'blue']
  const found = rules.filter((one) => one.type === 'state' && one.metric === metric).map(({ level }) => level)
  return order.find((level) => found.includes(level)) ?? null
}
