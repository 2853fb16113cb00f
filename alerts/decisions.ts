import type { Mode } from '../core/mode.ts'
import type { RecordEntry } from '../core/record.ts'
import type { Rule } from '../core/rule.ts'
import type { WindowEntry } from '../core/window.ts'

/** What an alarm is about. `key` is one per (mode, rule, subject); a late alarm has one of its own. */
export type Place = {
  key: string
  mode: Mode
  rule: Rule
  subject: string
  deviceId: string
  metric: string | null
  late: boolean
}

/** When and by what something was decided. */
export type Moment = {
  /** position of the entry that caused it; for a tick of the last entry before */
  causePos: number
  at: number
  knownAt: number
  value: number | null
  overRange: boolean
  /** positions of the readings behind it */
  causes: number[]
}

/** An entry for the record, with the key that makes a repeated append harmless (semantics 7). */
export type Emission = {
  key: string
  entry: Extract<RecordEntry, { kind: 'alarm.changed' | 'action.refused' | WindowEntry['kind'] }>
}

export const placeKey = (mode: Mode, ruleId: string, subject: string, late: boolean): string =>
  `${mode}\n${ruleId}\n${subject}${late ? '\nlate' : ''}`

export type DecisionsState = { causePos: number; counts: [string, number][] }

/** What was decided since somebody last asked, in order, each under the key that makes recording it twice harmless. */
export class Decisions {
  #causePos = 0
  #counts = new Map<string, number>()
  #emissions: Emission[] = []

  /** Where the next change of this alarm by this cause would be recorded. */
  keyOf(key: string, causePos: number): string {
    if (causePos !== this.#causePos) {
      this.#causePos = causePos
      this.#counts.clear()
    }
    return `alarm:${causePos}:${key.replaceAll('\n', ':')}:${this.#counts.get(key) ?? 0}`
  }

  /** (cause, rule, subject, n): n counts the changes one cause made to one alarm. Causes only go forward. */
  change(key: string, causePos: number, entry: Emission['entry']): void {
    this.#emissions.push({ key: this.keyOf(key, causePos), entry })
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  emit(key: string, entry: Emission['entry']): void {
    this.#emissions.push({ key, entry })
  }

  take(): Emission[] {
    const emissions = this.#emissions
    this.#emissions = []
    return emissions
  }

  state(): DecisionsState {
    return { causePos: this.#causePos, counts: [...this.#counts] }
  }

  restore({ causePos, counts }: DecisionsState): void {
    this.#causePos = causePos
    this.#counts = new Map(counts)
  }
}
