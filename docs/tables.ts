import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { deviceKinds } from '../core/device-kind.ts'
import { channelTypes } from '../alerts/channels/index.ts'
import { metrics, type Metric } from '../core/metrics.ts'
import { ruleTypes } from '../alerts/rules/index.ts'
import { settingsTable } from '../settings.ts'

/** Writes docs/reference.md and the tables of docs/channels.md from the code; `--check` fails when a committed page differs. */
type Cell = string | number
const root = join(import.meta.dirname, '..')
const file = join(import.meta.dirname, 'reference.md')

const escape = (cell: Cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')
const table = (head: string[], rows: Cell[][]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(escape).join(' | ')} |`).join('\n')

const shown = (value: unknown) => (value === null ? 'none' : value === false ? '0' : `\`${String(value)}\``)
const settings = table(
  ['variable', 'in watchfire.yaml', 'default', 'example', 'what it is'],
  Object.entries(settingsTable).map(([name, { env, fallback, example, says }]) => [
    `\`${env}\``,
    `\`${name}\``,
    name.endsWith('Port') && fallback === null ? '`off`' : shown(fallback),
    `\`${example}\``,
    says,
  ]),
)

const metricTable = table(
  ['key', 'unit', 'possible range', '中文', 'English'],
  Object.entries(metrics as Record<string, Metric>).map(([name, { unit, min, max, kind, zh, en }]) => [
    `\`${name}\``,
    unit || (kind === 'flag' ? '0/1' : ''),
    kind === 'flag' ? '' : `${min} to ${max}`,
    zh,
    en,
  ]),
)

const kinds = table(
  ['kind', '中文', 'English', 'reports every, unless it says otherwise'],
  Object.entries(deviceKinds).map(([name, { zh, en, expectedPeriodMs }]) => [
    `\`${name}\``,
    zh,
    en,
    `${expectedPeriodMs / 1000} s`,
  ]),
)

const overNames = {
  series: 'one series by its values',
  device: 'a device as a whole',
  position: 'where a device is and how it moves',
  group: 'devices of a zone, site, enterprise or convoy together',
}
type OptionSchema = {
  default?: unknown
  description?: string
  type?: string
  enum?: unknown[]
  anyOf?: OptionSchema[]
  const?: unknown
}
const kindOf = ({ type, enum: choices, anyOf, const: only }: OptionSchema): string => {
  if (choices) return choices.map((choice) => `\`${String(choice)}\``).join(', ')
  if (only !== undefined) return `\`${String(only)}\``
  if (anyOf) return anyOf.map(kindOf).join(' or ')
  return type ?? 'object'
}
const ruleTypeTable = table(
  ['type', 'judges', 'option', 'is', 'default', 'what it is'],
  ruleTypes.flatMap(({ name, over, options }) =>
    Object.entries((options as unknown as { properties: Record<string, OptionSchema> }).properties).map(([option, schema], i) => [
      i === 0 ? `\`${name}\`` : '',
      i === 0 ? overNames[over] : '',
      `\`${option}\``,
      kindOf(schema),
      schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``,
      schema.description ?? '',
    ]),
  ),
)

type PackRule = {
  id: string
  type: string
  metric?: string
  source: string
  latching: boolean
  title: { zh: string; en: string }
  limits?: object[]
  level?: string
  when?: string | number
  enabled?: boolean
}
const limitText = ({ name, above, below, by, spreads, percent, level = '' }: Record<string, unknown>) => {
  const where =
    above !== undefined
      ? `≥ ${above}`
      : below !== undefined
        ? `≤ ${below}`
        : by !== undefined
          ? `by ${by}`
          : spreads !== undefined
            ? `${spreads} spreads off`
            : `${percent} % off`
  return `${name} ${where} ${level}`.trim()
}
const limitsText = ({ limits, level, when, enabled }: PackRule) => {
  const limited = (limits as Record<string, unknown>[] | undefined)?.map(limitText).join(', ')
  const words = [limited, typeof when === 'string' ? `\`${when}\`` : undefined, limited && !level ? undefined : level]
  return `${words.filter((word) => word !== undefined).join(' ')}${enabled === false ? ' (off until a person decides)' : ''}`
}
const packs = readdirSync(join(root, 'alerts/packs'))
  .filter((name) => name.endsWith('.yaml'))
  .sort()
  .map((name) => {
    const { rules } = parse(readFileSync(join(root, 'alerts/packs', name), 'utf8'), { maxAliasCount: 0 }) as { rules: PackRule[] }
    const rows = rules.map((rule) => [
      `\`${rule.id}\``,
      rule.type,
      rule.metric ? `\`${rule.metric}\`` : '',
      limitsText(rule),
      `${rule.title.zh} / ${rule.title.en}`,
      rule.source,
    ])
    return `### ${name}\n\n${table(['rule', 'type', 'metric', 'limits', 'title', 'source'], rows)}`
  })
  .join('\n\n')

