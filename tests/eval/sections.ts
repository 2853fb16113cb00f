import type { GasResult } from './gas.ts'
import type { HydrantResult } from './hydrants.ts'
import { profiles, scoredAt, type Result, type Scored } from './nab/scoring.ts'
import { published, WINDOWS_HERE, FILES_HERE } from './nab/published.ts'
import { shippedThreshold } from './nab/shipped.ts'
import type { SmokeResult } from './smoke.ts'
import type { TrackResult } from './tracks.ts'

export const table = (head: string[], rows: (string | number)[][]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

const score = (value: number) => value.toFixed(1)
const duration = (ms: number | null) => {
  if (ms === null) return 'not found'
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`
}

export type NabRun = { name: string; results: Result[]; scored: Scored[] | null }

export function nabSection(runs: NabRun[], files: number, windows: number): string {
  const ours = runs.flatMap(({ name, results, scored }) => {
    const best = [name, ...results.map(({ normalised }) => score(normalised)), 'measured here, best threshold for these files']
    if (scored === null) return [best]
    const fixed = profiles.map((profile) => score(scoredAt(scored, profile, shippedThreshold).normalised))
    return [[name, ...fixed, `measured here, threshold as shipped (${shippedThreshold})`], best]
  })
  const theirs = published.map(({ name, here }) => [
    name,
    here === null || files !== FILES_HERE ? '–' : score((100 * (here + WINDOWS_HERE)) / (2 * WINDOWS_HERE)),
    '–',
    '–',
    'its published scores of these files, threshold for the full corpus',
  ])
  const corpus = published.flatMap(({ name, corpus: all }) =>
    all ? [[name, ...all.map(score), 'published, full corpus: other files too, not comparable line by line']] : [],
  )
  const rows = [...ours, ...theirs.filter(([, here]) => here !== '–'), ...corpus]
  return `### Numenta Anomaly Benchmark: ${files} files, ${windows} windows\n\n${table(['detector', 'standard', 'reward low FP', 'reward low FN', 'how'], rows)}`
}

export function hydrantSection({ events, falseAlarms, weeks, lostReports }: HydrantResult): string {
  const kinds = [...new Set(events.map(({ kind }) => kind))]
  const rows = kinds.map((kind) => {
    const all = events.filter((event) => event.kind === kind)
    const found = all.filter(({ delayMs }) => delayMs !== null)
    const delays = found.map(({ delayMs }) => duration(delayMs)).join(', ')
    const by = [...new Set(found.map(({ by }) => by!))].join(', ')
    return [kind, `${found.length} of ${all.length}`, delays || '–', by || '–']
  })
  const alarms = `False alarms: ${(falseAlarms.length / weeks).toFixed(2)} a week over twelve hydrants (${falseAlarms.length} in ${weeks.toFixed(1)} weeks); ${lostReports} silences were real but have no label.`
  return `### Hydrant network\n\n${table(['event', 'found', 'delay from its start', 'first alarm by'], rows)}\n\n${alarms}`
}

export function smokeSection(results: SmokeResult[]): string {
  const rows = results.map(({ by, delayMs, falseAlarms, quietHours }) => [
    by,
    duration(delayMs),
    `${(falseAlarms / quietHours).toFixed(1)} (${falseAlarms} in ${duration(quietHours * 3_600_000)})`,
  ])
  return `### Smoke detector: one fire test\n\n${table(['by', 'delay from alarm onset', 'false alarms an hour'], rows)}`
}

export function gasSection(results: GasResult[]): string {
  const rows = results.map(({ gas, rows, sensors, delayMs, alarms }) => [
    gas,
    rows,
    `${sensors.length} of 7${sensors.length > 0 ? ` (${sensors.join(', ')})` : ''}`,
    gas === 'NoGas' ? `${alarms} false` : duration(delayMs),
  ])
  return `### Gas: four blocks, seven raw sensors, rule \`unusual\`\n\n${table(['block', 'rows', 'sensors that say so', 'delay'], rows)}`
}

export function trackSection(result: TrackResult): string {
  const { tracks, jumps, jumpsFound, falseAlarms, hoursOnFoot, stops, stopsMoving } = result
  const rows = [
    ['jump (two points over 120 km/h apart)', `${jumpsFound} of ${jumps} raised a speed alarm`],
    ['on foot or parked', `${falseAlarms} speed alarms in ${hoursOnFoot.toFixed(1)} h`],
    ['stop (a minute within 25 m)', `${stopsMoving} of ${stops} raised a speed alarm`],
  ]
  return `### Vehicle tracks: ${tracks} pieces, rule \`speed\` with its defaults\n\n${table(['what', 'result'], rows)}`
}
