import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export const root = join(import.meta.dirname, '../..')
export const text = (path: string): string => readFileSync(join(root, path), 'utf8')

export type Service = {
  image: string
  build?: string
  user: string
  read_only: boolean
  init: boolean
  restart: string
  cap_drop: string[]
  security_opt: string[]
  tmpfs: string[]
  environment: Record<string, string>
  ports?: string[]
  volumes: string[]
  networks: string[]
  healthcheck: { test: string[]; interval: string; timeout: string; retries: number; start_period: string }
  entrypoint?: string[]
  stop_grace_period?: string
}
export type Compose = {
  services: Record<string, Service>
  networks: Record<string, { internal?: boolean } | null>
  volumes: Record<string, null>
}

export const composeText = text('docker-compose.yml')
export const compose = parse(composeText, { merge: true, maxAliasCount: 20 }) as Compose

/** A variable as compose writes it: `${NAME}`, `${NAME:-default}`, `${NAME:?what to do}`; `$$` is a dollar. */
const variable = /\$\$|\$\{([A-Z_]+)(?::([-?])([^}]*))?\}/g

export type Variable = { name: string; kind: 'required' | 'default' | 'plain'; rest: string }
export const variablesOf = (value: string): Variable[] =>
  [...value.matchAll(variable)]
    .filter(([whole]) => whole !== '$$')
    .map(([, name, sign, rest]) => ({
      name: name!,
      kind: sign === '?' ? 'required' : sign === '-' ? 'default' : 'plain',
      rest: rest ?? '',
    }))

/** What a value is with these variables; raises what `docker compose` says of a required one that is missing. */
export const interpolated = (value: string, env: Record<string, string>): string =>
  value.replace(variable, (whole, name: string, sign: string | undefined, rest: string | undefined) => {
    if (whole === '$$') return '$'
    const given = env[name]
    if (given !== undefined && given !== '') return given
    if (sign === '?') throw new Error(`required variable ${name} is missing a value: ${rest}`)
    return rest ?? ''
  })

export const environmentOf = (service: string, env: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(compose.services[service]!.environment).map(([name, value]) => [name, interpolated(value, env)]),
  )

/** Names and values of .env.example. */
export const example = new Map(
  text('.env.example')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
)

/** A stage of the Dockerfile: its instructions with line continuations joined. */
export type Stage = { from: string; name: string | null; steps: { word: string; rest: string }[] }
export function stages(): Stage[] {
  const found: Stage[] = []
  for (const line of text('Dockerfile').replaceAll('\\\n', ' ').split('\n')) {
    const [, word, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (word === undefined) continue
    const [, from, , name] = /^(\S+)( AS (\S+))?$/.exec(rest!) ?? []
    if (word === 'FROM') found.push({ from: from!, name: name ?? null, steps: [] })
    else found.at(-1)!.steps.push({ word, rest: rest! })
  }
  return found
}

/** What a stage copies from the project: sources and the place in the image, in order. */
export const copies = ({ steps }: Stage): { sources: string[]; to: string }[] =>
  steps
    .filter(({ word, rest }) => word === 'COPY' && !rest.startsWith('--from='))
    .map(({ rest }) => rest.split(/\s+/))
    .map((words) => ({ sources: words.slice(0, -1), to: words.at(-1)! }))
