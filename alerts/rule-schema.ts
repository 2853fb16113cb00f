import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import type { Problem } from './rules/rule.ts'

type Fields = Record<string, unknown>
type Check = { Check(value: unknown): boolean }

const checks = new Map<TSchema, Check>()

/** Compiled once per schema: a rule may hold ten thousand fences, and the thread that reads it has alarms to judge. */
function fits(schema: TSchema, value: unknown): boolean {
  let check = checks.get(schema)
  if (!check) checks.set(schema, (check = Compile(schema)))
  return check.Check(value)
}

const sayDefaults = new Map<TSchema, Map<string, boolean>>()

/** The options whose schema names a default, at whatever depth: only they need going through. */
function defaulted(schema: TSchema): Map<string, boolean> {
  let known = sayDefaults.get(schema)
  if (!known) {
    const { properties } = schema as unknown as { properties: Record<string, TSchema> }
    const names = Object.entries(properties).map(([name, own]) => [name, JSON.stringify(own).includes('"default":')] as const)
    sayDefaults.set(schema, (known = new Map(names)))
  }
  return known
}

/** The rule with what its type has for options nobody gave. */
export function withDefaults(schema: TSchema, rule: Fields): Fields {
  const plain = Object.entries(rule).filter(([name]) => defaulted(schema).get(name) === false)
  const rest = Object.fromEntries(Object.entries(rule).filter(([name]) => defaulted(schema).get(name) !== false))
  return { ...(Value.Default(schema, rest) as Fields), ...Object.fromEntries(plain) }
}

/** The first thing that does not fit; `path` is a JSON pointer. */
export function firstError(schema: TSchema, value: unknown): Problem | null {
  if (fits(schema, value)) return null
  const errors = Value.Errors(schema, value) as { instancePath: string; message: string; keyword: string; params: unknown }[]
  // The most specific error says where; the ones above it only say that something inside is wrong.
  const worst = errors.toSorted((a, b) => b.instancePath.length - a.instancePath.length)[0]
  if (!worst) return null
  const missing = (worst.params as { requiredProperties?: string[] }).requiredProperties
  if (missing) return { path: `${worst.instancePath}/${missing[0]}`, message: `${missing[0]} is missing` }
  const unexpected = worst.keyword === 'boolean' ? 'is not known here' : worst.message
  const allowed = (worst.params as { allowedValues?: unknown[] }).allowedValues
  return { path: worst.instancePath, message: allowed ? `must be one of ${allowed.join(', ')}` : unexpected }
}
