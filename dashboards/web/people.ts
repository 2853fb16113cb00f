import { shallowRef } from 'vue'
import type { Alarm } from '../../core/alarm.ts'
import { api } from './api.ts'

/** Names behind person ids. The record holds only ids; the timeline of an alarm comes with the names it needs. */
const names = shallowRef<ReadonlyMap<string, string>>(new Map())

/** The name of a person, or the id until it is known (an enterprise is never told it). */
export const personName = (id: string): string => names.value.get(id) ?? id

export function rememberNames(people: Record<string, string> | undefined): void {
  if (people) names.value = new Map([...names.value, ...Object.entries(people)])
}

/** Asks who acknowledged an alarm, unless that is known. */
export async function learnNames({ id, acknowledgedBy }: Alarm): Promise<void> {
  if (acknowledgedBy === null || names.value.has(acknowledgedBy)) return
  try {
    const answer = await api<{ people?: Record<string, string> }>('GET', `/alarms/${encodeURIComponent(id)}/timeline`)
    rememberNames(answer.people)
  } catch {
    // the id stays on the screen: still true, only less readable
  }
}
