import { shallowRef } from 'vue'
import {
  isHazardOver,
  type FiveField,
  type Hazard,
  type HazardSource,
  type HazardState,
  type HazardStep,
} from '../../core/hazard.ts'
import { generalStates, majorStates } from '../../core/hazard.ts'
import { api, ApiFailure, failureText } from '../web/api.ts'
import { has, t } from '../web/i18n/i18n.ts'
import { personName, rememberNames } from '../web/people.ts'

export type ShownHazard = Hazard & {
  isOverdue: boolean
  hasNoOwner: boolean
  overdueSteps: { step: string; at: number }[]
  missing: FiveField[]
  possible: HazardStep[]
}
export type HazardChange = {
  at: number
  by: string
  change: string
  comment: string | null
  version: number
  state: HazardState
  dueAt: number | null
  evidence: string[]
}
type Page = { hazards: ShownHazard[]; next?: string; people?: Record<string, string> }

/** Every hazard of a part of the ledger, with the names of who is in it. */
export async function askHazards(open: boolean): Promise<ShownHazard[]> {
  const found: ShownHazard[] = []
  let cursor: string | undefined
  do {
    const query = new URLSearchParams({ open: String(open), limit: '1000', ...(cursor !== undefined && { cursor }) })
    const page = await api<Page>('GET', `/hazards?${query}`)
    rememberNames(page.people)
    found.push(...page.hazards)
    cursor = page.next
  } while (cursor !== undefined)
  return found
}

/** What is latest, then what is due first. */
export const byUrgency = (a: ShownHazard, b: ShownHazard): number =>
  (a.dueAt ?? Infinity) - (b.dueAt ?? Infinity) || b.createdAt - a.createdAt

/** The way a hazard goes, with what it may skip left out unless it went there. */
export function chainOf({ level, state, listing, isWorkStopped }: Hazard): HazardState[] {
  if (state === 'dismissed') return ['found', 'dismissed']
  if (level !== 'major') return [...generalStates]
  const chain = majorStates.filter(
    (one) =>
      (one !== 'supervised' || listing !== null) &&
      (one !== 'stopped' || isWorkStopped) &&
      (one !== 'rectifying' || !isWorkStopped),
  )
  if (state === 'closedDown') return [...chain.slice(0, chain.indexOf('inReview')), 'closedDown']
  return ['found', 'registered', ...chain]
}

/** A refusal in the person's language, with the empty fields by name. */
export function refusalText(error: unknown): string {
  if (error instanceof ApiFailure && error.code === 'fields-missing') {
    const missing = (error.details['missing'] as string[] | undefined) ?? []
    return t('hazards.refusal.fields-missing', { what: missing.map((field) => t(`hazards.field.${field}`)).join('、') })
  }
  const known = error instanceof ApiFailure ? `hazards.refusal.${error.code}` : ''
  return known !== '' && has(known) ? t(known) : failureText(error)
}

/** Calls of one form: whether one is under way, and why the last one failed. */
export function useCall() {
  const busy = shallowRef(false)
  const failure = shallowRef<string | null>(null)
  async function call<T>(work: () => Promise<T>): Promise<T | null> {
    if (busy.value) return null
    busy.value = true
    failure.value = null
    try {
      return await work()
    } catch (error) {
      failure.value = refusalText(error)
      return null
    } finally {
      busy.value = false
    }
  }
  return { busy, failure, call }
}

/** Who did it; a tip is given by somebody nobody knows. */
export const authorText = (by: string, source: HazardSource): string => {
  if (by !== 'platform') return personName(by)
  return t(source === 'tip-off' ? 'hazards.anonymous' : 'hazards.byPlatform')
}
export const isOver = ({ state }: Hazard): boolean => isHazardOver(state)
