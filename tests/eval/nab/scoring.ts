/*
 * The scoring of the Numenta Anomaly Benchmark v1.1, as published (Lavin & Ahmad 2015, arXiv:1510.03336): each labelled window is
 * worth the more the earlier in it the first detection comes; each detection outside costs the more the further it lies behind the
 * window before it. One threshold for all files, the best there is for the profile; then 0 is a detector that never says anything
 * and 100 one that detects the first row of every window and nothing else.
 */
export type Profile = { name: string; hit: number; miss: number; falseAlarm: number }
export const profiles: readonly Profile[] = [
  { name: 'standard', hit: 1, miss: 1, falseAlarm: 0.11 },
  { name: 'reward low FP', hit: 1, miss: 1, falseAlarm: 0.22 },
  { name: 'reward low FN', hit: 1, miss: 2, falseAlarm: 0.11 },
]

/** First and last row of a window. */
export type Window = { from: number; to: number }
/** What a detector said of a file: a score from 0 to 1 for each row. */
export type Scored = { windows: readonly Window[]; scores: ArrayLike<number> }

const PROBATION_SHARE = 0.15
const PROBATION_ROWS = 750

/** Rows at the start that nobody is judged on. */
export const probationOf = (rows: number): number => Math.min(Math.floor(PROBATION_SHARE * rows), PROBATION_ROWS)

/** 1 long before the end of a window, 0 at its end, −1 long after it; `position` in widths of the window. */
export const worthAt = (position: number): number => (position >= 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1)

/** What detecting a row is worth, and the window it lies in (−1: none). */
type Worth = { window: number; worth: number }

function worthOf(row: number, windows: readonly Window[]): Worth {
  let before: Window | null = null
  for (const [index, window] of windows.entries()) {
    if (row < window.from) break
    if (row <= window.to) {
      const position = -(window.to - row + 1) / (window.to - window.from + 1)
      return { window: index, worth: worthAt(position) / worthAt(-1) }
    }
    before = window
  }
  if (before === null) return { window: -1, worth: -1 }
  return { window: -1, worth: worthAt((row - before.to) / (before.to - before.from)) }
}

type Judged = { score: number; window: number; worth: number }

/** Every row anybody is judged on, windows counted through all files. */
function judgedRows(files: readonly Scored[]): { rows: Judged[]; windows: number } {
  const rows: Judged[] = []
  let windows = 0
  for (const file of files) {
    for (let row = probationOf(file.scores.length); row < file.scores.length; row++) {
      const { window, worth } = worthOf(row, file.windows)
      rows.push({ score: file.scores[row]!, window: window < 0 ? -1 : windows + window, worth })
    }
    windows += file.windows.length
  }
  return { rows, windows }
}

export type Swept = { threshold: number; score: number }

/** The raw score at every threshold, from the one nobody reaches downwards. */
function sweep(files: readonly Scored[], profile: Profile): { all: Swept[]; windows: number } {
  const { rows, windows } = judgedRows(files)
  rows.sort((a, b) => b.score - a.score)
  const best = new Array<number>(windows).fill(-profile.miss)
  let score = -profile.miss * windows
  let threshold = Infinity
  const all: Swept[] = []
  for (const row of rows) {
    if (row.score !== threshold) {
      all.push({ threshold, score })
      threshold = row.score
    }
    if (row.window < 0) score += row.worth * profile.falseAlarm
    else if (row.worth * profile.hit > best[row.window]!) {
      score += row.worth * profile.hit - best[row.window]!
      best[row.window] = row.worth * profile.hit
    }
  }
  all.push({ threshold, score })
  return { all, windows }
}

/** The raw score of files when rows at or above the threshold are detections. */
export function rawScore(files: readonly Scored[], profile: Profile, threshold: number): number {
  const { all } = sweep(files, profile)
  return all.findLast((one) => one.threshold >= threshold)!.score
}

export type Result = { profile: string; threshold: number; raw: number; normalised: number }

const normalised = (raw: number, windows: number, { hit, miss }: Profile): number =>
  (100 * (raw + miss * windows)) / ((hit + miss) * windows)

/** The published result: threshold optimised over all files, normalised between the null and the perfect detector. */
export function optimised(files: readonly Scored[], profile: Profile): Result {
  const { all, windows } = sweep(files, profile)
  const { threshold, score } = all.reduce((best, one) => (one.score > best.score ? one : best))
  return { profile: profile.name, threshold, raw: score, normalised: normalised(score, windows, profile) }
}

/** As above with a threshold that was set before anybody looked. */
export function scoredAt(files: readonly Scored[], profile: Profile, threshold: number): Result {
  const raw = rawScore(files, profile, threshold)
  const windows = files.reduce((sum, file) => sum + file.windows.length, 0)
  return { profile: profile.name, threshold, raw, normalised: normalised(raw, windows, profile) }
}
