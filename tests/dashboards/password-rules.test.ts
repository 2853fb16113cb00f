import { expect, test } from 'vitest'
import { checkPassword } from '../../dashboards/password-rules.ts'

const who = { username: 'li.lei', role: 'duty' as const }

test.each([
  ['short', 'password-short'],
  ['九个字的密码不够长', 'password-short'],
  ['password123', 'password-common'],
  ['Passw0rd!!', 'password-common'],
  ['1234567890', 'password-common'],
  ['0987654321', 'password-common'],
  ['aaaaaaaaaaaa', 'password-common'],
  ['12121212121', 'password-common'],
  ['woaini1314!', 'password-common'],
  ['qwertyuiop', 'password-common'],
  ['admin@2026!', 'password-common'],
  ['Li.Lei-2026', 'password-name'],
])('%s is refused: %s', (password, code) => {
  expect(() => checkPassword(password, who)).toThrow(expect.objectContaining({ code }))
})

test.each(['correct horse battery staple', '海内存知己天涯若比邻', 'another one entirely', 'admiral hopper 41'])(
  '%s will do',
  (password) => {
    expect(() => checkPassword(password, who)).not.toThrow()
  },
)

test('who may not act does with eight characters', () => {
  expect(() => checkPassword('tea & go', { username: 'v', role: 'viewer' })).not.toThrow()
  expect(() => checkPassword('tea & go', who)).toThrow(expect.objectContaining({ code: 'password-short' }))
})
