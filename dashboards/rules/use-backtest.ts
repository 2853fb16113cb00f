import { onScopeDispose, ref, shallowRef } from 'vue'
import type { Backtest, Incident } from '../../core/backtest.ts'
import { api, failureText } from '../web/api.ts'
import type { Draft } from './sentence.ts'

export type Asked = { draft: Draft; from: number; to: number; incidents: Incident[] }
const LOOK_MS = 400

/** One question at a time: a new one leaves the old one's answer where it is, on the platform. */
export function useBacktest() {
  const backtest = shallowRef<Backtest | null>(null)
  const asked = shallowRef<Asked | null>(null)
  const failure = shallowRef<string | null>(null)
  const busy = ref(false)
  let request = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => {
    request++
    clearTimeout(timer)
  })

  async function run(question: Asked): Promise<void> {
    const mine = ++request
    clearTimeout(timer)
    busy.value = true
    failure.value = null
    asked.value = question
    backtest.value = null
    const { draft: rule, from, to, incidents } = question
    const body = { rule, from, to, ...(incidents.length > 0 && { incidents }) }
    await look(mine, () => api<Backtest>('POST', '/backtests', body))
  }

  async function look(mine: number, ask: () => Promise<Backtest>): Promise<void> {
    try {
      const found = await ask()
      if (mine !== request) return
      backtest.value = found
      busy.value = found.state === 'waiting' || found.state === 'running'
      const path = `/backtests/${encodeURIComponent(found.id)}`
      if (busy.value) timer = setTimeout(() => void look(mine, () => api<Backtest>('GET', path)), LOOK_MS)
    } catch (error) {
      if (mine !== request) return
      failure.value = failureText(error)
      busy.value = false
    }
  }

  async function cancel(): Promise<void> {
    const id = backtest.value?.id
    if (id === undefined) return
    const mine = ++request
    clearTimeout(timer)
    await look(mine, () => api<Backtest>('POST', `/backtests/${encodeURIComponent(id)}/cancel`, {}))
  }

  function forget(): void {
    request++
    clearTimeout(timer)
    backtest.value = asked.value = failure.value = null
    busy.value = false
  }

  return { backtest, asked, failure, busy, run, cancel, forget }
}
