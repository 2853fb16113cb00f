import { createHash, createHmac, getHashes } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { BadSetting } from '../../../core/errors.ts'
import { checkNames, fill, type Values } from './template.ts'

/** One step of a signature: a hash, or an HMAC where there is a key. Later steps and the request may name what it gives. */
export const SigningStep = Type.Object(
  {
    as: Type.String({ pattern: '^[a-z][A-Za-z0-9]*$', description: 'name of the result' }),
    hash: Type.Enum(['sha256', 'sha1', 'md5', 'sm3', 'sha512']),
    key: Type.Optional(Type.String({ description: 'template; makes it an HMAC' })),
    keyIs: Type.Enum(['text', 'hex', 'base64'], { default: 'text' }),
    of: Type.String({ description: 'template of what is signed' }),
    encoding: Type.Enum(['hex', 'HEX', 'base64'], { default: 'hex' }),
  },
  { additionalProperties: false },
)
export type SigningStep = Static<typeof SigningStep>

/** Checks what can be known without a message; returns the names the request may use. */
export function checkSteps(steps: readonly SigningStep[], known: readonly string[], where: string): string[] {
  const names = [...known]
  for (const { as, hash, key, of } of steps) {
    if (!getHashes().includes(hash)) throw new BadSetting(`${where} wants ${hash}, which this machine cannot compute`)
    checkNames([key ?? '', of], names, `${where}, step ${as},`)
    names.push(as)
  }
  return names
}

export function runSteps(steps: readonly SigningStep[], values: Values): Values {
  const all = { ...values }
  for (const step of steps) all[step.as] = signed(step, all)
  return all
}

function signed({ hash, key, keyIs, of, encoding }: SigningStep, values: Values): string {
  const text = fill(of, values)
  const encodingOfKey = keyIs === 'text' ? 'utf8' : keyIs
  const made = key === undefined ? createHash(hash) : createHmac(hash, Buffer.from(fill(key, values), encodingOfKey))
  const digest = made.update(text, 'utf8').digest()
  return encoding === 'base64'
    ? digest.toString('base64')
    : encoding === 'hex'
      ? digest.toString('hex')
      : digest.toString('hex').toUpperCase()
}
