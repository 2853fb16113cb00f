const HOUR = 3_600_000
const DAY = 24 * HOUR
/** A look at the disk this often is kept, for a week. */
const KEPT_EVERY_MS = 10 * 60_000
const WINDOW_MS = 7 * DAY
/** Less than this shows checkpoints and trims, not growth. */
const KNOWN_AFTER_MS = 6 * HOUR

/**
 * When the disk will be full if it goes on filling as it did, measured over up to a week. Null until it has been watched
 * for six hours, and while it does not fill.
 */
export class DiskForecast {
  #looks: { at: number; free: number }[] = []

  /** `free`: bytes the disk has left. */
  look(at: number, free: number): void {
    const last = this.#looks.at(-1)
    if (last && at - last.at < KEPT_EVERY_MS) return
    this.#looks.push({ at, free })
    while (this.#looks[0]!.at < at - WINDOW_MS) this.#looks.shift()
  }

  daysLeft(): number | null {
    const [first, last] = [this.#looks[0], this.#looks.at(-1)]
    if (!first || !last || last.at - first.at < KNOWN_AFTER_MS) return null
    const bytesADay = growth(this.#looks) * DAY
    return bytesADay > 0 ? last.free / bytesADay : null
  }

  figures(): Record<string, number> {
    const last = this.#looks.at(-1)
    const days = this.daysLeft()
    return {
      ...(last && { watchfire_disk_free_bytes: last.free }),
      ...(days !== null && { watchfire_disk_days_left: days }),
    }
  }
}

/** Bytes a millisecond, the slope of the line that fits all looks best: one big file copied or deleted does not decide alone. */
function growth(looks: { at: number; free: number }[]): number {
  const n = looks.length
  const at0 = looks[0]!.at
  const meanAt = looks.reduce((sum, { at }) => sum + (at - at0), 0) / n
  const meanFree = looks.reduce((sum, { free }) => sum + free, 0) / n
  let [both, square] = [0, 0]
  for (const { at, free } of looks) {
    both += (at - at0 - meanAt) * (free - meanFree)
    square += (at - at0 - meanAt) ** 2
  }
  return -both / square
}
