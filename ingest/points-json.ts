import { qualityOf, reasonOf } from '../core/quality.ts'
import type { Series } from '../core/reading.ts'
import { NUMBER_BYTES, writeNumber, writeText } from './number-text.ts'
import type { Sink } from './stores/store.ts'

/** `,"good",null` for every quality code there can be. */
const qualityTexts = Array.from({ length: 256 }, (_, code) => {
  const reason = reasonOf(code)
  return `,"${qualityOf(code)}",${reason === 'none' ? 'null' : `"${reason}"`}`
})
const [OPEN, CLOSE, COMMA] = [91, 93, 44]
/** A point with its brackets, time, value and quality is shorter. */
const POINT_BYTES = 2 * NUMBER_BYTES + 64
const TEN_SECONDS = 10_000

/** `{"device":…,"metric":…,"points":[` as bytes, by number: what a screen asks for again and again is written once. */
const openings: ({ series: Series; bytes: Uint8Array } | undefined)[] = []

function openingOf(series: Series): Uint8Array {
  const known = openings[series.id]
  if (known?.series === series) return known.bytes
  const { device, metric } = series
  const bytes = Buffer.from(`{"device":${JSON.stringify(device)},"metric":${JSON.stringify(metric)},"points":[`)
  openings[series.id] = { series, bytes }
  return bytes
}

/** Writes points as the bytes of the answer while they are found, up to a bound; then remembers where to go on. */
export class PointsJson implements Sink {
  points = 0
  /** the first point that found no more room */
  next: { series: number; at: number } | null = null
  #bytes: Uint8Array<ArrayBuffer>
  #at: number
  #most: number
  #withQuality: boolean
  #series: Series | null = null
  #seriesOpen = false
  /** neighbouring points share most digits of their time, buckets of many series all of them: only the last four are written anew */
  #time = NaN
  #tenSeconds = NaN
  #timeText = new Uint8Array(NUMBER_BYTES)
  #timeDigits = 0

  /** `expected`: bytes the answer will have, more or less. */
  constructor(most: number, withQuality: boolean, expected = 4_096) {
    this.#most = most
    this.#withQuality = withQuality
    this.#bytes = new Uint8Array(expected)
    this.#at = writeText(this.#bytes, 0, '{"series":[')
  }

  begin(series: Series): void {
    if (series === this.#series) return
    this.#closeSeries()
    this.#series = series
  }

  point(at: number, value: number, quality: number): boolean {
    if (this.points === this.#most) {
      this.next = { series: this.#series!.id, at }
      return false
    }
    if (this.#seriesOpen) {
      this.#room(POINT_BYTES)
      this.#bytes[this.#at++] = COMMA
    } else this.#openSeries()
    const bytes = this.#bytes
    bytes[this.#at++] = OPEN
    this.#writeTime(at)
    bytes[this.#at++] = COMMA
    let end = writeNumber(bytes, this.#at, value)
    if (this.#withQuality) end = writeText(bytes, end, qualityTexts[quality]!)
    bytes[end++] = CLOSE
    this.#at = end
    this.points++
    return true
  }

  /** The whole answer; `cursor` says how to go on where `next` points, `more` is told beside the series. */
  finish(cursor: string | null, more: Record<string, unknown> = {}): Uint8Array<ArrayBuffer> {
    this.#closeSeries()
    const rest = JSON.stringify({ ...more, ...(cursor !== null && { next: cursor }) }).slice(1)
    const end = Buffer.from(rest === '}' ? ']}' : `],${rest}`)
    this.#room(end.length)
    this.#bytes.set(end, this.#at)
    return this.#bytes.subarray(0, this.#at + end.length)
  }

  #openSeries(): void {
    const opening = openingOf(this.#series!)
    this.#room(opening.length + POINT_BYTES)
    if (this.points > 0) this.#bytes[this.#at++] = COMMA
    this.#bytes.set(opening, this.#at)
    this.#at += opening.length
    this.#seriesOpen = true
  }

  #closeSeries(): void {
    if (!this.#seriesOpen) return
    this.#room(2)
    this.#at = writeText(this.#bytes, this.#at, ']}')
    this.#seriesOpen = false
  }

  #writeTime(time: number): void {
    if (time !== this.#time) this.#spell(time)
    const [bytes, text, end] = [this.#bytes, this.#timeText, this.#timeDigits]
    let at = this.#at
    for (let i = 0; i < end; i++) bytes[at++] = text[i]!
    this.#at = at
  }

  #spell(time: number): void {
    this.#time = time
    const tenSeconds = Math.floor(time / TEN_SECONDS)
    const rest = time - tenSeconds * TEN_SECONDS
    const text = this.#timeText
    if (!(tenSeconds > 0 && Number.isInteger(rest))) {
      this.#tenSeconds = NaN
      this.#timeDigits = writeNumber(text, 0, time)
      return
    }
    if (tenSeconds !== this.#tenSeconds) {
      this.#tenSeconds = tenSeconds
      this.#timeDigits = writeNumber(text, 0, tenSeconds) + 4
    }
    const at = this.#timeDigits
    const [thousands, hundreds, tens] = [(rest / 1000) | 0, (rest / 100) | 0, (rest / 10) | 0]
    text[at - 4] = 48 + thousands
    text[at - 3] = 48 + (hundreds - thousands * 10)
    text[at - 2] = 48 + (tens - hundreds * 10)
    text[at - 1] = 48 + (rest - tens * 10)
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const bigger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + bytes))
    bigger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = bigger
  }
}
