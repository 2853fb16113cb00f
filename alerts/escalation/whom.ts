import type { Contact } from '../../core/contact.ts'
import type { LadderStep } from '../../core/ladder.ts'
import type { ChannelFacts } from '../../core/push.ts'
import { dutyRoles, type DutyRole, type OnDuty } from '../../core/roster.ts'
import type { Limited } from './limits.ts'

/** What a decision needs to know of the world: who can be reached how, and how the channels are doing. */
export type World = {
  /** the written reports that are due, by alarm */
  reports?: ReadonlyMap<string, { zh: string; en: string }>

  /** people by id; who is unknown, disabled or gone is not in it */
  people: ReadonlyMap<string, Contact>
  /** contacts of enterprises that hold a position there */
  enterprises: ReadonlyMap<string, readonly Contact[]>
  channels: readonly ChannelFacts[]
}

/** One way to one recipient; `otherwise` are the ways that are left should it fail. */
export type Way = { personId: string | null; channel: string; otherwise: string[] }

export const APP = 'app'
/** Pages show every alarm to whoever is at them: nothing is sent there. */
const shownAnyway = new Set(['desk', 'wall'])
const kinds: Record<string, readonly string[]> = {
  im: ['wecom', 'dingtalk', 'feishu'],
  sms: ['sms', 'modem'],
  voice: ['voice'],
  mail: ['mail'],
  broadcast: ['broadcast'],
}

export function limitOf(channel: string, channels: readonly ChannelFacts[]): Limited | null {
  const type = channels.find(({ name }) => name === channel)?.type
  if (type === 'voice') return 'voice'
  return type === 'sms' || type === 'modem' ? 'sms' : null
}

/** A name of the settings, else every channel of that kind, those in good order first. */
function named(wanted: string, channels: readonly ChannelFacts[]): ChannelFacts[] {
  const own = channels.filter(({ name }) => name === wanted)
  const found = own.length > 0 ? own : channels.filter(({ type }) => kinds[wanted]?.includes(type))
  return [...found.filter(({ state }) => state === 'ok'), ...found.filter(({ state }) => state !== 'ok')]
}

const reaches = ({ addressOf }: ChannelFacts, { addresses }: Contact): boolean =>
  addressOf !== null && addresses[addressOf] !== undefined

/** The ways a step goes to one person: each wanted kind once, the others in reserve. */
export function waysTo(contact: Contact, { channels, otherwise = [] }: LadderStep, all: readonly ChannelFacts[]): Way[] {
  const { personId } = contact
  const able = (wanted: string) => named(wanted, all).filter((one) => reaches(one, contact))
  const reserve = otherwise.flatMap(able)
  const ways: Way[] = channels.includes(APP) ? [{ personId, channel: APP, otherwise: [] }] : []
  const add = (candidates: ChannelFacts[]) => {
    const free = candidates.filter(({ name }) => !ways.some(({ channel }) => channel === name))
    // One that fails is not tried first while another is well.
    const [first, ...rest] = [...free.filter(({ state }) => state === 'ok'), ...free.filter(({ state }) => state !== 'ok')]
    if (first) ways.push({ personId, channel: first.name, otherwise: [...new Set(rest.map(({ name }) => name))] })
  }
  for (const wanted of channels) if (able(wanted).length > 0) add([...able(wanted), ...reserve])
  if (asksForPerson(channels) && !isHeard(ways)) add(reserve)
  return ways
}

/** It is to ring, vibrate or lie in somebody's mail, not only to stand on a page. */
const asksForPerson = (channels: readonly string[]): boolean =>
  channels.some((one) => one !== APP && !shownAnyway.has(one) && one !== 'im' && one !== 'broadcast')

/** Nothing is sent to anybody: it only stands on the pages. */
export const isOnlyPages = (channels: readonly string[]): boolean => channels.every((one) => one === APP || shownAnyway.has(one))

/** Groups and loudspeakers: the channel is the address. */
export const waysToGroups = ({ channels }: LadderStep, all: readonly ChannelFacts[]): Way[] =>
  channels
    .flatMap((wanted) => named(wanted, all))
    .filter(({ addressOf }) => addressOf === null)
    .map(({ name }) => ({ personId: null, channel: name, otherwise: [] }))

/** Somebody beyond the pages hears of it. */
export const isHeard = (ways: readonly Way[]): boolean => ways.some(({ channel }) => channel !== APP)

/** Who holds a role, or who is next above: an unknown, disabled or unreachable person is passed over at once. */
export function reachableOnDuty(
  duty: OnDuty,
  role: DutyRole,
  step: LadderStep,
  world: World,
): { ways: Way[]; role: DutyRole } | null {
  let onlyPages: { ways: Way[]; role: DutyRole } | null = null
  for (const at of dutyRoles.slice(dutyRoles.indexOf(role))) {
    const contact = world.people.get(duty.people[at])
    if (!contact) continue
    const ways = waysTo(contact, step, world.channels)
    if (isHeard(ways) || (!asksForPerson(step.channels) && ways.length > 0)) return { ways, role: at }
    if (ways.length > 0) onlyPages ??= { ways, role: at }
  }
  return onlyPages
}

/** The division a region belongs to, null for a province. */
export function above(region: string): string | null {
  if (region.length > 9) return region.slice(0, 9)
  if (region.length > 6) return region.slice(0, 6)
  if (!region.endsWith('00')) return `${region.slice(0, 4)}00`
  return region.endsWith('0000') ? null : `${region.slice(0, 2)}0000`
}
