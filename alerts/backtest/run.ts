import type { BacktestQuestion, BacktestResult, FoundAlarm } from '../../core/backtest.ts'
import { NotFound } from '../../core/errors.ts'
import { splitChannel } from '../../core/metrics.ts'
import type { Rule } from '../../core/rule.ts'
import { windowEntryKinds } from '../../core/window.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import type { Entry } from '../../journal/journal.ts'
import { Rulebook } from '../rulebook.ts'
import { ruleTypeOf } from '../rules/index.ts'
import { marksOf, type Mark } from './marks.ts'
import { Raised, Replay } from './replay.ts'
import { positionAt, receivedAt, type Source } from './source.ts'
import { summarise } from './summary.ts'

/** Holds, silences and standing alarms have settled after a day; only what learns has not. */
export const WARM_UP_MS = 86_400_000
export const RULES = ['rule.set', 'rule.removed']
export const NAMES = ['registry.changed', 'series.defined', 'fence.set', ...windowEntryKinds]

/** Ids of the rules whose alarms are compared, and the rules that stand beside them. */
type Cast = { judged: Set<string>; before: Rule[]; after: Rule[] }

/** A run made ready: engines that know what was known before the first position they are given. */
export type Prepared = {
  question: BacktestQuestion
  cast: Cast | null
  replays: Replay[]
  /** the first position to judge */
  start: number
  exact: boolean
  warmUpFrom: number
  coldRules: string[]
}

/**
 * Makes the production engine ready to run over the journal from a day before `from` (semantics 15: exact from its first entry), once
 * for the rule to try and once for the one in force (at `rulesBefore`, if that is past).
 */
export async function prepare(source: Source, asked: BacktestQuestion, rulesBefore = Infinity): Promise<Prepared> {
  const { from, to } = asked
  const tail = source.tail()
  const oldest = await receivedAt(source, tail)
  if (oldest === null || oldest >= to || (tail > 1 && oldest > from)) {
    const reach = oldest === null ? 'the journal is empty' : `the journal reaches back to ${new Date(oldest).toISOString()}`
    throw new NotFound(`${reach}: a backtest cannot begin before that; keep it longer with WATCHFIRE_JOURNAL_MAX_DAYS`, {
      oldest,
    })
  }
  // Before its first entry the platform was not there, so nothing is missing.
  const question = { ...asked, from: Math.max(from, oldest) }
  const start = Math.max(tail, tail === 1 && oldest > from - WARM_UP_MS ? 1 : await positionAt(source, from - WARM_UP_MS))
  const startedAt = (await receivedAt(source, start)) ?? from
  const record = await source.readRecord(1, [...NAMES, ...RULES])
  const ruled = record.filter((entry) => entry.receivedAt < rulesBefore)
  const cast = question.rule === null ? null : castOf(question.rule, rulebookOf(ruled, Infinity))
  const tried = new Replay(question, cast?.after ?? null)
  const replays = cast ? [tried, new Replay(question, cast.before)] : [tried]
  if (start > 1) {
    const names = record.filter(({ pos, kind }) => pos < start && NAMES.includes(kind))
    for (const replay of replays) replay.known(names, rulebookOf(record, start).rows(), startedAt)
  }
  const exact = start === 1
  const end = await positionAt(source, to)
  const rules = () =>
    cast?.after ??
    rulebookOf(record, end)
      .allReady()
      .map(({ rule }) => rule)
  return {
    question,
    cast,
    replays,
    start,
    exact,
    warmUpFrom: Math.min(startedAt, from),
    coldRules: exact ? [] : learners(rules()),
  }
}

/** Runs the production engine over the journal, in one pass for all it compares. `tell` hears how far it is, 0 to 1, between slices; raising in it ends the run. */
export async function runBacktest(
  source: Source,
  asked: BacktestQuestion,
  zone: string,
  tell: (progress: number) => void | Promise<void>,
): Promise<BacktestResult> {
  const head = source.head()
  const prepared = await prepare(source, asked)
  const { question, cast, replays, start } = prepared
  const end = await positionAt(source, question.to)
  const readings = await pass(source, { start, end, head, to: question.to }, replays, tell)
  return summarise(question, zone, {
    ...factsOf(prepared),
    readings,
    ...(await markedFor(source, question, cast)),
    ...(cast ? {} : { before: await recorded(source, question, start), against: 'record' as const }),
  })
}

