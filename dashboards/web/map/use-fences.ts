import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'
import type { Fence } from '../../../core/fence.ts'
import { all } from '../api.ts'

const EVERY_MS = 60_000

/** Fences change by people's hands: asked for once a minute, and at once by whoever has changed one. */
export function useFences(): { fences: ShallowRef<readonly Fence[]>; reload(): Promise<void> } {
  const fences = shallowRef<readonly Fence[]>([])
  const reload = async () => {
    const found = await all<Fence>('/fences', 'fences')
    fences.value = found.filter(({ retiredAt }) => retiredAt === null)
  }
  const quietly = () => void reload().catch(() => undefined)
  quietly()
  const timer = setInterval(quietly, EVERY_MS)
  onScopeDispose(() => clearInterval(timer))
  return { fences, reload }
}
