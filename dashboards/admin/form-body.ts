import { attributesText, readAttributes, type Attributes } from './attributes-text.ts'
import type { Field, Row } from './entities.ts'

export type FieldFaults = Record<string, string>
type Fault = 'required' | 'number' | { line: number }

/** A row as the form shows it: texts only. */
export function formOf(fields: readonly Field[], row: Row | null): Record<string, string> {
  return Object.fromEntries(
    fields.map(({ name, kind }) => {
      const value = row?.[name]
      if (kind === 'attributes') return [name, attributesText((value ?? {}) as Attributes)]
      return [name, kind === 'password' || value === null || value === undefined ? '' : String(value)]
    }),
  )
}

/**
 * What to send: all that was filled in for a new row, only what changed for an old one. An emptied field is null. Or the
 * faults, by field, that can be told before asking the server.
 */
export function bodyOf(
  fields: readonly Field[],
  form: Record<string, string>,
  row: Row | null,
): { body: Record<string, unknown> } | { faults: Record<string, Fault> } {
  const before = formOf(fields, row)
  const body: Record<string, unknown> = {}
  const faults: Record<string, Fault> = {}
  for (const { name, kind, required, on } of fields) {
    if (on !== undefined && on !== (row ? 'edit' : 'create')) continue
    const text = kind === 'password' ? (form[name] ?? '') : (form[name] ?? '').trim()
    if (text === '' && (required === 'always' || (required === 'create' && !row))) faults[name] = 'required'
    if (text === (before[name] ?? '') && (row !== null || text === '')) continue
    if (text === '') {
      if (kind === 'attributes') body[name] = attributeChanges((row?.[name] ?? {}) as Attributes, {})
      else if (kind !== 'password') body[name] = null
    } else if (kind === 'number') {
      const number = Number(text)
      if (Number.isFinite(number)) body[name] = number
      else faults[name] = 'number'
    } else if (kind === 'attributes') {
      const read = readAttributes(text)
      if ('line' in read) faults[name] = { line: read.line }
      else body[name] = row ? attributeChanges((row[name] ?? {}) as Attributes, read.attributes) : read.attributes
    } else body[name] = text
  }
  return Object.keys(faults).length > 0 ? { faults } : { body }
}

/** Attributes are merged by the server and null removes one, so only differences are sent. */
function attributeChanges(before: Attributes, after: Attributes): Attributes {
  const gone = Object.keys(before).filter((name) => !Object.hasOwn(after, name))
  const changed = Object.entries(after).filter(([name, value]) => before[name] !== value)
  return { ...Object.fromEntries(gone.map((name) => [name, null])), ...Object.fromEntries(changed) }
}

/** The field a refusal names (`latitude`, `/latitude`, `attributes.substance`), if the form has it. */
export function faultyField(fields: readonly Field[], details: Record<string, unknown>): string | null {
  const named = details['field'] ?? details['path']
  if (typeof named !== 'string') return null
  const first = named.split(/[./]/).find((part) => part !== '') ?? ''
  return fields.some(({ name }) => name === first) ? first : null
}
