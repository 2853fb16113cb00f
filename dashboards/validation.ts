import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Invalid } from '../core/errors.ts'

type Shape = {
  type?: string
  properties?: Record<string, Shape>
  anyOf?: Shape[]
  examples?: unknown[]
  enum?: unknown[]
  items?: Shape
}
type Fault = { keyword: string; instancePath: string; params: Record<string, unknown>; message: string }

/**
 * Checks what comes in by the same schema that documents it. Bodies are taken as they are (a number is not a string);
 * in addresses everything is text, so numbers and booleans are read from it.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  // At the first use: compiling all of them would be a good part of the start.
  let compiled: ReturnType<typeof Compile<TSchema>> | undefined
  const shape = schema as Shape
  const where = httpPart ?? 'body'
  return (input: unknown) => {
    const value = where === 'body' ? input : fromText(input as Record<string, unknown>, shape)
    const check = (compiled ??= Compile(schema))
    if (check.Check(value)) return { value }
    return { error: explain(check.Errors(value) as Fault[], shape, where) }
  }
}

/** Every field that does not fit a schema, once, in the order found; null is the whole. */
export function faultyFields(schema: TSchema): (value: unknown) => { field: string | null; isMissing: boolean }[] {
  let compiled: ReturnType<typeof Compile<TSchema>> | undefined
  return (value) => {
    const check = (compiled ??= Compile(schema))
    if (check.Check(value)) return []
    const found = new Map<string | null, boolean>()
    for (const { keyword, instancePath, params } of check.Errors(value) as Fault[]) {
      const field = instancePath.split('/')[1] ?? null
      const missing = keyword === 'required' && field === null ? (params['requiredProperties'] as string[]) : []
      for (const one of missing) found.set(one, true)
      if (missing.length === 0 && !found.has(field)) found.set(field, false)
    }
    return [...found].map(([field, isMissing]) => ({ field, isMissing }))
  }
}

function fromText(input: Record<string, unknown>, { properties = {} }: Shape): Record<string, unknown> {
  const read: Record<string, unknown> = {}
  for (const [name, given] of Object.entries(input)) {
    const type = properties[name]?.type
    if (type === 'array') read[name] = Array.isArray(given) ? given : [given]
    else if ((type === 'number' || type === 'integer') && typeof given === 'string' && given.trim() !== '') {
      const number = Number(given)
      read[name] = Number.isNaN(number) ? given : number
    } else if (type === 'boolean')
      read[name] = given === 'true' || given === '1' ? true : given === 'false' || given === '0' ? false : given
    else read[name] = given
  }
  return read
}

/** One fault in words, naming the field and, where the schema gives one, an example that works. */
function explain(faults: Fault[], shape: Shape, where: string): Invalid {
  const fault = faults.find(({ keyword }) => keyword === 'required' || keyword === 'additionalProperties') ?? faults.at(-1)!
  const path = fault.instancePath.split('/').slice(1)
  if (fault.keyword === 'required') path.push(String((fault.params['requiredProperties'] as string[])[0]))
  if (fault.keyword === 'additionalProperties') path.push(String((fault.params['additionalProperties'] as string[])[0]))
  const field = path.join('.')
  const at = path.reduce<Shape | undefined>((inner, name) => inner?.properties?.[name] ?? inner?.items, shape)
  const example = at?.examples?.[0]
  const says = wording(fault, shape, at)
  const hint = example === undefined ? '' : `; for example ${JSON.stringify(example)}`
  return new Invalid('invalid', `${field || `the ${where}`} ${says}${hint}`, {
    field: field || null,
    in: where,
    ...(example !== undefined && { example }),
  })
}

function wording({ keyword, params, message }: Fault, shape: Shape, at: Shape | undefined): string {
  switch (keyword) {
    case 'required':
      return 'is missing'
    case 'additionalProperties':
      return `is not known here; known are ${Object.keys(shape.properties ?? {}).join(', ') || 'none'}`
    case 'enum':
      return `must be one of ${(params['allowedValues'] as unknown[]).join(', ')}`
    case 'anyOf':
      return `must be ${(at?.anyOf ?? []).map((one) => (one.enum ? one.enum.join(', ') : (one.type ?? 'one of the forms'))).join(' or ')}`
    default:
      return message
  }
}
