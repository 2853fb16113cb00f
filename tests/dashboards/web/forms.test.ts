import fc from 'fast-check'
import { expect, test } from 'vitest'
import { attributesText, readAttributes } from '../../../dashboards/admin/attributes-text.ts'
import { bodyOf, faultyField, formOf } from '../../../dashboards/admin/form-body.ts'
import { hexLines, printable, textPieces } from '../../../dashboards/admin/payload.ts'
import type { Field, Row } from '../../../dashboards/admin/entities.ts'

const fields: Field[] = [
  { name: 'name', kind: 'text', required: 'always' },
  { name: 'enterpriseId', kind: 'choice', required: 'create', on: 'create' },
  { name: 'latitude', kind: 'number' },
  { name: 'serial', kind: 'text' },
  { name: 'attributes', kind: 'attributes' },
  { name: 'password', kind: 'password', required: 'create' },
]
const row = { id: 'd', name: 'a', latitude: 30.5, serial: 's', attributes: { substance: 'h2s', range: 100 } } as Row

test('a change sends only what is different: emptied is null, a removed attribute is null', () => {
  const form = { ...formOf(fields, row), latitude: '31', serial: '', attributes: 'range=100\nserial="7"' }
  expect(bodyOf(fields, form, row)).toEqual({
    body: { latitude: 31, serial: null, attributes: { substance: null, serial: '7' } },
  })
  expect(bodyOf(fields, formOf(fields, row), row)).toEqual({ body: {} })
})

test('a form says which fields are missing or wrong before it asks the server', () => {
  const form = { ...formOf(fields, null), latitude: 'north', attributes: 'substance=h2s\nwhat' }
  expect(bodyOf(fields, form, null)).toEqual({
    faults: { name: 'required', enterpriseId: 'required', latitude: 'number', attributes: { line: 2 }, password: 'required' },
  })
  expect(faultyField(fields, { field: 'attributes.substance' })).toBe('attributes')
  expect(faultyField(fields, { path: '/latitude' })).toBe('latitude')
  expect(faultyField(fields, { field: 'elsewhere' })).toBe(null)
})

test('attributes come back from the form as they went in', () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9#_-]{0,12}$/).filter((text) => text !== '__proto__')
  const text = fc.string({ maxLength: 20 }).filter((one) => one === one.trim() && !/[\n\r]/.test(one))
  const value = fc.oneof(
    text,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
    fc.boolean(),
  )
  fc.assert(
    fc.property(fc.dictionary(name, value), (given) => {
      const attributes = { ...given }
      for (const [key, one] of Object.entries(attributes)) {
        // What JavaScript writes with an exponent is left as text by the form; people do not write it.
        if (typeof one === 'number' && /e/.test(String(one))) delete attributes[key]
        if (Object.is(one, -0)) attributes[key] = 0
      }
      expect(readAttributes(attributesText(attributes))).toEqual({ attributes })
    }),
  )
})

test('a quarantined payload is text only when nothing in it can mislead, and its faulty byte is marked', () => {
  const bytes = new TextEncoder().encode('{"压力":1,,}')
  const text = printable(bytes)!
  const at = bytes.indexOf(0x2c) + 1
  expect(textPieces(bytes, text, at)).toEqual([
    { text: '{"压力":1,', marked: false },
    { text: ',', marked: true },
    { text: '}', marked: false },
  ])
  expect(textPieces(bytes, text, 3)[1]).toEqual({ text: '压', marked: true })
  expect(textPieces(bytes, text, bytes.length).at(-1)).toEqual({ text: '∎', marked: true })
  expect(printable(new Uint8Array([0xff, 0xfe]))).toBe(null)
  expect(printable(new TextEncoder().encode('a\u202eb'))).toBe(null)
  expect(printable(new Uint8Array([65, 0]))).toBe(null)
  expect(hexLines(new Uint8Array([0, 1, 60, 105]), 2)[0]).toMatchObject({
    offset: '0000',
    ascii: '··<i',
    cells: { 2: { text: '3c', marked: true } },
  })
})
