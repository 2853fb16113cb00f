import type { RuleLearning } from '../core/alarm-book.ts'
import type { SeriesTable } from '../core/series.ts'
import type { EngineState } from './engine.ts'
import type { Rulebook } from './rulebook.ts'
import type { AnySeriesRule, RuleType } from './rules/rule.ts'

const SHOWN = 20

/**
 * What the rules that learn know by now, by the states the engine gave out. A rule that does not know yet raises nothing, so that
 * must be seen: as of the last save, a few seconds ago.
 */
export class Learning {
  #learners = new Map<string, Map<number, unknown>>()

  /** Takes what changed in the engine. */
  note(series: EngineState['series'], rulebook: Rulebook): void {
    for (const [id, saved] of series) {
      for (const states of this.#learners.values()) states.delete(id)
      for (const { rule, state } of Array.isArray(saved) ? saved : (saved?.bounds ?? [])) {
        if (learns(rulebook.ready(rule)?.type) === null) continue
        const states = this.#learners.get(rule) ?? new Map<number, unknown>()
        this.#learners.set(rule, states.set(id, state))
      }
    }
  }

  /** Per rule: how many series it is at work on, how many of them it knows, and those it knows least about. */
  report(rulebook: Rulebook, table: SeriesTable): RuleLearning[] {
    return rulebook.allReady().flatMap(({ rule, type, options }): RuleLearning[] => {
      const learner = learns(type)
      if (learner === null) return []
      const judged = [...(this.#learners.get(rule.id) ?? [])].map(([series, state]) => ({
        series,
        ...learner.knowledge!(options, state ?? learner.start),
      }))
      const learning = judged.filter(({ known }) => !known).sort((a, b) => a.learned - b.learned || a.series - b.series)
      const shown = learning.slice(0, SHOWN).flatMap(({ series, learned, of }) => {
        const row = table.get(series)
        return row ? [{ device: row.device, metric: row.metric, learned, of }] : []
      })
      return [{ ruleId: rule.id, series: judged.length, known: judged.length - learning.length, learning: shown }]
    })
  }
}

const learns = (type: RuleType | undefined): AnySeriesRule | null => (type?.over === 'series' && type.knowledge ? type : null)
