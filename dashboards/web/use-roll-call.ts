import { onScopeDispose, ref, shallowRef } from 'vue'
import { api, failureText } from './api.ts'
import { mayAct } from './session.ts'

export type RollCall = {
  shiftId: string
  region: string
  answerBy: number
  open: boolean
  mine: boolean | null
  people?: { personId: string; name: string; answered: boolean }[]
}
const AGAIN_MS = 15_000
/** So long what came of it stays where other things are at work. */
const SHOWN_MS = 10 * 60_000

/** The roll calls of my shift. Not knowing of any (no channels, no network) says nothing: a missed one is an alarm anyway. */
export function useRollCall() {
  const calls = shallowRef<RollCall[]>([])
  const failure = shallowRef<string | null>(null)
  const now = ref(Date.now())
  let ahead = 0

  async function look(): Promise<void> {
    if (!mayAct()) return
    try {
      const answer = await api<{ now: number; calls: RollCall[] }>('GET', '/duty/roll-call')
      ahead = answer.now - Date.now()
      now.value = answer.now
      calls.value = answer.calls
    } catch {
      // asked again soon
    }
  }
  async function answer(): Promise<void> {
    try {
      await api('POST', '/duty/roll-call/answer', {})
      failure.value = null
    } catch (error) {
      failure.value = failureText(error)
    }
    await look()
  }
  void look()
  const timers = [setInterval(() => void look(), AGAIN_MS), setInterval(() => (now.value = Date.now() + ahead), 1_000)]
  onScopeDispose(() => timers.forEach((timer) => clearInterval(timer)))
  const secondsLeft = ({ answerBy }: RollCall) => Math.max(0, Math.ceil((answerBy - now.value) / 1_000))
  const isRecent = ({ answerBy }: RollCall) => now.value < answerBy + SHOWN_MS
  return { calls, failure, look, answer, secondsLeft, isRecent }
}
