import { unusual } from '../../alerts/rules/unusual.ts'
import { Alone } from './alone.ts'
import { readRows } from './data.ts'

const PERIOD_MS = 2_000
const sensors = ['MQ2', 'MQ3', 'MQ5', 'MQ6', 'MQ7', 'MQ8', 'MQ135']

export type GasResult = { gas: string; rows: number; sensors: string[]; delayMs: number | null; alarms: number }

/** Seven raw sensors, four blocks of an hour's third each: when `unusual` says that the air has changed. */
export function evaluateGas(): GasResult[] {
  const rows = readRows('gas_mq/readings.csv')
  const alone = sensors.map(() => new Alone(unusual, { level: 'blue' }, PERIOD_MS))
  for (const [row, cells] of rows.entries()) {
    for (const [i, rule] of alone.entries()) rule.hear(Number(cells[i + 1]), row * PERIOD_MS)
  }
  const blocks = [...new Set(rows.map((cells) => cells[8]!))]
  return blocks.map((gas) => {
    const from = rows.findIndex((cells) => cells[8] === gas) * PERIOD_MS
    const to = rows.findLastIndex((cells) => cells[8] === gas) * PERIOD_MS
    const heard = alone.map(({ raisedAt }) => raisedAt.filter((at) => at >= from && at <= to))
    const first = Math.min(...heard.flat())
    return {
      gas,
      rows: (to - from) / PERIOD_MS + 1,
      sensors: sensors.filter((_, i) => heard[i]!.length > 0),
      delayMs: first === Infinity ? null : first - from,
      alarms: heard.flat().length,
    }
  })
}
