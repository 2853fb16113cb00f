import { PLATFORM } from './record.ts'
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
  /** who has looked at what one person put in force alone */
  reviewedBy: string | null
  reviewedAt: number | null
}

/** The newest version of a rule, which a second person has still to look at; `isGone`: it was taken away. */
export type Unreviewed = { ruleId: string; version: number; since: number; by: string; isGone: boolean }

/** Whether a rule raises orange or red, of whatever type: a level stands under `level` or `warnLevel` in the options of each. */
export const isGrave = (rule: Rule | null): boolean =>
  rule !== null && /"(?:level|warnLevel)":"(?:red|orange)"/.test(JSON.stringify(rule))

/**
 * Whether a second person has still to look at the newest of a rule's versions, oldest first: one person alone changed what raises orange
 * or red, or took it away. What was approved, restored or comes from a pack was in other hands already.
 */
export function awaitsReview(versions: readonly RuleVersion[]): boolean {
  const newest = versions.at(-1)
  if (!newest || newest.by === PLATFORM || newest.rule?.origin === 'pack') return false
  if (newest.proposalId !== null || newest.restores !== null || newest.reviewedBy !== null) return false
  return isGrave(newest.rule) || isGrave(versions.at(-2)?.rule ?? null)
}
