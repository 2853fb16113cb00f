import { Invalid } from '../core/errors.ts'
import { may, type Role } from './rights.ts'

/** So many passwords, the present one among them, cannot be chosen again. */
export const PASSWORDS_BEFORE = 5
const LEAST = 8
/** Who may act on alarms holds more than their own data. */
const LEAST_TO_ACT = 10

/** The worst of what leaks show again and again, and what stands for them in our keyboards: in small letters, without signs. */
const stems = [
  'password passw0rd p455w0rd qwerty qwertyuiop asdfghjkl zxcvbnm 1q2w3e4r 1qaz2wsx qazwsx q1w2e3r4 abc123 abcd1234 a1b2c3d4',
  'iloveyou woaini woaini1314 5201314 1314520 aa123456 a123456 qq123456 admin administrator root letmein welcome changeme',
  'default secret master dragon monkey football baseball sunshine princess superman trustno1 whatever login access hello',
  'watchfire fenghuo fengsui anquan yingji xiaofang jiance baojing zhongguo beijing shanghai company test guest user',
]
  .join(' ')
  .split(' ')

/** Why a password will not do. Length is what counts; the rest only keeps out what is tried first. */
export function checkPassword(password: string, { username, role }: { username: string; role: Role }): void {
  const least = may(role, 'act') ? LEAST_TO_ACT : LEAST
  const refuse = (code: 'password-short' | 'password-common' | 'password-name', says: string): never => {
    throw new Invalid(code, says, { field: 'password', least })
  }
  if ([...password].length < least)
    refuse('password-short', `a password has at least ${least} characters; a sentence is easy to keep`)
  if (isCommon(password)) refuse('password-common', 'this password is among those that are tried first')
  if (bare(username) !== '' && bare(password) === bare(username)) refuse('password-name', 'the password is the user name')
}

const bare = (text: string) => text.toLowerCase().replaceAll(/[^\p{L}]/gu, '')

/** One of the worst, alone, repeated, or with figures and signs around it; one character again and again; a run of the keyboard. */
function isCommon(password: string): boolean {
  const text = password.toLowerCase()
  if (new Set(text).size < 4) return true
  if (/^\d+$/.test(text) && isRun(text)) return true
  return stems.some(
    (stem) =>
      text
        .split(stem)
        .join('')
        .replaceAll(/[\d\W_]/g, '') === '' && text.includes(stem),
  )
}

/** Figures that count up or down, or a short piece repeated. */
function isRun(text: string): boolean {
  const steps = [...text].slice(1).map((digit, i) => (Number(digit) - Number(text[i]) + 10) % 10)
  return new Set(steps).size === 1 || /^(.{1,4})\1+$/.test(text)
}
