import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bareJpeg } from '../../core/jpeg.ts'

const segment = (marker: number, body: number[]) => [0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 0xff, ...body]
const text = (words: string) => [...words].map((letter) => letter.charCodeAt(0))
const bytes = (...parts: number[][]) => Uint8Array.from(parts.flat())
const table = segment(0xdb, [0, 1, 2, 3])
const scan = [...segment(0xda, [1, 1, 0, 0, 63, 0]), 7, 0xff, 0x00, 9, 0xff, 0xd3, 11]

test('a photo is kept without where, when and by what it was taken, between its scans and behind its end as well', () => {
  const photo = bytes(
    ...[[0xff, 0xd8], segment(0xe1, text('Exif GPS 36.6N 117.0E')), segment(0xfe, text('taken by Wang')), table, scan],
    ...[segment(0xe2, text('MPF GPS')), scan, [0xff, 0xd9], text('trailer GPS')],
  )
  const bare = bareJpeg(photo)!
  expect([...bare]).toEqual([...bytes([0xff, 0xd8], table, scan, scan, [0xff, 0xd9])])
  expect([...bareJpeg(bare)!]).toEqual([...bare])
})

test('what is no JPEG, or is cut off, is not kept, and nothing that comes breaks it', () => {
  const whole = bytes([0xff, 0xd8], table, scan, [0xff, 0xd9])
  for (let length = 0; length < whole.length; length++) expect(bareJpeg(whole.subarray(0, length))).toBeNull()
  expect(bareJpeg(bytes([0xff, 0xd8], table, [0xff, 0xd9]))).toBeNull()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
      const bare = bareJpeg(bytes([0xff, 0xd8], [...noise], scan, [0xff, 0xd9]))
      if (bare) expect([...bare.subarray(-2)]).toEqual([0xff, 0xd9])
    }),
  )
})
