import type { Rule } from './rule.ts'

export const proposalVerdicts = ['approved', 'rejected', 'withdrawn'] as const
export type ProposalVerdict = (typeof proposalVerdicts)[number]

/** How long a version runs in shadow unless its proposal says otherwise. */
export const SHADOW_HOURS = 72

/** A version of a rule that one person wrote and another decides about. Times are ms UTC. */
export type Proposal = {
  id: string
  ruleId: string
  /** as it would come into force: with the version after `base` */
  rule: Rule
  /** the version it was written against; 0 for a new rule */
  base: number
  reason: string
  /** it is judged live beside the version in force, without raising anything */
  shadow: boolean
  /** when that ends */
  shadowUntil?: number
  by: string
  at: number
  state: 'open' | ProposalVerdict
  decidedBy: string | null
  decidedAt: number | null
  comment: string | null
}

/** One version of a rule as the record has it; `rule` is null where it was taken away. */
export type RuleVersion = {
  version: number
  at: number
  by: string
  rule: Rule | null
  reason: string | null
  /** the earlier version it says again */
  restores: number | null
  /** the proposal it came from, and who wrote that */
  proposalId: string | null
  proposedBy: string | null
}
