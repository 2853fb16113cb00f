import { createHash, randomBytes, randomInt } from 'node:crypto'

/** Without 0, o, 1, l and vowels: can be read out over a telephone and spells nothing. */
const letters = '23456789bcdfghjkmnpqrstvwxyz'
const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

const pick = (alphabet: string, length: number) => Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')

/** A short id such as `gas-7k3m9q` that `taken` does not know. */
export function shortId(prefix: string, taken: (id: string) => boolean): string {
  for (;;) {
    const id = `${prefix}-${pick(letters, 6)}`
    if (!taken(id)) return id
  }
}

export const deviceToken = (): string => `wf_${pick(base62, 32)}`
export const sessionToken = (): string => `wfs_${randomBytes(32).toString('base64url')}`
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
/** Read off a screen and typed in again: 57 bits. */
export const tipCode = (): string => [4, 4, 4].map((length) => pick(letters, length)).join('-')
export const randomPassword = (): string => pick(base62, 20)
