import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codeAt, fromBase32, newSecret, otpauthUri, stepOf, stepOfCode, toBase32 } from '../../dashboards/totp.ts'
import { qr } from '../../core/qr.ts'

const secret = new TextEncoder().encode('12345678901234567890')

test.each([
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
])('RFC 6238 appendix B: at %i s the code of SHA-1 is %s', (seconds, code) => {
  expect(codeAt(secret, stepOf(seconds * 1000), 8)).toBe(code)
  expect(codeAt(secret, stepOf(seconds * 1000))).toBe(code.slice(2))
})

test('a code is good one step early and late, no further, and once', () => {
  const now = 1_111_111_109_000
  const step = stepOf(now)
  for (const [away, good] of [
    [-2, false],
    [-1, true],
    [0, true],
    [1, true],
    [2, false],
  ] as const)
    expect(stepOfCode(secret, codeAt(secret, step + away), now, -1)).toBe(good ? step + away : null)
  expect(stepOfCode(secret, codeAt(secret, step), now, step)).toBeNull()
  expect(stepOfCode(secret, codeAt(secret, step - 1), now, step)).toBeNull()
  for (const wrong of ['', '12345', '1234567', 'abcdef', '０８１８０４']) expect(stepOfCode(secret, wrong, now, -1)).toBeNull()
})

test('base 32 gives back what went in, and what authenticators read (RFC 4648)', () => {
  expect(toBase32(new TextEncoder().encode('foobar'))).toBe('MZXW6YTBOI')
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void expect(fromBase32(toBase32(bytes))).toEqual(bytes)))
})

test('what an app reads fits the QR code, also for a long name', () => {
  expect(qr(otpauthUri(newSecret(), 'zhang.xiaoming@xihu-yingji'))).not.toBeNull()
})
