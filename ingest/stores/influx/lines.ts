import {
  deviceTimeFieldOf,
  fieldOf,
  keyTagOf,
  measurementOf,
  qualityFieldOf,
  receiptFieldOf,
  unmappedKeyTag,
  unmappedMeasurement,
} from '../../../core/influx-schema.ts'
import type { Series } from '../../../core/reading.ts'
import type { About, AcceptedReading } from '../store.ts'

/** The comma, the space and the equals sign end a name in line protocol. Names hold no backslash and no line end. */
const escaped = (name: string) => name.replace(/[, =]/g, '\\$&')
/** An empty tag is not a tag. */
const tag = (name: string, value: string) => `,${name}=${value === '' ? 'unknown' : escaped(keyTagOf(value))}`
const number = (value: number) => (Object.is(value, -0) ? '-0' : String(value))

type Names = { about: About; head: string; quality: string; receipt: string; deviceTime: string }

/** Writes readings as line protocol, one line each: the value, its quality and how long it took to reach us. */
export class Lines {
  #names = new Map<number, Names>()

  line({ series, about, measuredAt, receivedAt, value, quality, deviceTime }: AcceptedReading): string {
    let names = this.#names.get(series.id)
    if (names?.about !== about) this.#names.set(series.id, (names = namesOf(series, about)))
    const stamp = deviceTime === undefined ? '' : `${names.deviceTime}${number(deviceTime)}`
    const delay = Math.round(receivedAt - measuredAt)
    return `${names.head}${number(value)}${names.quality}${quality}i${names.receipt}${delay}i${stamp} ${measuredAt}`
  }
}

function namesOf(series: Series, about: About): Names {
  const { device, metric, mode } = series
  const measurement = measurementOf(metric)
  const key = measurement === unmappedMeasurement ? tag(unmappedKeyTag, metric) : ''
  const { enterprise, kind, region } = about
  // In the order of the alphabet: InfluxDB then need not sort them.
  const tags = [tag('device', device), tag('enterprise', enterprise), key, tag('kind', kind)]
  const place = `${measurement}${tags.join('')}${tag('mode', mode)}${tag('region', region)}`
  return {
    about,
    head: `${place} ${escaped(fieldOf(metric))}=`,
    quality: `,${escaped(qualityFieldOf(metric))}=`,
    receipt: `,${escaped(receiptFieldOf(metric))}=`,
    deviceTime: `,${escaped(deviceTimeFieldOf(metric))}=`,
  }
}
