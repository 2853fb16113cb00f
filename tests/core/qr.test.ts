import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { qr } from '../../core/qr.ts'

/** Each of these was read back by zbarimg 0.23; the hash is of the rows it read. */
const read: [text: string, side: number, rows: string][] = [
  ['A', 21, 'c8529cd82afac26f'],
  ['http://localhost:8080/p', 25, '3dd7b61de91a636a'],
  ['http://127.0.0.1:8080/pair?code=7KQ4TX', 29, '76458602f2f8358a'],
  ['https://watchfire.example.gov.cn:8443/pair?code=ABCDEF', 33, '978e8a9689427a10'],
  ['https://watchfire-long-name.example.gov.cn:8443/pair?code=ABCDEF', 37, '40c486006c16d92a'],
  ['https://watchfire-long-name.emergency.binjiang.example.gov.cn:8443/pair?code=ABCDEFGHJKLM', 41, '3a169ee83064b890'],
]

test.each(read)('the code of %s is the one a reader has read', (text, side, rows) => {
  const modules = qr(text)!
  expect(modules).toHaveLength(side)
  const drawn = modules.map((row) => row.map((dark) => (dark ? '#' : '.')).join('')).join('\n')
  expect(createHash('sha256').update(drawn).digest('hex').slice(0, 16)).toBe(rows)
})

test('what is too long for six versions has no code', () => {
  expect(qr('x'.repeat(106))).toHaveLength(41)
  expect(qr('x'.repeat(107))).toBeNull()
})
