import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'
import { isOpen, type Alarm } from '../../core/alarm.ts'
import { isCaseOpen } from '../../core/case.ts'
import { api } from '../web/api.ts'
import type { Live } from '../web/live.ts'
import { rememberNames } from '../web/people.ts'

/** Alarms that are over and still worked on, by id: the feed carries only those that are not over. */
export function useCases(live: Live): ShallowRef<ReadonlyMap<string, Alarm>> {
  const over = shallowRef<ReadonlyMap<string, Alarm>>(new Map())
  const isWorkedOn = (alarm: Alarm) => !isOpen(alarm) && isCaseOpen(alarm.case)
  async function load(): Promise<void> {
    try {
      const answer = await api<{ alarms: Alarm[]; people?: Record<string, string> }>('GET', '/cases')
      rememberNames(answer.people)
      over.value = new Map(answer.alarms.filter(isWorkedOn).map((alarm) => [alarm.id, alarm]))
    } catch {
      // The feed says by itself when the server is gone; what is worked on comes with the next picture.
    }
  }
  const stops = [
    live.onSnapshot(() => void load()),
    live.onAlarm((alarm) => {
      if (!isWorkedOn(alarm) && !over.value.has(alarm.id)) return
      const next = new Map(over.value)
      if (isWorkedOn(alarm)) next.set(alarm.id, alarm)
      else next.delete(alarm.id)
      over.value = next
    }),
  ]
  onScopeDispose(() => stops.forEach((stop) => stop()))
  return over
}

export type Sendable = { id: string; username: string; role: string }

/** Who can be sent. Asked for when the first dispatch is written. */
export function useSendable() {
  const people = shallowRef<Sendable[] | null>(null)
  async function load(): Promise<void> {
    if (people.value !== null) return
    const answer = await api<{ people: Sendable[] }>('GET', '/dispatch/people')
    people.value = answer.people
    rememberNames(Object.fromEntries(answer.people.map(({ id, username }) => [id, username])))
  }
  return { people, load }
}
