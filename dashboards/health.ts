import type { PartAlarm, PartStatus } from '../core/part.ts'
import { worryText, type PartWorry } from '../core/part-words.ts'
import type { PlatformState } from '../core/live.ts'
import { askedOf, type Api } from './context.ts'
import { checkMetricsAccess, type Metrics } from './metrics.ts'

export type Readiness = { status: 'ready' | 'degraded' | 'down'; parts: Record<string, { state: string; detail?: string }> }

/** Down when a part is: the journal is down when nothing can be acknowledged. */
export function readiness(parts: PartStatus[]): Readiness {
  const is = (state: PartStatus['state']) => parts.some((part) => part.state === state)
  return {
    status: is('down') ? 'down' : is('degraded') ? 'degraded' : 'ready',
    parts: Object.fromEntries(parts.map(({ name, state, detail }) => [name, { state, ...(detail !== undefined && { detail }) }])),
  }
}

/** The same for the wall: whether anything is received, and one notice a part that is not well. */
export function platformNotices(
  parts: PartStatus[],
  since: (name: string) => number,
): Pick<PlatformState, 'receiving' | 'detail' | 'notices'> {
  const journal = parts.find(({ name }) => name === 'journal')
  const stopped = journal?.state === 'down'
  return {
    receiving: stopped ? 'stopped' : 'ok',
    detail: stopped ? (journal.detail ?? null) : null,
    notices: parts
      .filter(({ state }) => state !== 'ok')
      .map(({ name, state, detail, says, alarms }) => ({
        code: `${name}-${state}`,
        text: detail ?? `${name} is ${state}`,
        since: since(name),
        ...wordsOf(says, alarms),
      })),
  }
}

/** Alarms of a part have their own words; a part of an older thread may have none. */
const wordsOf = (says: PartWorry[] = [], alarms: PartAlarm[] = []): { words?: { zh: string; en: string } } => {
  if (says.length > 0) return { words: worryText(says) }
  if (alarms.length === 0) return {}
  return { words: { zh: alarms.map(({ text }) => text.zh).join('；'), en: alarms.map(({ text }) => text.en).join('; ') } }
}

export function healthCalls(app: Api, parts: () => PartStatus[], metrics: Metrics, metricsToken: string | null): void {
  app.get('/healthz', { schema: { hide: true } }, () => ({ status: 'alive' }))
  app.get('/readyz', { schema: { hide: true } }, (_request, reply) => {
    const answer = readiness(parts())
    return reply.code(answer.status === 'down' ? 503 : 200).send(answer)
  })
  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    checkMetricsAccess(askedOf(request), metricsToken)
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics.text(parts()))
  })
}