const page = `# Reference tables

Generated from the code by \`npm run docs\`; the tests fail when this page differs from it.

## Settings

The environment wins over \`watchfire.yaml\` in the folder Watchfire is started from. How people are reached stands there too, in the section
\`channels\` ([channels.md](channels.md)). Ports: \`0\` picks a free one, \`off\` closes the listener.

${settings}

## Metrics

The keys of telemetry payloads. A key may carry a channel: \`toxicPpm#h2s\`. Others are stored under the name sent, as unmapped.

${metricTable}

## Device kinds

${kinds}

## Rule types

What stands in a rule beside \`id\`, \`type\`, \`metric\` (only for rules over a series), \`applies\` and its texts. Texts may say \`{device}\`,
\`{metric}\`, \`{value}\`, \`{unit}\`, \`{limit}\`, \`{limitName}\` and, for places and groups, \`{detail}\`. Times are milliseconds. Coordinates are
\`[longitude, latitude]\` in WGS-84; a shape is \`{polygon: [outer ring, holes…]}\`, \`{circle, radiusM}\` or \`{corridor, halfWidthM}\`.

${ruleTypeTable}

## Rules that ship

A \`PUT /api/v1/rules/{id}\` overrides a rule until it is deleted again; both become versions in the record.

${packs}
`

/** Parts of a page written by hand that the code knows better. */
const START = '<!-- generated by `npm run docs` -->'
const END = '<!-- end of what is generated -->'
const withGenerated = (source: string, generated: string) => {
  const [before = '', after = ''] = [source.split(START)[0], source.split(END)[1]]
  return `${before}${START}\n\n${generated}\n\n${END}${after}`
}

const quotaText = (quota: { messages: number; perMs: number } | null) =>
  quota ? `${quota.messages} / ${quota.perMs / 1000} s` : ''
const channelTable = table(
  ['type', 'goes to', 'receipts', 'with callbacks also', 'taking over', 'quota'],
  [...channelTypes.values()].map(({ name, addressOf, receipts, later, acknowledge, quota }) => [
    `\`${name}\``,
    addressOf === null ? 'where the settings say' : `a person's \`${addressOf}\``,
    receipts.join(', ') || 'no receipt',
    (later ?? []).join(', '),
    acknowledge === 'keypad'
      ? 'key on the phone, with callbacks'
      : acknowledge === 'link'
        ? 'link to a page that needs a login'
        : '',
    quotaText(quota),
  ]),
)
const channelOptions = [...channelTypes.values()]
  .map(({ name, options, secrets }) => {
    const { properties, required = [] } = options as unknown as { properties: Record<string, OptionSchema>; required?: string[] }
    const rows = Object.entries(properties).map(([option, schema]) => [
      `\`${option}\``,
      kindOf(schema),
      schema.default !== undefined ? `\`${JSON.stringify(schema.default)}\`` : required.includes(option) ? 'must be given' : '',
      `${schema.description ?? ''}${secrets.includes(option) ? ' (secret)' : ''}`,
    ])
    return `### ${name}\n\n${table(['option', 'is', 'default', 'what it is'], rows)}`
  })
  .join('\n\n')
const channelFile = join(import.meta.dirname, 'channels.md')
const channelPage = withGenerated(readFileSync(channelFile, 'utf8'), `${channelTable}\n\n${channelOptions}`)

const pages = [
  [file, page],
  [channelFile, channelPage],
] as const
for (const [path, text] of pages) {
  if (!process.argv.includes('--check')) writeFileSync(path, text)
  else if (readFileSync(path, 'utf8') !== text) {
    process.stderr.write(`${path} differs from the code: run \`npm run docs\` and commit the result\n`)
    process.exit(1)
  }
}
