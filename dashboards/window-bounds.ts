import { Conflict } from '../core/errors.ts'
import type { Registry } from '../core/registry.ts'
import type { Rule } from '../core/rule.ts'
import { isSamePoint, noRoomFor, TESTS_APART_MS } from '../core/window-room.ts'
import {
  endOf,
  isTest,
  LONGEST_OF_ONE_MS,
  needsConfirmation,
  POINTS_OF_ONE,
  startOf,
  tellsTampering,
  type DeclaredWindow,
  type SecondReason,
  type SuppressionWindow,
  type WindowPoint,
} from '../core/window.ts'

type Known = { rules: ReadonlyMap<string, Rule>; registry: Pick<Registry, 'devices'>; windows: SuppressionWindow[] }
type Asked = Omit<DeclaredWindow, 'id' | 'secondFor'>

/** What of a window one person does not answer for alone; what else they have in force at the same time counts with it. */
export function secondReasonsFor(asked: Asked, known: Known, by: string): SecondReason[] {
  const { kind, byEnterprise, enterpriseId, points, rules, from, until } = asked
  const beside = known.windows.filter(
    (window) => window.enterpriseId === enterpriseId && !window.byDevice && startOf(window) < until && endOf(window) > from,
  )
  if (isTest(kind)) {
    const tests = beside.filter((window) => isTest(window.kind))
    return isMany(points, tests) ? ['test', 'many'] : ['test']
  }
  const alone = beside.filter((window) => window.declaredBy === by && !needsConfirmation(window))
  const covered = new Set([points, ...alone.map((window) => window.points)].flat().map(({ device }) => device))
  const own = [...known.registry.devices.values()].filter((row) => row.enterpriseId === enterpriseId && row.retiredAt === null)
  const isNear = (window: SuppressionWindow) =>
    startOf(window) < until + TESTS_APART_MS &&
    endOf(window) > Math.max(startOf(window), from - TESTS_APART_MS) &&
    window.points.some((one) => points.some((point) => isSamePoint(one, point)))
  const holds: Record<SecondReason, boolean> = {
    test: false,
    enterprise: byEnterprise,
    integrity: rules.some((one) => namesTampering(one, known.rules)),
    many: isMany(points, alone),
    whole: own.every(({ id }) => covered.has(id)),
    long: until - from > LONGEST_OF_ONE_MS,
    again: known.windows.some(isNear),
  }
  return (Object.keys(holds) as SecondReason[]).filter((reason) => holds[reason])
}

const isMany = (points: WindowPoint[], beside: SuppressionWindow[]): boolean =>
  beside.reduce((sum, window) => sum + window.points.length, points.length) > POINTS_OF_ONE

/** By its id, or by a type all of whose rules do; of another type they are left out by the engine, see core/window.ts. */
function namesTampering(named: string, rules: ReadonlyMap<string, Rule>): boolean {
  const rule = rules.get(named)
  return rule ? tellsTampering(rule.type, metricOfRule(rule)) : tellsTampering(named, null)
}

const metricOfRule = (rule: Rule): string | null => {
  const { metric } = rule as { metric?: unknown }
  return typeof metric === 'string' ? metric : null
}

/** A test begins only where its points have not been under test too long, too often or a moment ago. */
export function refuseCrowded(
  asked: Pick<DeclaredWindow, 'id' | 'kind' | 'points' | 'from' | 'until'>,
  windows: SuppressionWindow[],
  at: number,
): void {
  const found = isTest(asked.kind) ? noRoomFor(asked, windows, at) : null
  if (!found) return
  const { why, point, windowId, until, possibleAt } = found
  const told = {
    'too-long': 'tests that overlap are one, of 2 hours at most',
    'too-soon': 'a point is under test again only after 2 hours without',
    'too-much': 'a point is under test for 4 hours of 24 at most',
  }[why]
  const what = point.metric === null ? point.device : `${point.device} ${point.metric}`
  throw new Conflict(
    `window-test-${why}`,
    `from: ${told}: ${what} is covered by window ${windowId} until ${new Date(until).toISOString()}; possible from ${new Date(possibleAt).toISOString()}`,
    { field: 'from', device: point.device, metric: point.metric, window: windowId, until, possibleAt },
  )
}
