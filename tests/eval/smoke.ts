import { unusual } from '../../alerts/rules/unusual.ts'
import { Alone } from './alone.ts'
import { readRows } from './data.ts'
import { Stage } from './stage.ts'

const SECOND = 1_000
const FROM = Date.UTC(2026, 0, 5)
/** The second half of the file repeats the first from another temperature sensor: it is no second test. */
const ROWS = 24_994

export type SmokeResult = { by: string; delayMs: number | null; falseAlarms: number; quietHours: number; raised: number }

/** One fire test: what the rules that ship say of it, and what `unusual` says of each of the three series. */
export function evaluateSmoke(): SmokeResult[] {
  const rows = readRows('smoke_iot/readings.csv').slice(0, ROWS)
  const onset = rows.findIndex((cells) => cells[4] === '1')
  const stage = new Stage(FROM, [{ id: 'S1', kind: 'smoke-alarm', attributes: { expectedPeriodMs: SECOND } }])
  const names = ['temperature', 'humidity', 'eCO2'] as const
  const alone = names.map(() => new Alone(unusual, { level: 'blue' }, SECOND))
  for (const [second, cells] of rows.entries()) {
    const at = FROM + second * SECOND
    const [, temperature, humidity, eco2] = cells.map(Number)
    stage.hear(at, [
      { device: 'S1', metric: 'temperatureC', value: temperature! },
      { device: 'S1', metric: 'humidityRh', value: humidity! },
    ])
    for (const [i, value] of [temperature!, humidity!, eco2!].entries()) alone[i]!.hear(value, at)
  }
  const heard = [
    { by: 'fire.heat, fire.heat-rise', times: stage.raised.map(({ at }) => at) },
    ...names.map((name, i) => ({ by: `unusual, ${name}`, times: alone[i]!.raisedAt })),
  ]
  return heard.map(({ by, times }) => {
    const first = times.find((at) => at >= FROM + onset * SECOND)
    const delayMs = first === undefined ? null : first - FROM - onset * SECOND
    const falseAlarms = times.filter((at) => at < FROM + onset * SECOND).length
    return { by, delayMs, falseAlarms, quietHours: onset / 3_600, raised: times.length }
  })
}