/** What people said of the alarms that are compared, when something is tried. */
export async function markedFor(source: Source, question: BacktestQuestion, cast: Cast | null): Promise<{ marks?: Mark[] }> {
  if (cast === null) return {}
  const marks = await marksOf(source, question)
  return { marks: marks.filter(({ alarm }) => cast.judged.has(alarm.ruleId)) }
}

/** What the engines of a run have found by now. */
export function factsOf({ cast, replays, exact, warmUpFrom, coldRules }: Prepared) {
  const judged = ({ ruleId }: FoundAlarm) => cast === null || cast.judged.has(ruleId)
  return {
    ...{ exact, warmUpFrom, coldRules, source: 'journal' as const, against: 'rule-in-force' as const },
    found: replays[0]!.alarms().filter(judged),
    before: (replays[1]?.alarms() ?? []).filter(judged),
  }
}

async function pass(
  source: Source,
  { start, end, head, to }: { start: number; end: number; head: number; to: number },
  replays: Replay[],
  tell: (progress: number) => void | Promise<void>,
): Promise<number> {
  let readings = 0
  let clock = 0
  for (let next = start; next < end;) {
    const batch = await source.read(next)
    for (const entry of batch.entries) {
      if (entry.pos >= end) break
      if (entry.kind === 'block') readings += entry.count
      for (const replay of replays) replay.apply(entry)
    }
    if (batch.next <= next) break
    next = batch.next
    clock = batch.clock
    await tell(Math.min(1, (next - start) / (end - start)))
  }
  // Time went on after the last entry; beyond the head only as far as the journal knows.
  for (const replay of replays) replay.advance(end < head ? to : Math.min(to, clock))
  return readings
}

export function rulebookOf(record: Entry[], before: number): Rulebook {
  const rulebook = new Rulebook()
  for (const entry of record) {
    if (entry.pos >= before || !RULES.includes(entry.kind)) continue
    const change = readRecordEntry(entry)
    if (change.kind === 'rule.set' || change.kind === 'rule.removed') rulebook.apply(change)
  }
  return rulebook
}

/**
 * Beside the rule stand those that share its limits or take some of them (design §3): thresholds on the same quantity. When it is a
 * threshold itself, its limits may move theirs, so their alarms are compared too.
 */
export function castOf(rule: Rule, rulebook: Rulebook): Cast {
  const quantity = (metric: string | undefined) => (metric === undefined ? null : splitChannel(metric).metric)
  const inForce = rulebook.allReady().map((ready) => ready.rule)
  const thresholds = inForce.filter(
    ({ id, type, metric }) => id !== rule.id && type === 'threshold' && quantity(metric) === quantity(rule.metric),
  )
  // Whose alarms are not compared, but what they find doubtful does not clear.
  const doubting = inForce.filter(({ id, type, metric }) => {
    const known = ruleTypeOf(type)
    const isDoubting = known?.over === 'series' && known.doubts !== undefined
    return isDoubting && id !== rule.id && quantity(metric) === quantity(rule.metric)
  })
  const beside = [...thresholds, ...doubting]
  const live = inForce.filter(({ id }) => id === rule.id)
  const judged = new Set([rule.id, ...(rule.type === 'threshold' ? thresholds.map(({ id }) => id) : [])])
  return { judged, before: [...beside, ...live], after: [...beside, ...(rule.enabled ? [rule] : [])] }
}

export const learners = (rules: Rule[]): string[] =>
  rules.flatMap(({ id, type }) => {
    const known = ruleTypeOf(type)
    return known?.over === 'series' && known.knowledge ? [id] : []
  })

export async function recorded(source: Source, question: BacktestQuestion, from: number): Promise<FoundAlarm[]> {
  const raised = new Raised(question)
  for (const entry of await source.readRecord(from, ['alarm.changed'])) {
    const change = readRecordEntry(entry)
    // What the range's own entries decided may be recorded a moment after its end.
    if (change.kind === 'alarm.changed' && change.at < question.to) raised.note(change.alarm, change.change)
  }
  return raised.all()
}
