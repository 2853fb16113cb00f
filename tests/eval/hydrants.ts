import type { Rule } from '../../core/rule.ts'
import { readRows } from './data.ts'
import { Stage, type Raised, type Value } from './stage.ts'

const HOUR = 3_600_000
const WEEK = 7 * 24 * HOUR
/** What an event did to the pressure is over only some time after it. */
const AFTERMATH_MS = HOUR
/** What happens in the water is felt at every hydrant; what happens to a sensor at its own. */
const inTheWater = new Set(['hydrant_open', 'leak_abrupt', 'leak_incipient', 'burst'])

type Event = { kind: string; node: string; from: number; to: number }
export type EventFound = Event & { delayMs: number | null; by: string | null; rules: string[] }
/** `lostReports`: silences that were real but have no label, two reports in a row lost by chance. */
export type HydrantResult = { events: EventFound[]; weeks: number; falseAlarms: Raised[]; lostReports: number }

const SILENCE = 'device.silent'
/** Silence is found by silence alone: a report lost by chance during a leak is no sign of the leak. */
const explains = ({ kind, node, from, to }: Event, { device, at, rule }: Raised): boolean =>
  at >= from &&
  at <= to + AFTERMATH_MS &&
  (rule === SILENCE) === (kind === 'comm_loss') &&
  (inTheWater.has(kind) || device === node)

/** The network through the engine, with the rules that ship and perhaps more; the events are looked at when all is over. */
export function evaluateHydrants(extra: Rule[] = []): HydrantResult {
  const names = Array.from({ length: 12 }, (_, i) => `H${String(i + 1).padStart(2, '0')}`)
  const rows = readRows('hydrant_epanet/pressures.csv')
  const from = Date.parse(rows[0]![0]!)
  const stage = new Stage(
    from,
    names.map((id) => ({ id, kind: 'hydrant', attributes: { expectedPeriodMs: 300_000 } })),
    extra,
  )
  for (const [time, ...cells] of rows) {
    const values = names.flatMap((device, i): Value[] =>
      cells[i] === '' ? [] : [{ device, metric: 'pressureMpa', value: Number(cells[i]) }],
    )
    stage.hear(Date.parse(time!), values)
  }
  const to = Date.parse(rows.at(-1)![0]!)
  const events = readRows('hydrant_epanet/events.csv').map(([kind, node, start, end]): Event => ({
    kind: kind!,
    node: node!,
    from: Date.parse(start!),
    to: Date.parse(end!),
  }))
  return { ...judge(events, stage.raised), weeks: (to - from) / WEEK }
}

function judge(events: Event[], raised: Raised[]): Omit<HydrantResult, 'weeks'> {
  const found = events.map((event): EventFound => {
    const heard = raised.filter((one) => one.at <= event.to && explains(event, one))
    const first = heard[0]
    const rules = [...new Set(heard.map(({ rule }) => rule))]
    return { ...event, delayMs: first ? first.at - event.from : null, by: first?.rule ?? null, rules }
  })
  const rest = raised.filter((one) => !events.some((event) => explains(event, one)))
  const falseAlarms = rest.filter(({ rule }) => rule !== SILENCE)
  return { events: found, falseAlarms, lostReports: rest.length - falseAlarms.length }
}
