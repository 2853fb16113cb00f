import type { BacktestQuestion, BacktestResult } from '../../core/backtest.ts'
import { NotFound } from '../../core/errors.ts'
import { splitChannel } from '../../core/metrics.ts'
import type { Rule } from '../../core/rule.ts'
import type { Entry } from '../../journal/journal.ts'
import { ruleTypeOf } from '../rules/index.ts'
import { historyEntries, LATE_MS, type PastRows } from './history-entries.ts'
import { Replay } from './replay.ts'
import { castOf, factsOf, learners, markedFor, NAMES, recorded, rulebookOf, RULES, WARM_UP_MS, type Prepared } from './run.ts'
import { receivedAt, type Source } from './source.ts'
import { summarise } from './summary.ts'

/** What the record says about who was there to listen. */
const LISTENING = ['platform.started', 'platform.stopped', 'receiving.stopped', 'receiving.resumed', 'part.alarm']

/** Whether a time begins before the journal's readings do, in a platform that had begun by then. */
export async function isBeforeJournal(source: Source, { from }: BacktestQuestion): Promise<boolean> {
  const tail = source.tail()
  const oldest = tail > 1 ? await receivedAt(source, tail) : null
  return oldest !== null && oldest > from
}

/**
 * The production engine over a history store, for the time before the journal's tail, and over the journal from there on. The order
 * of readings is then nearly the one they came in (semantics 15), which the answer says.
 */
export async function runOverHistory(
  source: Source,
  rows: PastRows,
  asked: BacktestQuestion,
  zone: string,
  tell: (progress: number) => void | Promise<void>,
): Promise<BacktestResult> {
  const { mode, rule, to } = asked
  const tail = source.tail()
  const cut = Math.min(to, (await receivedAt(source, tail)) ?? to)
  const record = await source.readRecord(1, [...NAMES, ...RULES, ...LISTENING])
  const began = record[0]?.receivedAt ?? cut
  const cast = rule === null ? null : castOf(rule, rulebookOf(record, Infinity))
  const quantities = quantitiesOf(cast ? [...cast.before, ...cast.after] : null)
  // An empty range is answered with what is left of the past, and nothing is read.
  const earliest = Math.max(began, asked.from - WARM_UP_MS)
  const { readingsFrom = -Infinity } = await rows({ mode, quantities, from: earliest - LATE_MS, to: earliest - LATE_MS })
  const startAt = Math.max(earliest, readingsFrom)
  const question = { ...asked, from: Math.max(asked.from, startAt) }
  if (question.from >= to) {
    const reach = new Date(startAt).toISOString()
    throw new NotFound(`the history reaches back to ${reach}: a backtest cannot begin before that`, { oldest: startAt })
  }
  const tried = new Replay(question, cast?.after ?? null)
  const replays = cast ? [tried, new Replay(question, cast.before)] : [tried]
  const known = record.filter((entry) => entry.receivedAt < startAt)
  const later = record.filter((entry) => entry.receivedAt >= startAt && entry.pos < tail)
  const rulesThen = rulebookOf(known, Infinity).rows()
  for (const replay of replays) {
    replay.known(
      known.filter(({ kind }) => NAMES.includes(kind)),
      rulesThen,
      startAt,
    )
  }
  const span = Math.max(1, to - startAt)
  let readings = 0
  let pos = 1
  const apply = (entry: Entry) => {
    if (entry.kind === 'block') readings += entry.count
    for (const replay of replays) replay.apply(entry)
    pos = entry.pos + entry.count
  }
  for await (const { entries, through } of historyEntries(rows, { mode, quantities, from: startAt, to: cut }, later)) {
    for (const entry of entries) apply(entry)
    await tell(Math.min(1, (through - startAt) / span))
  }
  let clock = cut
  if (to > cut) {
    const shift = Math.max(0, pos - tail)
    clock = await overJournal(
      source,
      to,
      (entry) => apply({ ...entry, pos: entry.pos + shift }),
      async (at) => {
        await tell(Math.min(1, (at - startAt) / span))
      },
    )
  }
  for (const replay of replays) replay.advance(Math.min(to, Math.max(cut, clock)))
  const rulesInForce = () =>
    cast?.after ??
    rulebookOf(record, Infinity)
      .allReady()
      .map((ready) => ready.rule)
  const prepared: Prepared = {
    ...{ question, cast, replays, start: tail, exact: false },
    ...{ warmUpFrom: Math.min(startAt, question.from), coldRules: learners(rulesInForce()) },
  }
  const firstPos = later[0]?.pos ?? tail
  return summarise(question, zone, {
    ...factsOf(prepared),
    source: 'history',
    readings,
    ...(await markedFor(source, question, cast)),
    ...(cast ? {} : { before: await recorded(source, question, firstPos), against: 'record' as const }),
  })
}

/** Where every rule is about one quantity, only those need to be read; null: nobody knows what the rules hear. */
function quantitiesOf(rules: Rule[] | null): string[] {
  if (rules === null) return []
  const named = rules.map(({ type, metric }) =>
    ruleTypeOf(type)?.over === 'series' && metric !== undefined ? splitChannel(metric).metric : null,
  )
  return named.includes(null) ? [] : [...new Set(named.filter((one) => one !== null))]
}

/** From the tail on; how far time came. */
async function overJournal(
  source: Source,
  to: number,
  apply: (entry: Entry) => void,
  tell: (at: number) => Promise<void>,
): Promise<number> {
  let clock = 0
  const head = source.head()
  for (let next = source.tail(); next < head;) {
    const batch = await source.read(next)
    for (const entry of batch.entries) {
      if (entry.receivedAt >= to) return to
      apply(entry)
    }
    if (batch.next <= next) break
    next = batch.next
    clock = batch.clock
    await tell(Math.min(to, clock))
  }
  return clock
}
