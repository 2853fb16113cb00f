import { rounded, timeOfDay, uniform, type DeviceModel, type Moment, type Unit } from './device.ts'

const SECOND = 1_000
const HOUR = 3_600_000
const WORK_BEGINS = 8 * HOUR
const WORK_ENDS = 18 * HOUR
/** Nobody drives for four hours without a rest of twenty minutes; these drivers keep well within that. */
const STINT = 3 * HOUR
const REST = HOUR / 2
/** Stops for crossings and deliveries on one round. */
const STOPS = 6

type Point = { latitude: number; longitude: number }
type Leg = { from: Point; to: Point; metres: number; headingDeg: number }
type Round = { legs: Leg[]; metres: number; durationMs: number }

/**
 * A tank truck driving its round (attribute `round`: "lat,lon lat,lon …", closed) again and again. In the story it sets out
 * from its depot when the story begins, in history it works from 8 to 18 h, else it stands at the depot.
 */
export const vehicle: DeviceModel = {
  kind: 'vehicle',
  periodMs: () => 2 * SECOND,
  historyPeriodMs: () => ({ latitude: 60 * SECOND, longitude: 60 * SECOND, speedKmh: 60 * SECOND, headingDeg: 60 * SECOND }),

  values(unit, moment) {
    const round = roundOf(unit)
    const drivenMs = driving(round, moment)
    const turn = drivenMs === null ? 0 : (drivenMs % round.durationMs) / round.durationMs
    const wave = 2 * Math.PI * STOPS
    // Speed swings between standing and twice the mean; distance is its integral, so position and speed agree.
    const metres = round.metres * (turn - Math.sin(wave * turn) / wave)
    const speedKmh = drivenMs === null ? 0 : (round.metres / round.durationMs) * 3_600 * (1 - Math.cos(wave * turn))
    const { latitude, longitude, headingDeg } = place(round, metres)
    return {
      latitude: rounded(latitude, 6),
      longitude: rounded(longitude, 6),
      speedKmh: rounded(speedKmh, 1),
      headingDeg: rounded(headingDeg, 0) % 360,
    }
  },
}

/** How long it has been driving, or null when it stands at the depot. */
function driving(round: Round, { at, story, told = 0, past }: Moment): number | null {
  if (story !== null) return told + story
  if (!past) return null
  const worked = timeOfDay(at) - WORK_BEGINS
  if (worked < 0) return null
  const stintMs = Math.max(1, Math.floor(STINT / round.durationMs)) * round.durationMs
  const inStint = worked % (stintMs + REST)
  const isTooLate = worked - inStint + stintMs > WORK_ENDS - WORK_BEGINS
  return inStint >= stintMs || isTooLate ? null : inStint
}

const rounds = new Map<string, Round>()

function roundOf(unit: Unit): Round {
  const text = String(unit.attributes['round'])
  const key = `${unit.seed}\n${text}`
  const known = rounds.get(key)
  if (known) return known
  const points = text.split(' ').map((pair) => {
    const [latitude, longitude] = pair.split(',').map(Number)
    return { latitude: latitude!, longitude: longitude! }
  })
  const legs = points.map((from, i) => leg(from, points[(i + 1) % points.length]!)).filter(({ metres }) => metres > 0)
  const metres = legs.reduce((sum, one) => sum + one.metres, 0)
  const meanKmh = 21 + 5 * uniform(unit.seed)
  const round = { legs, metres, durationMs: Math.round((metres / meanKmh) * 3_600) }
  rounds.set(key, round)
  return round
}

const METRES_PER_DEGREE = 111_320

/** Flat earth: the district is a few kilometres wide. */
function leg(from: Point, to: Point): Leg {
  const north = (to.latitude - from.latitude) * METRES_PER_DEGREE
  const east = (to.longitude - from.longitude) * METRES_PER_DEGREE * Math.cos((from.latitude * Math.PI) / 180)
  return { from, to, metres: Math.hypot(north, east), headingDeg: ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360 }
}

function place({ legs }: Round, metres: number): Point & { headingDeg: number } {
  let left = metres
  let last = legs[0]!
  for (const one of legs) {
    last = one
    if (left <= one.metres) break
    left -= one.metres
  }
  const part = Math.min(1, left / last.metres)
  return {
    latitude: last.from.latitude + (last.to.latitude - last.from.latitude) * part,
    longitude: last.from.longitude + (last.to.longitude - last.from.longitude) * part,
    headingDeg: last.headingDeg,
  }
}
