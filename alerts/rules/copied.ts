import { Type, type Static } from 'typebox'
import { metricOf } from '../../core/metrics.ts'
import { LevelSchema } from '../../core/rule.ts'
import type { SeriesRule, Verdict } from './rule.ts'

const OptionsSchema = Type.Object({
  level: LevelSchema,
  matches: Type.Integer({
    minimum: 2,
    maximum: 20,
    default: 3,
    description: 'so many landmarks of the past in the same order are a copy; there is one in about 64 readings',
  }),
  resolution: Type.Number({ minimum: 0, description: "the sensor's last digit; readings this close to zero say nothing" }),
  offDelayMs: Type.Number({
    minimum: 0,
    maximum: 30 * 86_400_000,
    default: 86_400_000,
    description: 'over after so long without a match',
  }),
})
type Options = Static<typeof OptionsSchema>

/**
 * Landmarks: values after which a hash of the last eleven changes happens to begin with zeros. They lie where the
 * data says, so a copy has the same ones wherever it begins. `recent` are the last values that changed, `past` the landmarks,
 * oldest first, `at` the place of the last match among them, `run` how many came in order, `missed` how many since were new.
 */
type State = { hash: number; recent: number[]; past: number[]; at: number; run: number; missed?: number; copiedAt: number | null }
const start: State = { hash: 0, recent: [], past: [], at: -1, run: 0, copiedAt: null }

const SPAN = 11
/** Fewer different values than this come again by chance. */
const DIFFERENT = 6
/** A landmark has none of these bits: one in 64, and all eleven values have a part in them. */
const LANDMARK_BITS = 0xfc000000
/** About four thousand readings back. */
const LANDMARKS = 64

/** The hash with one more value in it; what came more than eleven values ago has been shifted out. */
function hashed(hash: number, value: number, resolution: number): number {
  let step = Math.imul(Math.round(value / (resolution || 1e-9)) | 0, 0x9e3779b1)
  step = Math.imul(step ^ (step >>> 15), 0x735a2d97)
  return ((hash << 3) ^ step ^ (step >>> 15)) | 0
}

/** A reading that came late, then or now, changes the landmarks around it: so many of a run may be missing or new. */
const MISSING = 2

/** The place of a landmark in the past: where the run goes on, else anywhere. */
function placeOf({ past, at }: State, landmark: number): number {
  const next = at < 0 ? -1 : past.slice(at + 1, at + 2 + MISSING).indexOf(landmark)
  return next < 0 ? past.indexOf(landmark) : at + 1 + next
}

/** The state after a landmark: it continues a run, begins one, or is new. */
function passed(state: State, landmark: number, at: number, matches: number): State {
  const { past } = state
  const found = placeOf(state, landmark)
  const missed = found < 0 ? (state.missed ?? 0) + 1 : 0
  const isOver = missed > MISSING
  const goesOn = state.at >= 0 && found > state.at && found <= state.at + 1 + MISSING
  const run = found < 0 ? (isOver ? 0 : state.run) : goesOn ? state.run + 1 : 1
  const place = found < 0 ? (isOver ? -1 : state.at) : found
  const kept = [...past, landmark].slice(-LANDMARKS)
  const moved = past.length === LANDMARKS && place >= 0 ? place - 1 : place
  const copiedAt = found >= 0 && run >= matches ? at : state.copiedAt
  return { ...state, past: kept, at: moved, run, missed, copiedAt }
}

/**
 * Breaches when a series says again what it said before, change for change: a recording is being played instead of a sensor. A
 * device that plays another's readings is found by rules over several devices.
 */
export const copied: SeriesRule<Options, State> = {
  name: 'copied',
  over: 'series',
  options: OptionsSchema,
  needsMetric: true,
  hearsBad: false,
  start,

  complete(_options, { metric }) {
    const known = metricOf(metric ?? '')
    return { resolution: known ? 10 ** -known.digits : 0 }
  },

  check(_options, { metric }) {
    const known = metricOf(metric ?? '')
    if (known?.kind === 'flag')
      return { path: '/metric', message: `${metric} is a 0/1 metric; it says the same again all the time` }
    return null
  },

  resume: () => ({ ...start, copiedAt: 0 }),

  step(options, before, { value, at, quality, held }) {
    const isNews = !held && Math.abs(value) > options.resolution && value !== before.recent.at(-1)
    let state = before
    if (isNews) {
      const recent = before.recent.length < SPAN ? before.recent.slice() : before.recent.slice(1)
      recent.push(value)
      const hash = hashed(before.hash, value, options.resolution)
      state = { ...before, hash, recent }
      const isLandmark = (hash & LANDMARK_BITS) === 0 && recent.length === SPAN && new Set(recent).size >= DIFFERENT
      if (isLandmark) state = passed(state, hash, at, options.matches)
    }
    if (state.copiedAt === null) return { state, verdict: quality === 'good' ? 'clear' : 'unchanged', wakeAt: null }
    if (at - state.copiedAt < options.offDelayMs || quality !== 'good') {
      const verdict: Verdict = state === before ? 'unchanged' : { level: options.level, limitName: null, limit: null }
      return { state, verdict, wakeAt: null }
    }
    return { state: { ...state, copiedAt: null }, verdict: 'clear', wakeAt: null }
  },

  quiet({ resolution }) {
    return resolution === 0 ? null : { above: -resolution, below: resolution }
  },
}
