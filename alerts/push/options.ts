import type { Static, TObject } from 'typebox'
import { Value } from 'typebox/value'
import { BadSetting } from '../../core/errors.ts'
import type { ChannelType } from '../channels/index.ts'

/** Options as they stand in the settings, checked and with their defaults. A complaint names the option, never what it holds. */
export function readOptions<Options extends TObject>(type: ChannelType<Options>, given: unknown, name: string): Static<Options> {
  const schema: TObject = type.options
  const options: unknown = Value.Default(schema, structuredClone(given))
  const wrong = Value.Errors(schema, options)[0]
  if (!wrong) return options as Static<Options>
  const path = wrong.instancePath.slice(1).replaceAll('/', '.')
  const more = (wrong.params as { requiredProperties?: string[]; additionalProperties?: string[] } | undefined) ?? {}
  const named = more.requiredProperties ?? more.additionalProperties ?? []
  const what = [path, ...named.slice(0, 3)].filter((part) => part !== '').join(' ')
  const known = `${type.name} takes ${Object.keys(schema.properties).join(', ')}`
  throw new BadSetting(`channels.${name}: ${what} ${wrong.message}; ${known}`, { setting: `channels.${name}` })
}
