import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { CHANNEL_SECRET, takeChannels } from './channel-settings.ts'
import { BadSetting } from './core/errors.ts'
import { checkTogether, isLoopbackHost } from './settings-checks.ts'
import { settingsTable, type Setting, type Settings } from './settings-table.ts'

export { isLoopbackHost, settingsTable, type Settings }

/**
 * Settings from `watchfire.yaml` (if the file exists) and the environment, which wins. Raises `BadSetting` naming the
 * setting, what is wrong and an example. `warnings` are for names nobody knows, which are mostly typing errors.
 */
export function readSettings(env: NodeJS.ProcessEnv, yamlFile: string): { settings: Settings; warnings: string[] } {
  const table = settingsTable as Record<string, Setting<unknown>>
  const { channels, ...fromFile } = takeChannels(readYaml(yamlFile), env)
  const names = new Map(Object.entries(table).map(([name, { env }]) => [env, name]))
  const unknown = Object.keys(fromFile).find((name) => !Object.hasOwn(table, name))
  if (unknown !== undefined) {
    throw new BadSetting(`${yamlFile} sets ${unknown}, which is not a setting; known are ${Object.keys(table).join(', ')}`, {
      setting: unknown,
    })
  }
  const settings: Record<string, unknown> = {}
  for (const [name, one] of Object.entries(table)) {
    const given = env[one.env]
    if (given !== undefined) settings[name] = readOne(one, given, one.env, `${one.env}=${one.example}`)
    else if (Object.hasOwn(fromFile, name)) settings[name] = fromYaml(one, fromFile[name], name)
    else settings[name] = one.fallback
  }
  const checked = settings as Settings
  checkTogether(checked)
  const warnings = Object.keys(env)
    .filter((variable) => variable.startsWith('WATCHFIRE_') && !variable.startsWith(CHANNEL_SECRET) && !names.has(variable))
    .map((variable) => `${variable} is not a setting and has no effect`)
  return { settings: { ...checked, dataDir: resolve(checked.dataDir), ...(channels && { channels }) }, warnings }
}

function readOne({ read }: Setting<unknown>, value: string, name: string, example: string): unknown {
  if (value.trim() === '' && !read.mayBeEmpty)
    throw new BadSetting(`${name} is empty: leave it out or give a value; for example ${example}`, { setting: name })
  return read(value.trim() === '' ? '' : value, name)
}

/** What YAML made of the line: nothing, text, or something that only looks like text. The value itself is not repeated. */
function fromYaml(one: Setting<unknown>, value: unknown, name: string): unknown {
  const example = `${name}: ${JSON.stringify(one.example)}`
  if (value === null && one.read.mayBeEmpty) return one.fallback
  if (typeof value === 'object' && value !== null)
    throw new BadSetting(`${name} is a list or a group of lines, and it takes one value; for example ${example}`, {
      setting: name,
    })
  const kind = typeof value as 'string' | 'number' | 'boolean'
  if (value !== null && kind !== 'string' && !one.read.takes?.includes(kind))
    throw new BadSetting(`${name} is read as a ${kind}, and it takes text: put it in quotes; for example ${example}`, {
      setting: name,
    })
  return readOne(one, value === null ? '' : String(value), name, example)
}

function readYaml(file: string): Record<string, unknown> {
  let source: string
  try {
    source = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new BadSetting(`${file} cannot be read: ${(error as Error).message}`)
  }
  try {
    const value: unknown = parseYaml(source, { schema: 'core', maxAliasCount: 0 })
    if (value === null || value === undefined) return {}
    if (typeof value !== 'object' || Array.isArray(value)) throw new Error('it must be a list of `name: value` lines')
    return value as Record<string, unknown>
  } catch (error) {
    throw new BadSetting(`${file}: ${(error as Error).message.split('\n')[0]}`)
  }
}
