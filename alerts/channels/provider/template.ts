import { BadSetting } from '../../../core/errors.ts'

/** What a template may name. A value never becomes part of the template again. */
export type Values = Record<string, string>

const PLACE = /\{([A-Za-z][A-Za-z0-9]*)\}/g

/** Fills `{name}`; a name nobody gives stays empty, because the names are checked when the channel is opened. */
export const fill = (template: string, values: Values, encode: (value: string) => string = (value) => value): string =>
  template.replace(PLACE, (_, name: string) => encode(Object.hasOwn(values, name) ? values[name]! : ''))

/** Fills every string inside; keys stay as they are, so JSON cannot be broken out of. */
export function fillAll(template: unknown, values: Values): unknown {
  if (typeof template === 'string') return fill(template, values)
  if (Array.isArray(template)) return template.map((one) => fillAll(one, values))
  if (typeof template !== 'object' || template === null) return template
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fillAll(value, values)]))
}

const namesIn = (template: unknown): string[] =>
  typeof template === 'string'
    ? [...template.matchAll(PLACE)].map(([, name]) => name!)
    : typeof template === 'object' && template !== null
      ? Object.values(template).flatMap(namesIn)
      : []

/** A name that nothing fills is a typing error that would be found out at the first alarm. */
export function checkNames(template: unknown, known: readonly string[], where: string): void {
  const unknown = namesIn(template).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new BadSetting(
      `${where} names {${unknown}}, which nothing fills; it may name ${known.map((name) => `{${name}}`).join(' ')}`,
    )
  }
}
