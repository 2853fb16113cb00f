import type { Rule } from '../../core/rule.ts'

export type RuleLimit = { name: string; above?: number; below?: number; level: string }

/** The limits of a threshold rule; none for other types. */
export function limitsOf(rule: Rule): RuleLimit[] {
  const limits = rule['limits']
  return rule.type === 'threshold' && Array.isArray(limits) ? (limits as RuleLimit[]) : []
}

/** The rule with new limits, as PUT takes it: bound to the version the person saw. */
export function ruleBody(rule: Rule, limits: readonly RuleLimit[], options: Record<string, unknown>): Record<string, unknown> {
  const { id: _id, origin: _origin, ...rest } = rule
  return { ...rest, ...options, limits }
}
