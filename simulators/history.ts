import type { Fleet, Channel, FleetUnit } from './fleet.ts'
import type { Link } from './link.ts'
import type { Values } from './devices/device.ts'

const HOUR = 3_600_000
/** Below the platform's 1,000 keys a message. */
const VALUES_A_MESSAGE = 900
const IN_FLIGHT = 24

type Past = { unit: FleetUnit; ts: number; values: Values }

/** Everything a channel's devices reported in from ≤ t < to, in order of time, on a grid that does not depend on the range. */
export function pastOf(channel: Channel, from: number, to: number): Past[] {
  const past: Past[] = []
  for (const unit of channel.units) {
    const periods = Object.entries(unit.model.historyPeriodMs(unit))
    const finest = Math.min(...periods.map(([, period]) => period))
    // Each device reports at its own second of the period, or all would answer in the same millisecond.
    const offset = unit.phaseMs % finest
    for (let slot = Math.ceil((from - offset) / finest) * finest; slot + offset < to; slot += finest) {
      const due = periods.filter(([, period]) => slot % period === 0)
      if (due.length === 0) continue
      const ts = slot + offset
      const all = unit.model.values(unit, { at: ts, story: null, past: true })
      past.push({ unit, ts, values: Object.fromEntries(due.map(([metric]) => [metric, all[metric]!])) })
    }
  }
  return past.sort((a, b) => a.ts - b.ts)
}

/** The same as messages: `[{ts,values}]` of a device itself, `{device:[{ts,values}]}` of those behind a gateway. */
export function* messagesOf(channel: Channel, past: Past[]): Generator<{ topic: string; payload: string; values: number }> {
  const own = past.filter(({ unit }) => unit.id === channel.deviceId)
  for (const { items, values } of parcels(own)) {
    yield { topic: 'v1/devices/me/telemetry', payload: JSON.stringify(items.map(({ ts, values }) => ({ ts, values }))), values }
  }
  for (const { items, values } of parcels(past.filter(({ unit }) => unit.id !== channel.deviceId))) {
    const byDevice: Record<string, { ts: number; values: Values }[]> = {}
    for (const { unit, ts, values } of items) (byDevice[unit.id] ??= []).push({ ts, values })
    yield { topic: 'v1/gateway/telemetry', payload: JSON.stringify(byDevice), values }
  }
}

function* parcels(past: Past[]): Generator<{ items: Past[]; values: number }> {
  let items: Past[] = []
  let values = 0
  for (const one of past) {
    const size = Object.keys(one.values).length
    if (values + size > VALUES_A_MESSAGE) {
      yield { items, values }
      items = []
      values = 0
    }
    items.push(one)
    values += size
  }
  if (items.length > 0) yield { items, values }
}

/**
 * Sends the past of all channels as backfill, hour by hour in order of time; resolves with the number of acknowledged values
 * once everything is. Raises what the link raises when something was not.
 */
export async function sendHistory(fleet: Fleet, links: Map<string, Link>, from: number, to: number): Promise<number> {
  let acknowledged = 0
  const waiting = new Set<Promise<void>>()
  for (let begin = from; begin < to;) {
    const end = Math.min(to, Math.floor(begin / HOUR) * HOUR + HOUR)
    for (const channel of fleet.channels) {
      for (const { topic, payload, values } of messagesOf(channel, pastOf(channel, begin, end))) {
        const sent: Promise<void> = links
          .get(channel.deviceId)!
          .publish(topic, payload)
          .then(() => {
            acknowledged += values
            waiting.delete(sent)
          })
        waiting.add(sent)
        if (waiting.size >= IN_FLIGHT) await Promise.race(waiting)
      }
    }
    begin = end
  }
  await Promise.all(waiting)
  return acknowledged
}
