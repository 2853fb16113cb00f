import { metricOf, splitChannel } from '../core/metrics.ts'
import type { Mode } from '../core/mode.ts'
import type { Series } from '../core/reading.ts'
import { expectedPeriodMs, substanceOf, type Device, type Registry } from '../core/registry.ts'
import type { Applies, Rule } from '../core/rule.ts'
import type { Level } from '../core/level.ts'
import type { Directory } from '../journal/directory.ts'
import type { Place } from './open-alarms.ts'
import { coversMetric, type ReadyRule } from './rulebook.ts'
import { placeOf, SeriesBound, type Share, type Shares } from './series-bound.ts'
import type {
  AnyDeviceRule,
  AnyPositionRule,
  AnySeriesRule,
  PositionFacts,
  Scope,
  SeriesFacts,
  SeriesLimit,
} from './rules/rule.ts'

/** When a series was in breach, so that a resend of those readings is not taken for news. */
export type Episode = { from: number; to: number | null; level: Level }

/** A rule at work on one series or on one device's position, and how far it has got. */
type Working<Type, Facts> = {
  readonly ready: ReadyRule
  readonly type: Type
  readonly options: unknown
  /** tells whether the options changed though the rule did not: another rule took some of its limits */
  readonly signature: string
  readonly place: Place
  readonly latePlace: Place
  readonly facts: Facts
  state: unknown
  wakeAt: number | null
  late: { state: unknown; at: number } | null
  episodes: readonly Episode[]
}
export type Bound = Working<AnySeriesRule, SeriesFacts> & { readonly above: number; readonly below: number }
export type PositionBound = Working<AnyPositionRule, PositionFacts>
export type AnyBound = Bound | PositionBound

export type DeviceBound = { ready: ReadyRule; type: AnyDeviceRule; options: unknown; place: Place }

const includes = (stated: string | string[], is: string) => (Array.isArray(stated) ? stated.includes(is) : stated === is)

/** What an installation calls itself besides its kind: attribute `tags`, parted by commas. */
const tagsOf = ({ attributes }: Device): string[] =>
  String(attributes['tags'] ?? '')
    .split(',')
    .map((tag) => tag.trim())

export function appliesTo(applies: Applies, device: Device, substance: string | null, registry: Registry): boolean {
  const enterprise = registry.enterprises.get(device.enterpriseId)
  if (applies.kind !== undefined && !includes(applies.kind, device.kind)) return false
  if (applies.deviceId !== undefined && applies.deviceId !== device.id) return false
  if (applies.enterpriseId !== undefined && applies.enterpriseId !== device.enterpriseId) return false
  if (applies.zoneId !== undefined && applies.zoneId !== device.zoneId) return false
  if (applies.region !== undefined && !enterprise?.region.startsWith(applies.region)) return false
  if (applies.sector !== undefined && applies.sector !== enterprise?.sector) return false
  if (applies.tag !== undefined && !tagsOf(device).includes(applies.tag)) return false
  return applies.substance === undefined || applies.substance === substance?.toLowerCase()
}

/** A device that is judged: it and its enterprise are in service. */
export const isInService = (device: Device | undefined, registry: Registry): device is Device =>
  device !== undefined && device.retiredAt === null && !registry.enterprises.get(device.enterpriseId)?.retiredAt

/** Point before zone before enterprise before region before everybody. */
function closeness({ deviceId, zoneId, enterpriseId, region }: Applies): number {
  if (deviceId !== undefined) return 4
  if (zoneId !== undefined) return 3
  if (enterpriseId !== undefined) return 2
  return region === undefined ? 0 : 1
}

/** How much a rule says about what it is for, besides where: one for hydrogen sulfide before one for every gas. */
const narrowness = ({ rule }: ReadyRule): number =>
  Number(rule.applies.substance !== undefined) +
  Number(rule.applies.kind !== undefined) +
  Number(rule.applies.sector !== undefined) +
  Number(rule.applies.tag !== undefined) +
  Number(rule.metric?.includes('#') === true)

/** Which of two rules on the same series has the say: the closer one, then a person's, the narrower, the newer version. */
function hasTheSay(a: ReadyRule, b: ReadyRule): boolean {
  const byPerson = ({ rule }: ReadyRule) => Number(rule.origin === 'person')
  const order =
    closeness(a.rule.applies) - closeness(b.rule.applies) ||
    byPerson(a) - byPerson(b) ||
    narrowness(a) - narrowness(b) ||
    a.rule.version - b.rule.version
  return order !== 0 ? order > 0 : a.rule.id < b.rule.id
}

type Limits = { limits: { name: string }[] }
const limitsOf = ({ options }: ReadyRule) => (options as Limits).limits

/** What is left of a rule beside the others on the same series, and whose limits it stands over. */
type Remainder = { options: Record<string, unknown>; over: string[] }

/**
 * Limits have one winner: of the rules on the same series the one with the say has it over each limit it names, the others keep
 * those it does not. So a point's own H silences the region's H and never its HH.
 */
function shareOf(ready: ReadyRule, all: ReadyRule[]): Remainder | null {
  if (ready.type.name !== 'threshold') return { options: ready.options, over: [] }
  const others = all.filter((other) => other !== ready && other.type.name === 'threshold')
  const taken = new Set(
    others.filter((other) => hasTheSay(other, ready)).flatMap((other) => limitsOf(other).map(({ name }) => name)),
  )
  const limits = limitsOf(ready).filter(({ name }) => !taken.has(name))
  if (limits.length === 0) return null
  const names = new Set(limits.map(({ name }) => name))
  const over = others.filter((other) => limitsOf(other).some(({ name }) => names.has(name))).map(({ rule }) => rule.id)
  return { options: { ...ready.options, limits }, over }
}

