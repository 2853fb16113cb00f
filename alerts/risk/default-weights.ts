import type { RiskWeights } from '../../core/risk.ts'

const minute = 60_000

/**
 * The weights that ship: our choice, no standard gives any. One open red alarm alone makes a place red, an orange one orange, a
 * yellow one yellow; a place with nothing wrong is blue whatever its static grade.
 */
export const defaultWeights: RiskWeights = {
  colours: { red: 75, orange: 50, yellow: 25 },
  grade: { major: 20, larger: 12, general: 6, low: 0, unstated: 6 },
  alarm: { red: 75, orange: 50, yellow: 25, blue: 4 },
  furtherAlarms: { share: 0.1, cap: 15 },
  conditionOver: 0.5,
  unacknowledged: {
    steps: [
      { afterMs: 2 * minute, points: 4 },
      { afterMs: 5 * minute, points: 8 },
      { afterMs: 30 * minute, points: 12 },
      { afterMs: 120 * minute, points: 16 },
    ],
    factor: { red: 1, orange: 0.8, yellow: 0.5, blue: 0.1 },
  },
  offline: 20,
  bypassed: 20,
  overdueTask: { each: 2, cap: 10 },
  blueNeedsKnown: 0.5,
  rollUp: { worst: 0.7, unknownAs: 25 },
}
