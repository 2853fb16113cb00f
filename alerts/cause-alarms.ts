import type { ConnectionChange } from '../core/connection.ts'
import type { Device, Registry } from '../core/registry.ts'
import type { Rule } from '../core/rule.ts'
import type { StandingCause } from './causes.ts'
import { placeKey, type Moment, type OpenAlarms, type Place } from './open-alarms.ts'
import { PLATFORM_SUBJECT } from './part-alarms.ts'

export const causeKinds = ['gateway', 'power', 'network'] as const
export type CauseKind = (typeof causeKinds)[number]

/** So many devices are named in one entry of the record. */
const NAMED_AT_ONCE = 1_000

type Text = { zh: string; en: string }
const words: Record<CauseKind, { title: Text; said: (name: string, devices: number) => Text; guidance: Text }> = {
  gateway: {
    title: { zh: '网关离线', en: 'Gateway offline' },
    said: (name, n) => ({
      zh: `网关 ${name} 离线，${n} 台设备因此无数据`,
      en: `gateway ${name} is offline: nothing is known of ${n} devices behind it`,
    }),
    guidance: {
      zh: '检查网关的供电和网络，恢复前对其后点位人工巡查',
      en: 'Check power and network of the gateway; patrol what is behind it until it is back',
    },
  },
  power: {
    title: { zh: '站点停电', en: 'Power cut at a site' },
    said: (name, n) => ({
      zh: `${name} 停电，${n} 台设备因此无数据`,
      en: `the power of ${name} is out: nothing is known of ${n} devices there`,
    }),
    guidance: { zh: '核实停电原因，恢复供电前安排人工巡查', en: 'Find out why; patrol in person until the power is back' },
  },
  network: {
    title: { zh: '网络中断', en: 'Network down' },
    said: (_name, n) => ({
      zh: `多数连接同时中断，${n} 台设备因此无数据，请先检查平台侧网络`,
      en: `most connections were lost together: nothing is known of ${n} devices; look at the network of the platform first`,
    }),
    guidance: { zh: '检查平台侧网络和运营商线路', en: 'Check the network of the platform and the lines of the carrier' },
  },
}

/** Not in a pack, as the alarms about the platform: they have no limit to set. */
const ruleOf = (kind: CauseKind): Rule => ({
  id: `cause.${kind}`,
  type: 'cause',
  version: 1,
  origin: 'pack',
  applies: {},
  latching: false,
  title: words[kind].title,
  message: { zh: '{detail}', en: '{detail}' },
  source: 'Platform rule, one alarm for what makes many devices silent at once',
  guidance: [words[kind].guidance],
  enabled: true,
})
const rules: Record<CauseKind, Rule> = { gateway: ruleOf('gateway'), power: ruleOf('power'), network: ruleOf('network') }

/** The gateway a device is behind; records of before it had a place of its own say it in the reason. */
export const carrierIn = ({ via, reason }: ConnectionChange): string | null =>
  via ?? /^behind ([^:]+)(?:$|: )/.exec(reason)?.[1] ?? null

export const siteOf = ({ zoneId }: Device, registry: Registry): string | null =>
  (zoneId === null ? null : registry.zones.get(zoneId)?.siteId) ?? null

/** Raises, changes or clears the alarm of a cause; what is recorded now. */
export function tellCause(alarms: OpenAlarms, registry: Registry, cause: StandingCause, moment: Moment): string[] {
  const { kind, source, devices, told, level } = cause
  const place = placeOf(cause, registry)
  const before = new Set(told)
  const after = new Set(devices)
  const added = devices.filter((id) => !before.has(id))
  const released = told.filter((id) => !after.has(id))
  const detail = words[kind].said(nameOf(cause, registry), devices.length)
  if (devices.length > 0) alarms.breach(place, { level, limitName: null, limit: null, detail }, moment)
  for (let from = 0; from < Math.max(added.length, released.length); from += NAMED_AT_ONCE) {
    const part = (ids: string[]) => ids.slice(from, from + NAMED_AT_ONCE)
    const explained = { added: part(added), released: part(released) }
    const explains = { cause: kind, source: source === '' ? null : source, devices: devices.length }
    alarms.explain(place.key, explains, devices.length > 0 ? detail : null, explained, moment)
  }
  if (devices.length === 0) alarms.clear(place.key, moment)
  return devices
}

function placeOf(cause: StandingCause, registry: Registry): Place {
  const { kind, source, mode } = cause
  const subject = source === '' ? `${PLATFORM_SUBJECT}/${kind}` : `${kind}/${source}`
  const at = { gateway: source, power: somebodyAt(cause, registry), network: PLATFORM_SUBJECT }
  const rule = rules[kind]
  const key = placeKey(mode, rule.id, subject, false)
  return { key, mode, rule, subject, deviceId: at[kind], metric: null, late: false }
}

/** An alarm stands at a device; for a site the first of those it makes silent. */
function somebodyAt({ devices, told }: StandingCause, registry: Registry): string {
  const [first] = [...told, ...devices].sort()
  return first !== undefined && registry.devices.has(first) ? first : PLATFORM_SUBJECT
}

function nameOf({ kind, source }: StandingCause, registry: Registry): string {
  const known = kind === 'gateway' ? registry.devices.get(source) : kind === 'power' ? registry.sites.get(source) : undefined
  return known?.name ?? source
}
