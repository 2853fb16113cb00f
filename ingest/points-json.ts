import { qualityOf, reasonOf } from '../core/quality.ts'
import type { Series } from '../core/reading.ts'
import type { Sink } from './stores/store.ts'

/** `,"good",null` for every quality code there can be. */
const qualityTexts = Array.from({ length: 256 }, (_, code) => {
  const reason = reasonOf(code)
  return `,"${qualityOf(code)}",${reason === 'none' ? 'null' : `"${reason}"`}`
})
const fourDigits = Array.from({ length: 10_000 }, (_, n) => String(n).padStart(4, '0'))

/** Writes points as the text of the answer while they are found, up to a bound; then remembers where to go on. */
export class PointsJson implements Sink {
  points = 0
  /** the first point that found no more room */
  next: { series: number; at: number } | null = null
  #text = '{"series":['
  #most: number
  #withQuality: boolean
  #series: Series | null = null
  #seriesOpen = false
  #tenSeconds = NaN
  #tenSecondsText = ''

  constructor(most: number, withQuality: boolean) {
    this.#most = most
    this.#withQuality = withQuality
  }

  begin(series: Series): void {
    if (this.#seriesOpen) this.#text += ']}'
    this.#seriesOpen = false
    this.#series = series
  }

  point(at: number, value: number, quality: number): boolean {
    if (this.points === this.#most) {
      this.next = { series: this.#series!.id, at }
      return false
    }
    const quotedQuality = this.#withQuality ? qualityTexts[quality]! : ''
    this.#text += `${this.#seriesOpen ? ',[' : this.#openSeries()}${this.#time(at)},${value}${quotedQuality}]`
    this.points++
    return true
  }

  /** The whole text; `cursor` says how to go on where `next` points. */
  finish(cursor: string | null): string {
    const end = this.#seriesOpen ? ']}]' : ']'
    return `${this.#text}${end}${cursor === null ? '' : `,"next":${JSON.stringify(cursor)}`}}`
  }

  #openSeries(): string {
    const { device, metric } = this.#series!
    const comma = this.points > 0 ? ',' : ''
    this.#seriesOpen = true
    return `${comma}{"device":${JSON.stringify(device)},"metric":${JSON.stringify(metric)},"points":[[`
  }

  /** Neighbouring points share most digits of their time; turning 13 digits into text costs more than all the rest. */
  #time(at: number): string {
    const tenSeconds = Math.floor(at / 10_000)
    const rest = fourDigits[at - tenSeconds * 10_000]
    if (rest === undefined || tenSeconds <= 0) return String(at)
    if (tenSeconds !== this.#tenSeconds) {
      this.#tenSeconds = tenSeconds
      this.#tenSecondsText = String(tenSeconds)
    }
    return this.#tenSecondsText + rest
  }
}
