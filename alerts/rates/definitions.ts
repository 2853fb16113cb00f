import { readFileSync } from 'node:fs'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { parse } from 'yaml'
import { BadSetting } from '../../core/errors.ts'
import { KpiDefinitionSchema, type KpiDefinition } from '../../core/kpi.ts'

const file = new URL('kpi.yaml', import.meta.url)

/** The rates that ship. A file that does not fit is our own mistake and stops the start. */
export function shippedDefinitions(): KpiDefinition[] {
  const { definitions } = parse(readFileSync(file, 'utf8'), { maxAliasCount: 0 }) as { definitions: unknown }
  const check = Compile(Type.Array(KpiDefinitionSchema))
  if (check.Check(definitions)) return definitions
  const [fault] = check.Errors(definitions)
  throw new BadSetting(`kpi.yaml: ${fault?.instancePath} ${fault?.message}`)
}