/** The rule as its alarms name it: with the rules its limits stand over. */
const naming = (rule: Rule, over: string[]): Rule =>
  over.length === 0 ? rule : { ...rule, source: `${rule.source} (stands over ${over.join(', ')})` }

function factsOf(series: Series, device: Device, limits: readonly SeriesLimit[], hasLimits: boolean): SeriesFacts {
  return {
    expectedPeriodMs: expectedPeriodMs(device),
    needsSubstance: metricOf(series.metric)?.needsSubstance === true,
    substance: substanceOf(device, splitChannel(series.metric).channel),
    hasLimits,
    limits,
    attributes: device.attributes,
  }
}

const known = new WeakMap<readonly ReadyRule[], Map<string, Shares>>()

/** The shares of rules that stand on a series together, for every series on which these do. */
function sharesOf(covering: ReadyRule[], rules: readonly ReadyRule[]): Shares {
  const together = known.get(rules) ?? new Map<string, Shares>()
  if (together.size === 0) known.set(rules, together)
  const ids = covering.map(({ rule }) => rule.id).join(' ')
  const before = together.get(ids)
  if (before) return before
  const remainders = covering.map((ready) => ({ ready, remainder: shareOf(ready, covering) }))
  const shares = remainders.flatMap(({ ready, remainder }): Share[] => {
    if (!remainder) return []
    const { options, over } = remainder
    const signature = `${ready.rule.version} ${JSON.stringify(options)}`
    return [{ ready, type: ready.type as AnySeriesRule, options, rule: naming(ready.rule, over), signature, quiet: null }]
  })
  // Who finds that a value is doubtful is asked before those who are to know.
  shares.sort((a, b) => Number(a.type.doubts === undefined) - Number(b.type.doubts === undefined))
  const limitShares = shares.filter(({ type }) => type.name === 'threshold')
  const limits = limitShares.flatMap(({ options }) => (options as { limits?: SeriesLimit[] }).limits ?? [])
  const made = { shares, limits, hasLimits: covering.some(({ type }) => type.name === 'threshold') }
  together.set(ids, made)
  return made
}

/** The rules of a series in the order they judge, each at its start. `rules` is the same list until a rule changes. */
export function bindSeries(series: Series, device: Device, rules: readonly ReadyRule[], registry: Registry): Bound[] {
  const substance = substanceOf(device, splitChannel(series.metric).channel)
  const covering = rules.filter(
    ({ rule, type }) =>
      type.over === 'series' && coversMetric(rule, series.metric) && appliesTo(rule.applies, device, substance, registry),
  )
  const { shares, limits, hasLimits } = sharesOf(covering, rules)
  const facts = factsOf(series, device, limits, hasLimits)
  return shares.map((share) => new SeriesBound(share, series, facts))
}

/** The rules that judge where a device is. */
export function bindPosition(
  mode: Mode,
  device: Device,
  rules: ReadyRule[],
  { registry, fences }: Pick<Directory, 'registry' | 'fences'>,
): PositionBound[] {
  const substance = substanceOf(device, null)
  const facts: PositionFacts = {
    ...{ expectedPeriodMs: expectedPeriodMs(device), attributes: device.attributes },
    fences: fences.of(mode),
  }
  return rules
    .filter(({ rule, type }) => type.over === 'position' && appliesTo(rule.applies, device, substance, registry))
    .map((ready): PositionBound => {
      const type = ready.type as AnyPositionRule
      return {
        ready,
        type,
        options: ready.options,
        signature: String(ready.rule.version),
        place: placeOf(mode, ready.rule, device.id, device.id, type.about, false),
        latePlace: placeOf(mode, ready.rule, device.id, device.id, type.about, true),
        facts,
        state: type.start,
        wakeAt: null,
        late: null,
        episodes: [],
      }
    })
}

export function bindDevice(device: Device, rules: ReadyRule[], registry: Registry): DeviceBound[] {
  return rules
    .filter(({ rule, type }) => type.over === 'device' && appliesTo(rule.applies, device, null, registry))
    .map((ready) => ({
      ready,
      type: ready.type as AnyDeviceRule,
      options: ready.options,
      place: placeOf(device.mode, ready.rule, device.id, device.id, null, false),
    }))
}

/** The device is one of those a rule over groups is for. */
export const isMember = ({ rule }: ReadyRule, device: Device, registry: Registry): boolean =>
  appliesTo(rule.applies, device, substanceOf(device, null), registry)

/** The group of a device, as an alarm's subject; null when it is in none. A convoy is one of an enterprise. */
export function groupOf(scope: Scope, device: Device, registry: Registry): string | null {
  const { enterpriseId, zoneId } = device
  const siteId = zoneId === null ? null : (registry.zones.get(zoneId)?.siteId ?? null)
  if (scope === 'zone') return zoneId === null ? null : `zone:${zoneId}`
  if (scope === 'site') return siteId === null ? null : `site:${siteId}`
  if (scope === 'enterprise') return `enterprise:${enterpriseId}`
  const value = device.attributes[scope.attribute]
  return value === undefined || value === null || value === '' ? null : `${scope.attribute}:${enterpriseId}/${String(value)}`
}
