import { expect, test } from 'vitest'
import {
  badFrom,
  fieldOf,
  influxTags,
  keyTagOf,
  measurementOf,
  qualityFieldOf,
  receiptFieldOf,
} from '../../core/influx-schema.ts'
import { metrics } from '../../core/metrics.ts'
import { isBad, qualities, qualityCode, reasons } from '../../core/quality.ts'

test('every metric of the catalogue has a measurement and a field of its own beside its quality', () => {
  const places = Object.keys(metrics).flatMap((key) =>
    [fieldOf(key), qualityFieldOf(key)].map((field) => `${measurementOf(key)} ${field}`),
  )
  expect(new Set(places).size).toBe(2 * Object.keys(metrics).length)
  expect(places.filter((place) => place.startsWith('unmapped'))).toEqual([])
  // A field that bears the name of a tag makes InfluxQL ambiguous.
  expect(Object.keys(metrics).filter((key) => (influxTags as readonly string[]).includes(fieldOf(key)))).toEqual([])
})

test('a channel has fields of its own, and a key nobody knows lies in unmapped', () => {
  expect([measurementOf('toxicPpm#h2s'), fieldOf('toxicPpm#h2s'), qualityFieldOf('toxicPpm#h2s')]).toEqual([
    'gas',
    'toxicPpm#h2s',
    'toxicPpm#h2s_q',
  ])
  expect([measurementOf('vendorX'), fieldOf('vendorX'), qualityFieldOf('vendorX')]).toEqual(['unmapped', 'value', 'value_q'])
  expect(measurementOf('toString')).toBe('unmapped')
})

test('no channel passes for the companion field of another, and no name holds a backslash', () => {
  const keys = ['toxicPpm#a', 'toxicPpm#a_q', 'toxicPpm#a_q_q', 'toxicPpm#a_r', 'toxicPpm#a%5Fq', 'toxicPpm#a\\', 'toxicPpm#a%5C']
  const fields = keys.flatMap((key) => [fieldOf(key), qualityFieldOf(key), receiptFieldOf(key)])
  expect(new Set(fields).size).toBe(fields.length)
  expect([...fields, keyTagOf('a\\b')].filter((field) => field.includes('\\'))).toEqual([])
})

test('a code from badFrom on is a bad reading, below it is not', () => {
  for (const quality of qualities)
    for (const reason of reasons) {
      const code = qualityCode(quality, reason)
      expect(code >= badFrom).toBe(isBad(code))
    }
})
