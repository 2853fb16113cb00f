import type { FiveFields } from '../../core/hazard.ts'
import { dayOf, daySpan } from '../../core/local-time.ts'

/** The five fields while somebody writes them: all of them text. */
export type FieldsDraft = {
  unit: string
  personId: string
  measures: string
  yuan: string
  fundsFrom: string
  deadline: string
  plan: string
}

export const draftOf = ({ responsible, measures, funds, deadline, plan }: FiveFields, zone: string): FieldsDraft => ({
  unit: responsible?.unit ?? '',
  personId: responsible?.personId ?? '',
  measures: measures ?? '',
  yuan: funds ? String(funds.yuan) : '',
  fundsFrom: funds?.source ?? '',
  deadline: deadline === null ? '' : dayOf(deadline, zone),
  plan: plan ?? '',
})

const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim())

/** A deadline is the end of its day; one that was not touched keeps its hour. */
export function fieldsOf(draft: FieldsDraft, before: FiveFields, zone: string): FiveFields {
  const { unit, personId, measures, yuan, fundsFrom, deadline, plan } = draft
  const amount = Number(yuan)
  const isMoney = yuan.trim() !== '' && Number.isFinite(amount) && amount >= 0 && fundsFrom.trim() !== ''
  const sameDay = before.deadline !== null && dayOf(before.deadline, zone) === deadline
  return {
    responsible:
      unit.trim() === '' && personId === '' ? null : { unit: orNull(unit), personId: personId === '' ? null : personId },
    measures: orNull(measures),
    funds: isMoney ? { yuan: amount, source: fundsFrom.trim() } : null,
    deadline: deadline === '' ? null : sameDay ? before.deadline : daySpan(deadline, zone).to - 1000,
    plan: orNull(plan),
  }
}
