import { shallowRef } from 'vue'
import type { PackFault, RuleTypeForm, RuleWarning } from '../../core/alarm-book.ts'
import { isLevel, levels, type Level } from '../../core/level.ts'
import type { Proposal, Unreviewed } from '../../core/proposal.ts'
import type { Enterprise, Zone } from '../../core/registry.ts'
import type { Rule } from '../../core/rule.ts'
import { all, api } from '../web/api.ts'
import { rememberNames } from '../web/people.ts'
import type { Draft } from './sentence.ts'

export type ShownProposal = Proposal & { outdated: boolean }
export const ruleStates = ['inForce', 'off', 'proposed', 'shadow', 'refused', 'unseen'] as const
export type RuleState = (typeof ruleStates)[number]
/** One line of the list: the rule in force, or one that so far is only proposed. */
export type Row = { rule: Rule; pack: string; states: RuleState[]; levels: Level[]; warnings: number }

/** Everything the page knows of rules; read again after each change. */
export const rules = shallowRef<Rule[]>([])
export const proposals = shallowRef<ShownProposal[]>([])
export const faults = shallowRef<PackFault[]>([])
export const warnings = shallowRef<RuleWarning[]>([])
export const types = shallowRef<RuleTypeForm[]>([])
export const enterprises = shallowRef<Enterprise[]>([])
export const zones = shallowRef<Zone[]>([])
export const twoPersons = shallowRef(false)
/** what one person alone has changed of orange and red, until a second one has looked */
export const unreviewed = shallowRef<Unreviewed[]>([])

export async function loadRules(): Promise<void> {
  type Answer = {
    rules: Rule[]
    faults: PackFault[]
    warnings?: RuleWarning[]
    twoPersons?: boolean
    unreviewed?: Unreviewed[]
    people?: Record<string, string>
  }
  type Proposed = { proposals: ShownProposal[]; people?: Record<string, string> }
  const [answer, proposed] = await Promise.all([api<Answer>('GET', '/rules'), api<Proposed>('GET', '/proposals')])
  rememberNames({ ...answer.people, ...proposed.people })
  rules.value = answer.rules
  faults.value = answer.faults
  warnings.value = answer.warnings ?? []
  twoPersons.value = answer.twoPersons === true
  unreviewed.value = answer.unreviewed ?? []
  proposals.value = proposed.proposals
}

/** What changes rarely: the forms of the types, and names of places. */
export async function loadForms(): Promise<void> {
  const [{ types: forms }, foundEnterprises, foundZones] = await Promise.all([
    api<{ types: RuleTypeForm[] }>('GET', '/rule-types'),
    all<Enterprise>('/enterprises', 'enterprises'),
    all<Zone>('/zones', 'zones'),
  ])
  types.value = forms
  enterprises.value = foundEnterprises
  zones.value = foundZones
}

export function rows(): Row[] {
  const known = new Set(rules.value.map(({ id }) => id))
  const onlyProposed = proposals.value.filter(({ ruleId, state }) => !known.has(ruleId) && state === 'open')
  const shown = [
    ...rules.value.map((rule) => ({ rule, isNew: false })),
    ...onlyProposed.map(({ rule }) => ({ rule, isNew: true })),
  ]
  return shown.map(({ rule, isNew }) => ({
    rule,
    pack: rule.id.split('.')[0] ?? rule.id,
    states: statesOf(rule, isNew),
    levels: levelsOf(rule),
    warnings: warnings.value.filter(({ ruleId }) => ruleId === rule.id).length,
  }))
}

function statesOf(rule: Rule, isNew: boolean): RuleState[] {
  const own = proposals.value.filter(({ ruleId }) => ruleId === rule.id)
  const open = own.filter(({ state }) => state === 'open')
  return [
    ...(isNew ? [] : [rule.enabled ? ('inForce' as const) : ('off' as const)]),
    ...(open.length > 0 ? ['proposed' as const] : []),
    ...(open.some(({ shadow }) => shadow) ? ['shadow' as const] : []),
    ...(own[0]?.state === 'rejected' ? ['refused' as const] : []),
    ...(unreviewed.value.some(({ ruleId }) => ruleId === rule.id) ? ['unseen' as const] : []),
  ]
}

/** Every level a rule can raise, the worst first, wherever its type keeps them. */
export function levelsOf(rule: Draft): Level[] {
  const found = new Set<unknown>([rule['level'], rule['warnLevel']])
  for (const list of ['limits', 'bands', 'votes', 'fences']) {
    const each = rule[list]
    if (Array.isArray(each)) for (const one of each as Draft[]) found.add(one['level'])
  }
  return levels.filter((level) => found.has(level) && isLevel(level))
}

/** What a person writes about: the rule without what the platform puts to it. */
export function draftOf(rule: Rule): Draft {
  const { version: _version, origin: _origin, ...fields } = rule
  // What is changed most often stands first, whoever wrote it down in whatever order.
  const names = Object.keys(fields).sort((a, b) => placeOf(a) - placeOf(b))
  return Object.fromEntries(names.map((name) => [name, fields[name]]))
}

const FIRST = ['id', 'type', 'metric', 'unit', 'applies', 'level', 'when', 'limits', 'deadband', 'onDelayMs', 'offDelayMs']
const LAST = ['latching', 'lifeSafety', 'bound', 'enabled', 'source', 'title', 'message', 'guidance']
const placeOf = (name: string): number => (FIRST.includes(name) ? FIRST.indexOf(name) : 50 + LAST.indexOf(name))
