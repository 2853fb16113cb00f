/** The drawing of one series over a stretch of time, as numbers: scales, runs without gaps, limit lines. Pure. */
export type TrendPoint = readonly [at: number, value: number]
export type TrendLimit = { value: number; name: string; level: string }
export type Frame = { left: number; top: number; width: number; height: number }

export type Drawing = {
  /** SVG path data; every gap starts a new run, a lone point is a dot of its own */
  path: string
  dots: { x: number; y: number }[]
  limits: (TrendLimit & { y: number })[]
  low: number
  high: number
  x(at: number): number
  y(value: number): number
}

/** A distance between two readings longer than this is drawn as a gap. */
export const gapAfterMs = (expectedPeriodMs: number): number => 3 * expectedPeriodMs

export function draw(
  points: readonly TrendPoint[],
  limits: readonly TrendLimit[],
  range: { from: number; to: number },
  gapMs: number,
  frame: Frame,
): Drawing {
  const values = [...points.map(([, value]) => value), ...limits.map(({ value }) => value)]
  const least = values.length > 0 ? Math.min(...values) : 0
  const most = values.length > 0 ? Math.max(...values) : 1
  // Values too small to be told apart would leave a scale without height.
  const spread = most - least > 1e-9 ? most - least : Math.abs(most) > 1e-9 ? Math.abs(most) : 1
  const margin = spread * 0.12
  const low = least >= 0 && least - margin < 0 ? 0 : least - margin
  const high = most + margin
  const x = (at: number) => frame.left + ((at - range.from) / (range.to - range.from)) * frame.width
  const y = (value: number) => frame.top + (1 - (value - low) / (high - low)) * frame.height

  let path = ''
  const dots: { x: number; y: number }[] = []
  for (const run of runs(points, gapMs)) {
    if (run.length === 1) dots.push({ x: x(run[0]![0]), y: y(run[0]![1]) })
    else path += run.map(([at, value], i) => `${i === 0 ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join('')
  }
  return { path, dots, limits: limits.map((limit) => ({ ...limit, y: y(limit.value) })), low, high, x, y }
}

/** Stretches of readings without a gap. */
export function runs(points: readonly TrendPoint[], gapMs: number): TrendPoint[][] {
  const found: TrendPoint[][] = []
  let last = Number.NEGATIVE_INFINITY
  for (const point of points) {
    if (point[0] - last > gapMs) found.push([])
    found.at(-1)!.push(point)
    last = point[0]
  }
  return found
}

/** Round numbers for an axis, at most `most` of them. */
export function ticks(low: number, high: number, most: number): number[] {
  const rough = (high - low) / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough
  const found: number[] = []
  for (let n = Math.ceil(low / step); n * step <= high + step * 1e-9; n++) found.push(Number((n * step).toPrecision(12)))
  return found
}

/** History and what came live, ascending, one value per time, nothing older than `from`. */
export function joinPoints(history: readonly TrendPoint[], live: readonly TrendPoint[], from: number): TrendPoint[] {
  const byTime = new Map<number, number>()
  for (const [at, value] of [...history, ...live]) if (at >= from) byTime.set(at, value)
  return [...byTime].sort((a, b) => a[0] - b[0])
}
