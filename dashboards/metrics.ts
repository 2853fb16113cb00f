import { timingSafeEqual } from 'node:crypto'
import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { PartStatus } from '../core/part.ts'
import { bearerToken, isFromHere, type Asked } from './access.ts'
import { Forbidden } from './refusals.ts'
import { sha256 } from './short-id.ts'

/** What Prometheus reads: figures of the parts, of this process and of its HTTP answers. No label says which device. */
export class Metrics {
  #registry = new Registry()
  #answers: Counter<'method' | 'status'>
  #seconds: Histogram

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
    this.#answers = new Counter({
      name: 'watchfire_http_answers_total',
      help: 'HTTP answers by method and status',
      labelNames: ['method', 'status'],
      registers: [this.#registry],
    })
    this.#seconds = new Histogram({
      name: 'watchfire_http_answer_seconds',
      help: 'Time from request to answer',
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5],
      registers: [this.#registry],
    })
  }

  answered(method: string, status: number, seconds: number): void {
    this.#answers.inc({ method, status })
    this.#seconds.observe(seconds)
  }

  async text(parts: PartStatus[]): Promise<string> {
    return `${figuresText(parts)}${await this.#registry.metrics()}`
  }
}

/** The parts' figures; a name that several parts use is told apart by the label `part`. */
function figuresText(parts: PartStatus[]): string {
  const byName = new Map<string, string[]>()
  const add = (name: string, line: string) => byName.set(name, [...(byName.get(name) ?? []), line])
  for (const { name: part, state, figures } of parts) {
    add('watchfire_part_state', `watchfire_part_state{part="${part}",state="${state}"} 1`)
    for (const [name, value] of Object.entries(figures)) add(name, `${name}{part="${part}"} ${value}`)
  }
  return [...byName]
    .map(([name, lines]) => `# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}\n${lines.join('\n')}\n`)
    .join('')
}

/** On this machine anybody may read them; from elsewhere the token is asked for, and without one set nobody may. */
export function checkMetricsAccess(asked: Asked, token: string | null): void {
  if (isFromHere(asked)) return
  const given = bearerToken(asked.headers)
  if (token !== null && given !== undefined && timingSafeEqual(Buffer.from(sha256(given)), Buffer.from(sha256(token)))) return
  throw new Forbidden(
    'forbidden',
    'off this machine /metrics asks for a token: set WATCHFIRE_METRICS_TOKEN and send it as Authorization: Bearer',
  )
}
