import { ref, shallowRef, watch, type Ref } from 'vue'
import type { RosterGap, Shift } from '../../core/roster.ts'
import { api, failureText } from '../web/api.ts'
import { mayTune } from '../web/session.ts'
import { mondayOf, weeksAfter } from './pattern.ts'

export const WEEKS_SHOWN = 3

export type Day = { day: string; works: boolean; holiday: { zh: string; en: string } | null; known: boolean }
export type DutyPerson = { id: string; name: string; role: string; reachable: boolean }
type Answer = { regions: string[]; shifts: Shift[]; gaps: RosterGap[]; days: Day[]; people: Record<string, string> }

/** The roster of one region from one week on, and who can be put in it. */
export function useRoster(now: Ref<number>, zone: () => string) {
  const region = ref('')
  const monday = ref(0)
  const regions = shallowRef<string[]>([])
  const roster = shallowRef<Answer | null>(null)
  const people = shallowRef<DutyPerson[]>([])
  const failure = shallowRef<string | null>(null)

  async function begin(): Promise<void> {
    monday.value = mondayOf(now.value, zone())
    try {
      const day = Math.floor(now.value)
      regions.value = (await api<Answer>('GET', `/roster?from=${day}&to=${day + 1}`)).regions
      region.value = [...regions.value].sort((a, b) => a.length - b.length)[0] ?? ''
      // Whether somebody can be reached is told only to who makes the roster.
      if (mayTune()) people.value = (await api<{ people: DutyPerson[] }>('GET', '/duty/people')).people
      await ask()
    } catch (error) {
      failure.value = failureText(error)
    }
  }

  async function ask(): Promise<void> {
    if (monday.value === 0) return
    try {
      const to = weeksAfter(monday.value, WEEKS_SHOWN, zone())
      const of = region.value === '' ? '' : `&region=${region.value}`
      roster.value = await api<Answer>('GET', `/roster?from=${monday.value}&to=${to}${of}`)
      failure.value = null
    } catch (error) {
      failure.value = failureText(error)
    }
  }
  watch([region, monday], () => void ask())
  const nameOf = (id: string) => roster.value?.people[id] ?? people.value.find((one) => one.id === id)?.name ?? id
  return { region, monday, regions, roster, people, failure, begin, ask, nameOf }
}
export type Roster = ReturnType<typeof useRoster>
