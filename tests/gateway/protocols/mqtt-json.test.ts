import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mqttProtocols } from '../../../gateway/protocols/index.ts'
import { protocolSuite, Told } from '../../suites/protocol.ts'

const protocol = mqttProtocols.find(({ name }) => name === 'mqtt-json')!
protocolSuite(protocol)

const session = protocol.open()
const read = (payload: string | Uint8Array, topic = 'v1/devices/me/telemetry'): Told => {
  const told = new Told()
  const bytes = Buffer.from(payload as string)
  session.receive(topic, bytes, 0, bytes.length, told)
  return told
}
const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
/** Any value is an acceptable answer to a command, so this asks the reader alone. */
const isRead = (text: string) => read(text, 'v1/devices/me/rpc/response/1').faults.length === 0

test('what JSON.parse accepts is read, and what it refuses is refused, after any one change of a byte', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.constantFrom(...'{}[]",:\\ue.-+0123 \n\u0001truEN'), (json, at, character) => {
      expect(isRead(json)).toBe(isJson(json))
      const i = at % (json.length + 1)
      for (const changed of [
        json.slice(0, i) + character + json.slice(i),
        json.slice(0, i) + character + json.slice(i + 1),
        json.slice(0, i) + json.slice(i + 1),
      ]) {
        expect([changed, isRead(changed)]).toEqual([changed, isJson(changed)])
      }
    }),
    { numRuns: 3_000 },
  )
})

test('every number has the value JSON.parse gives it, to the last bit', () => {
  const digits = fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?$/)
  fc.assert(
    fc.property(fc.oneof(digits, fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)), (text) => {
      const parsed = JSON.parse(text) as number
      const expected = Number.isFinite(parsed) ? [['reading', 'a', parsed, null]] : [['fault', 'not-finite', 5, 'a']]
      expect(read(`{"a":${text}}`).all).toEqual(expected)
    }),
    { numRuns: 5_000 },
  )
})

test('flat objects of numbers mean exactly their entries', () => {
  const keys = fc
    .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
    .filter((key) => !/[\p{Cc}#]|^__proto__$|^ts$/u.test(key))
  fc.assert(
    fc.property(fc.dictionary(keys, fc.double({ noNaN: true, noDefaultInfinity: true })), (values) => {
      const entries = Object.entries(values).map(([key, value]) => ['reading', key, value === 0 ? 0 : value, null])
      expect(read(JSON.stringify(values)).all).toEqual(entries)
    }),
  )
})

test('a depth bomb is named and costs no stack', () => {
  for (const bomb of ['['.repeat(200_000), '{"a":'.repeat(50_000), `{"a":${'['.repeat(100_000)}1`]) {
    expect(read(bomb).faults).toMatchObject([{ code: 'too-deep' }])
  }
})

test('of 10,000 metrics in one message the first 1,000 are kept and the next one is named', () => {
  const told = read(JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`m${i}`, i]))))
  expect(told.all.filter((one) => (one as string[])[0] === 'reading')).toHaveLength(1_000)
  expect(told.faults).toMatchObject([{ code: 'too-many-keys', key: 'm1000' }])
})

test('of very many bad keys the first are named one by one and the rest by number', () => {
  const told = read(JSON.stringify(Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`m${i}`, 'x']))))
  expect(told.faults).toHaveLength(65)
  expect(told.faults.at(-1)!.message).toContain('836 more')
})

test('a backfill of 5,000 points of one metric is not too many keys', () => {
  const points = Array.from({ length: 5_000 }, (_, i) => ({ ts: 1767225600000 + i, values: { levelM: i } }))
  expect(read(JSON.stringify(points)).all).toHaveLength(5_000)
})

test('topics of devices behind it are understood from a gateway only', () => {
  expect(session.understands('v1/gateway/telemetry', true)).toBe(true)
  expect(session.understands('v1/gateway/telemetry', false)).toBe(false)
  expect(session.understands('v1/devices/me/rpc/response/', true)).toBe(false)
  expect(session.understands('v1/devices/GAS-02/telemetry', true)).toBe(false)
})
