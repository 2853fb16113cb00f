import { Invalid } from '../../core/errors.ts'
import type { KpiAnswer } from '../../core/kpi.ts'
import { dayOf, daySpan } from '../../core/local-time.ts'
import type { KpiQuery } from '../../core/measures.ts'
import { Registry } from '../../core/registry.ts'
import type { KpiSetting } from '../measures/configuration.ts'
import type { Projection } from '../measures/projection.ts'
import { noTally, type Tally } from '../measures/device-states.ts'
import { rateOf, type DayBook, type DayFacts } from './rates.ts'
import { shippedDefinitions } from './definitions.ts'

/** All rates of a day, from the registry, definitions and facts as they stood at its end, or stand now for today. */
export function answerKpi(projection: Projection, query: KpiQuery, now: number): KpiAnswer {
  const { db, zone } = projection
  const today = dayOf(now, zone)
  const { mode, day = today, region, sector, enterpriseId } = query
  const some = query.enterpriseIds && new Set(query.enterpriseIds)
  if (Number.isNaN(Date.parse(`${day}T00:00:00Z`)) || day > today) {
    throw new Invalid('invalid', `day must be a day that has begun, as ${today}`, { field: 'day', example: today })
  }
  const { from, to: end } = daySpan(day, zone)
  const complete = day < today
  const to = complete ? end : now
  const registry = complete ? registryAt(projection, to) : projection.registry
  const isAsked = (row: { id: string; region: string; sector: string | null }) =>
    row.region.startsWith(region ?? '') &&
    (sector === undefined || row.sector === sector) &&
    (enterpriseId === undefined || row.id === enterpriseId) &&
    (!some || some.has(row.id))
  const enterprises = [...registry.enterprises.values()].filter((row) => row.retiredAt === null && isAsked(row))
  const ids = new Set(enterprises.map(({ id }) => id))
  const devices = [...registry.devices.values()].filter(
    (row) => row.mode === mode && row.retiredAt === null && row.createdAt < to && ids.has(row.enterpriseId),
  )
  const counted = projection.factsOf(day, now)
  const facts = counted ?? (query.readings ? fromHistory(query.readings) : null)
  const book: DayBook = {
    ...{ day, from, to, enterprises, devices, facts, region: region ?? null },
    entered: db.enteredBefore(to),
  }
  // Targets are dated, so a day is measured by the definitions that were in force when it ended, or the first ones there were.
  const definitions = db.setting<KpiSetting>('kpi.set', to)?.value.definitions ?? shippedDefinitions
  return {
    ...{ day, from, to, complete, mode, region: region ?? null, sector: sector ?? null, enterpriseId: enterpriseId ?? null },
    source: {
      facts: counted ? 'journal' : facts ? 'history' : 'none',
      registryAt: to,
      coverage: counted && Math.min(1, counted.listenedMs / Math.max(1, to - from)),
    },
    kpis: definitions.map((definition) => rateOf(definition, book)),
  }
}

function fromHistory(readings: Record<string, number>): DayFacts | null {
  const tallies = Object.entries(readings).map(([id, received]): [string, Tally] => [id, { ...noTally(), received }])
  return tallies.length === 0 ? null : { listenedMs: null, tallies: new Map(tallies) }
}

function registryAt({ db }: Projection, before: number): Registry {
  const registry = new Registry()
  for (const row of db.registryAt(before)) registry.apply(row)
  return registry
}
