import { BadSetting } from './core/errors.ts'
import { isMode, type Mode } from './core/mode.ts'
import { roles, type Role } from './dashboards/rights.ts'

/**
 * Reads one setting. A variable is always text; in the file a value has a type, and `takes` says which besides text makes
 * sense: a password like 0123 or a name like true would otherwise silently become something else.
 */
export type Reader<T> = ((text: string, name: string) => T) & { takes?: readonly ('number' | 'boolean')[]; mayBeEmpty?: true }

const wrong = (name: string, text: string, why: string, example: string): BadSetting =>
  new BadSetting(`${name} is ${JSON.stringify(text)}: ${why}; for example ${name}=${example}`, { setting: name })

export const text: Reader<string> = (value) => value

/** A port; 0 picks a free one, `off` closes the listener. */
export const port: Reader<number | null> = Object.assign(
  (value: string, name: string) => {
    if (value === 'off') return null
    const number = Number(value)
    if (!/^\d+$/.test(value) || number > 65_535) throw wrong(name, value, 'a port is 0 to 65535, or off', '8080')
    return number
  },
  { takes: ['number'] as const },
)

export const integer = (min: number, max: number, example: string): Reader<number> =>
  Object.assign(
    (value: string, name: string) => {
      const number = Number(value)
      if (!/^\d+$/.test(value) || number < min || number > max)
        throw wrong(name, value, `it must be a whole number from ${min} to ${max}`, example)
      return number
    },
    { takes: ['number'] as const },
  )

export const oneOf =
  <T extends string>(choices: readonly T[]): Reader<T> =>
  (value, name) => {
    if (!choices.includes(value as T)) throw wrong(name, value, `it must be one of ${choices.join(', ')}`, choices[0]!)
    return value as T
  }

/** A command as its words; quotes keep blanks together. No shell reads it. */
export const commandLine: Reader<readonly string[]> = (value, name) => {
  const words = [...value.matchAll(/"([^"]*)"|'([^']*)'|[^\s"']+/g)].map(([whole, double, single]) => double ?? single ?? whole)
  if (/["']/.test(value.replace(/"[^"]*"|'[^']*'/g, '')))
    throw wrong(name, value, 'a quote is not closed', 'espeak-ng -v cmn -w {file} {text}')
  return words
}

export const flag: Reader<boolean> = Object.assign(
  (value: string, name: string) => {
    if (value === '1' || value === 'true') return true
    if (value === '0' || value === 'false' || value === '') return false
    throw wrong(name, value, 'it must be 1 or 0', '1')
  },
  { takes: ['number', 'boolean'] as const, mayBeEmpty: true as const },
)

export const mode: Reader<Mode> = (value, name) => {
  if (!isMode(value)) throw wrong(name, value, 'it must be live, drill, test or simulated', 'live')
  return value
}

export const modeList: Reader<Mode[]> = (value, name) => value.split(',').map((one) => mode(one.trim(), name))

export const roleList: Reader<Role[]> = (value, name) =>
  value.split(',').map((one) => {
    const role = roles.find((known) => known === one.trim())
    if (!role) throw wrong(name, value, `a role is one of ${roles.join(', ')}`, 'admin,supervisor')
    return role
  })

export const timeZone: Reader<string> = (value, name) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone
  } catch {
    throw wrong(name, value, 'it is not a time zone this machine knows', 'Asia/Shanghai')
  }
}

/** An address may carry a password or be a secret as a whole: what is said of it never repeats it. */
export const httpUrl: Reader<string> = (value, name) => {
  const url = URL.parse(value)
  const refuse = (why: string) =>
    new BadSetting(`${name} ${why}; for example ${name}=https://example.org/hook`, { setting: name })
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw refuse('is not an http or https address')
  if (url.username !== '' || url.password !== '') throw refuse('has a user or a password in it, which would be shown and logged')
  return value
}

export const hostName: Reader<string> = (value, name) => {
  if (/\s/.test(value)) throw wrong(name, value, 'an address has no white space', '0.0.0.0')
  return value
}

/** Who asks goes into settings of its own: an address is shown and logged. */
export const serverUrl: Reader<string> = (value, name) => {
  const url = URL.parse(value)
  if (value.includes('@'))
    throw new BadSetting(
      `${name} has a user or a password in it: give them as WATCHFIRE_INFLUX_USER and WATCHFIRE_INFLUX_PASSWORD`,
      { setting: name },
    )
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '')
    throw wrong(name, value, 'it is not the http or https address of a server', 'http://127.0.0.1:8086')
  return value
}

/** An address with places for the numbers of a tile; the key stands in a setting of its own, because an address is shown. */
export const tileUrl: Reader<string> = (value, name) => {
  const example = 'https://example.org/tiles/{z}/{x}/{y}.png'
  const url = URL.parse(value)
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '')
    throw new BadSetting(`${name} is not an http or https address; for example ${name}=${example}`, { setting: name })
  if (!['{z}', '{x}', '{y}'].every((part) => value.includes(part)))
    throw new BadSetting(`${name} lacks {z}, {x} or {y}; for example ${name}=${example}`, { setting: name })
  return value
}

/** Never repeated in what is said about it. */
export const password: Reader<string> = (value, name) => {
  if (value.length < 8) throw new BadSetting(`${name} is too short: a password has at least 8 characters`, { setting: name })
  return value
}

/** Signs what is posted. Never repeated either. */
export const secret: Reader<string> = (value, name) => {
  if (value.length < 16)
    throw new BadSetting(
      `${name} is too short: a secret has at least 16 characters; for example one made by \`openssl rand -hex 32\``,
      { setting: name },
    )
  return value
}

export const optional = <T>(read: Reader<T>): Reader<T | null> =>
  Object.assign((value: string, name: string) => (value.trim() === '' ? null : read(value, name)), {
    ...(read.takes && { takes: read.takes }),
    mayBeEmpty: true as const,
  })
