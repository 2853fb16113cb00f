import { onMounted, onScopeDispose, shallowRef } from 'vue'
import type { Received } from '../../core/received.ts'
import { api } from './api.ts'
import type { Live } from './live.ts'
import { rememberNames } from './people.ts'

const LOOK_EVERY_MS = 10_000
type Answer = { received: Received[]; people: Record<string, string> }
const known = shallowRef<ReadonlyMap<string, Received>>(new Map())

export const receivedOf = (alarmId: string): Received | undefined => known.value.get(alarmId)

/** Unreachable: what was known stays, it is no less true. */
export async function lookReceived(): Promise<void> {
  try {
    const { received, people } = await api<Answer>('GET', '/alarms/received')
    rememberNames(people)
    known.value = new Map(received.map((one) => [one.alarmId, one]))
  } catch {
    // The next look asks again.
  }
}
export const noteReceived = (one: Received): void => void (known.value = new Map(known.value).set(one.alarmId, one))

/** Keeps up which open alarms the enterprises themselves have; once per page. */
export function useReceived(live: Pick<Live, 'onSnapshot'>): void {
  live.onSnapshot(() => void lookReceived())
  onMounted(() => void lookReceived())
  const timer = setInterval(() => document.hidden || void lookReceived(), LOOK_EVERY_MS)
  onScopeDispose(() => clearInterval(timer))
}
