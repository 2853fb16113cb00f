import type { AlarmBook, TimelineItem } from '../core/alarm-book.ts'
import type { Alarm } from '../core/alarm.ts'
import { Conflict, Invalid } from '../core/errors.ts'
import type { ActionEntry } from '../core/record.ts'
import { within, type Recorder } from './recorder.ts'
import type { Verdict, Verdicts } from './verdicts.ts'

export type Wish = Omit<ActionEntry, 'kind'>
type Answer = { alarm: Alarm }

const REMEMBERED = 10_000
/** The disk and the engine together (semantics 8); the engine's own five seconds, which say more, come first. */
const ANSWER_MS = 5_500
const sameWish = (a: Wish, b: Omit<Wish, 'idempotencyKey'>) =>
  a.alarmId === b.alarmId &&
  a.action === b.action &&
  a.version === b.version &&
  a.comment === b.comment &&
  (a.minutes ?? null) === (b.minutes ?? null) &&
  (a.untilMs ?? null) === (b.untilMs ?? null) &&
  wishedIn(a) === wishedIn(b)
/** Without what was made of it: an end that was 12 h away is nearer when it is asked for again. */
const wishedIn = ({ details = {} }: Pick<Wish, 'details'>) => JSON.stringify({ ...details, twoPersons: undefined })

/**
 * What people do to alarms (semantics 8): recorded with the version they saw, decided by the engine in order. An
 * idempotency key repeats the first answer: from memory, or after a restart from what the record says of the alarm.
 */
export class Actions {
  #alarmBook: AlarmBook
  #recorder: Recorder
  #verdicts: Verdicts
  #answerMs: number
  #answers = new Map<string, { wish: Wish; answer: Promise<Answer> }>()

  constructor(
    { alarmBook, recorder, verdicts }: { alarmBook: AlarmBook; recorder: Recorder; verdicts: Verdicts },
    answerMs = ANSWER_MS,
  ) {
    this.#answerMs = answerMs
    this.#alarmBook = alarmBook
    this.#recorder = recorder
    this.#verdicts = verdicts
  }

  take(wish: Wish): Promise<Answer> {
    return within(this.#answerMs, this.#take(wish))
  }

  #take(wish: Wish): Promise<Answer> {
    if (wish.idempotencyKey === null) return this.#act(wish)
    const key = `${wish.by} ${wish.idempotencyKey}`
    const first = this.#answers.get(key)
    if (first) {
      this.#mustMatch(sameWish(first.wish, wish))
      return first.answer
    }
    const answer = this.#repeatedOr(wish)
    this.#answers.set(key, { wish, answer })
    if (this.#answers.size > REMEMBERED) this.#answers.delete(this.#answers.keys().next().value!)
    answer.catch((error: { code?: string }) => {
      // A refusal is an answer; not knowing is none, so the next try asks again.
      if (!(error instanceof Conflict)) this.#answers.delete(key)
    })
    return answer
  }

  async #repeatedOr(wish: Wish): Promise<Answer> {
    const items = await this.#alarmBook.timeline(wish.alarmId)
    const first = items.find(
      ({ entry }) => entry.kind === 'action' && entry.by === wish.by && entry.idempotencyKey === wish.idempotencyKey,
    )
    if (!first) return this.#act(wish)
    this.#mustMatch(sameWish(first.entry as ActionEntry, wish))
    return answerOf(verdictIn(items, first.pos) ?? (await this.#verdicts.of(first.pos)))
  }

  /** Several alarms at once: all wishes are recorded together, each has a verdict of its own. */
  async takeAll(wishes: Wish[]): Promise<PromiseSettledResult<Answer>[]> {
    const positions = await within(this.#answerMs, this.#recorder.appendAll(wishes.map((wish) => ({ kind: 'action', ...wish }))))
    return Promise.allSettled(positions.map(async (pos) => answerOf(await this.#verdicts.of(pos))))
  }

  async #act(wish: Wish): Promise<Answer> {
    const pos = await this.#recorder.append({ kind: 'action', ...wish })
    return answerOf(await this.#verdicts.of(pos))
  }

  #mustMatch(same: boolean): void {
    if (!same) throw new Invalid('idempotency-mismatch', 'this Idempotency-Key was used for another request: use a new one')
  }
}

/** What the engine said of an action, where a timeline has it. */
export function verdictIn(items: TimelineItem[], actionPos: number): Verdict | null {
  for (const { entry } of items) {
    if (entry.kind === 'action.refused' && entry.actionPos === actionPos) {
      return { refused: { code: entry.code, message: entry.message, current: entry.current, why: entry.why } }
    }
    if (entry.kind === 'alarm.changed' && entry.causePos === actionPos && entry.by !== 'platform') return { alarm: entry.alarm }
  }
  return null
}

function answerOf(verdict: Verdict): Answer {
  if ('alarm' in verdict) return { alarm: verdict.alarm }
  const { code, message, current, why } = verdict.refused
  throw new Conflict(code, message, { alarm: current, ...(why !== undefined && { why }) })
}
