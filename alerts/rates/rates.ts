import type { Kpi, KpiDefinition, KpiFormula, KpiTarget } from '../../core/kpi.ts'
import type { Device, Enterprise } from '../../core/registry.ts'
import type { Tally } from '../measures/device-states.ts'

/** `listenedMs` is null when only the number of readings is known (from history). */
export type DayFacts = { listenedMs: number | null; tallies: ReadonlyMap<string, Tally> }

/** Everything the rates of one day are counted from. */
export type DayBook = {
  day: string
  from: number
  /** end of the day, or now */
  to: number
  enterprises: Enterprise[]
  devices: Device[]
  /** devices that had sent something before `to` */
  entered: ReadonlySet<string>
  /** null: nothing is known of that day */
  facts: DayFacts | null
  /** whose targets hold */
  region: string | null
}

type Counted = { numerator: number; denominator: number; missing: string[] }
type Population = { devices: Device[]; enterprises: Enterprise[]; book: DayBook; tallyOf: (device: Device) => Tally | undefined }

/** One function a formula. Gateways speak for others and count in none of them. */
const formulas: Record<KpiFormula, { needs: 'register' | 'readings' | 'all'; count: (population: Population) => Counted }> = {
  entered: {
    needs: 'register',
    count: ({ devices, book }) => ratio(devices, ({ id }) => book.entered.has(id)),
  },
  online: {
    needs: 'readings',
    count: ({ devices, book, tallyOf }) =>
      ratio(
        devices.filter(({ id }) => book.entered.has(id)),
        (device) => (tallyOf(device)?.received ?? 0) > 0,
      ),
  },
  valid: {
    needs: 'all',
    count({ devices, tallyOf }) {
      let [valid, all] = [0, 0]
      const missing: string[] = []
      for (const device of devices) {
        const { received, invalid, refused } = tallyOf(device) ?? { received: 0, invalid: 0, refused: 0 }
        valid += received - invalid
        all += received + refused
        if (invalid + refused > 0) missing.push(device.id)
      }
      return { numerator: valid, denominator: all, missing }
    },
  },
  'in-service': {
    needs: 'all',
    count({ devices, book, tallyOf }) {
      let [inService, required] = [0, 0]
      const missing: string[] = []
      for (const device of devices) {
        const due = Math.max(0, Math.min(book.facts!.listenedMs ?? 0, book.to - device.createdAt))
        const { onlineMs, outMs } = tallyOf(device) ?? { onlineMs: 0, outMs: 0 }
        const served = Math.min(due, onlineMs - outMs)
        inService += served
        required += due
        if (served < due / 2) missing.push(device.id)
      }
      return { numerator: inService, denominator: required, missing }
    },
  },
  'enterprises-connected': {
    needs: 'readings',
    count({ devices, enterprises, tallyOf }) {
      const connected = new Set(
        devices.filter((device) => (tallyOf(device)?.received ?? 0) > 0).map(({ enterpriseId }) => enterpriseId),
      )
      return ratio(enterprises, ({ id }) => connected.has(id))
    },
  },
}

function ratio<Row extends { id: string }>(rows: Row[], has: (row: Row) => boolean): Counted {
  const missing = rows.filter((row) => !has(row)).map(({ id }) => id)
  return { numerator: rows.length - missing.length, denominator: rows.length, missing }
}

const MISSING_SHOWN = 200
const nobody = { zh: '没有纳入统计的对象', en: 'nothing on the register that it would count' }
const noFacts = { zh: '当日没有可用的数据记录', en: 'nothing is known of that day' }
const notListening = { zh: '平台当日未在接收数据', en: 'the platform was not receiving on that day' }
const onlyReadings = {
  zh: '当日只有历史数据，不知道在线时长和被拒收的报文',
  en: 'of that day only the readings in history are known, not for how long nor what was refused',
}
const nothingCame = { zh: '当日没有收到数据', en: 'nothing was received on that day' }

/** A rate of a day: a pure function of the day's book. What is not known is null, never 0. */
export function rateOf(definition: KpiDefinition, book: DayBook): Kpi {
  const { id, name, says, formula, source } = definition
  const target = targetOf(definition, book)
  const told = { id, name, says, formula, source, target }
  const { needs, count } = formulas[formula]
  const unknown = (why: Kpi['unknown']): Kpi => ({
    ...{ ...told, value: null, numerator: null, denominator: null, unknown: why, met: null, missing: [], missingCount: 0 },
  })
  const population = populationOf(definition, book)
  const isEmpty = formula === 'enterprises-connected' ? population.enterprises.length === 0 : population.devices.length === 0
  if (isEmpty) return unknown(nobody)
  if (needs !== 'register') {
    if (!book.facts) return unknown(noFacts)
    if (book.facts.listenedMs === null && needs === 'all') return unknown(onlyReadings)
    if (book.facts.listenedMs === 0) return unknown(notListening)
  }
  const { numerator, denominator, missing } = count(population)
  if (denominator <= 0) return unknown(formula === 'valid' ? nothingCame : nobody)
  const value = numerator / denominator
  const met = target === null ? null : value >= target.atLeast
  return {
    ...{ ...told, value, numerator, denominator, unknown: null, met },
    ...{ missing: missing.slice(0, MISSING_SHOWN), missingCount: missing.length },
  }
}

function populationOf({ population: { kinds, sectors }, formula }: KpiDefinition, book: DayBook): Population {
  const ofSector = (enterprise: Enterprise) => !sectors || (enterprise.sector !== null && sectors.includes(enterprise.sector))
  let enterprises = book.enterprises.filter(ofSector)
  const ids = new Set(enterprises.map(({ id }) => id))
  const devices = book.devices.filter(
    ({ kind, enterpriseId }) => kind !== 'gateway' && ids.has(enterpriseId) && (!kinds || kinds.includes(kind)),
  )
  if (formula === 'enterprises-connected' && kinds) {
    const listed = new Set(devices.map(({ enterpriseId }) => enterpriseId))
    enterprises = enterprises.filter(({ id }) => listed.has(id))
  }
  return { devices, enterprises, book, tallyOf: ({ id }) => book.facts?.tallies.get(id) }
}

/** The target of that day: the one for the closest region, and of those the newest that had begun. */
function targetOf({ targets }: KpiDefinition, { day, region }: DayBook): KpiTarget | null {
  const holds = targets.filter(
    (target) => target.from <= day && (target.region === undefined || (region ?? '').startsWith(target.region)),
  )
  const closeness = (target: KpiTarget) => target.region?.length ?? 0
  return holds.toSorted((a, b) => closeness(b) - closeness(a) || (a.from < b.from ? 1 : -1))[0] ?? null
}
