import { splitChannel } from './metrics.ts'
import {
  endOf,
  isTest,
  longestWindowMs,
  startOf,
  type DeclaredWindow,
  type SuppressionWindow,
  type WindowPoint,
} from './window.ts'

const HOUR_MS = 3_600_000

/**
 * How much of its time a point may be under test. Tests that overlap are one, which lasts no longer than one may; the next begins
 * only after the point was heard for as long. Our own choice: alarm-management.md bounds one window and says nothing of the next.
 */
export const LONGEST_TEST_MS = longestWindowMs.calibration
export const TESTS_APART_MS = 2 * HOUR_MS
export const TEST_A_DAY_MS = 4 * HOUR_MS
const DAY_MS = 24 * HOUR_MS

type Stretch = { from: number; until: number }
type Known = Stretch & { windowId: string }

/** `too-long`: together with those it overlaps · `too-soon` after or before another · `too-much` in 24 hours. */
export type NoRoom = {
  why: 'too-long' | 'too-soon' | 'too-much'
  point: WindowPoint
  /** the window in the way, and until when it covers the point */
  windowId: string
  until: number
  /** from when a window as long as this would be possible */
  possibleAt: number
}

/** They have a quantity in common. */
export function isSamePoint(a: WindowPoint, b: WindowPoint): boolean {
  if (a.device !== b.device) return false
  if (a.metric === null || b.metric === null || a.metric === b.metric) return true
  return splitChannel(a.metric).metric === b.metric || splitChannel(b.metric).metric === a.metric
}

/** When tests cover or covered the point, each as the record has it. */
function testsOf(point: WindowPoint, windows: Iterable<SuppressionWindow>, except: string): Known[] {
  const known: Known[] = []
  for (const window of windows) {
    if (window.id === except || !isTest(window.kind) || !window.points.some((one) => isSamePoint(one, point))) continue
    // A panel's own is recorded a moment after it is judged: its beginning is what both know.
    const [from, until] = [window.byDevice ? window.from : startOf(window), endOf(window)]
    if (from < until) known.push({ from, until, windowId: window.id })
  }
  return known.sort((a, b) => a.from - b.from || a.until - b.until)
}

/** Those that overlap are one; those that only touch are two. */
function joined(stretches: Stretch[]): Stretch[] {
  const result: Stretch[] = []
  for (const { from, until } of [...stretches].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1)
    if (last && from < last.until) last.until = Math.max(last.until, until)
    else result.push({ from, until })
  }
  return result
}

const within = (stretches: Stretch[], from: number, until: number): number =>
  stretches.reduce((sum, one) => sum + Math.max(0, Math.min(one.until, until) - Math.max(one.from, from)), 0)

function inTheWay(asked: Stretch, known: Known[]): Pick<NoRoom, 'why' | 'windowId' | 'until'> | null {
  const all = joined([...known, asked])
  const whole = all.find(({ from, until }) => from <= asked.from && asked.until <= until)!
  const last = (fits: (one: Known) => boolean) => known.findLast(fits)
  if (whole.until - whole.from > LONGEST_TEST_MS) {
    const other = last(({ from, until }) => from < whole.until && until > whole.from)
    return { why: 'too-long', windowId: other?.windowId ?? '', until: other?.until ?? asked.until }
  }
  const near = last(
    ({ from, until }) =>
      (until <= whole.from && whole.from - until < TESTS_APART_MS) ||
      (from >= whole.until && from - whole.until < TESTS_APART_MS),
  )
  if (near) return { why: 'too-soon', windowId: near.windowId, until: near.until }
  const isFull = all.some(
    ({ until }) => until >= whole.until && until - DAY_MS < whole.until && within(all, until - DAY_MS, until) > TEST_A_DAY_MS,
  )
  if (!isFull) return null
  const other = known.at(-1)!
  return { why: 'too-much', windowId: other.windowId, until: other.until }
}

/** Why a test cannot cover all of its points from then on; null when it can. */
export function noRoomFor(
  asked: Pick<DeclaredWindow, 'id' | 'kind' | 'points' | 'from' | 'until'>,
  windows: Iterable<SuppressionWindow>,
  at: number,
): NoRoom | null {
  const all = [...windows]
  const from = Math.max(asked.from, at)
  const until = Math.min(asked.until, asked.from + longestWindowMs[asked.kind])
  for (const point of asked.points) {
    const known = testsOf(point, all, asked.id)
    const found = inTheWay({ from, until }, known)
    if (!found) continue
    const lasts = until - from
    const possibleAt = known
      .flatMap((one) => [one.until + TESTS_APART_MS, one.until + DAY_MS - lasts, one.until + DAY_MS])
      .sort((a, b) => a - b)
      .find((start) => start > from && inTheWay({ from: start, until: start + lasts }, known) === null)
    return { ...found, point, possibleAt: possibleAt ?? from }
  }
  return null
}

/** Until when a test that begins now by itself may last at the point: now itself, when it may not begin. */
export function roomUntil(point: WindowPoint, windows: Iterable<SuppressionWindow>, at: number): number {
  const known = testsOf(point, windows, '')
  const past = joined(known.filter(({ from }) => from <= at))
  const running = past.find(({ until }) => until > at)
  const before = past.findLast(({ until }) => until <= at)
  if (!running && before && at - before.until < TESTS_APART_MS) return at
  const spent = within(past, at - DAY_MS, at)
  const longest = Math.min((running?.from ?? at) + LONGEST_TEST_MS, at + Math.max(0, TEST_A_DAY_MS - spent))
  // One that is planned keeps its time; at its beginning this one is over, and what is in alarm is heard.
  const next = known.find(({ from, until }) => from > at && from < longest && until > longest)
  return Math.max(at, next ? next.from : longest)
}
