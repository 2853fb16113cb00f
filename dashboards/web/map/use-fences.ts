import { computed, onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { Fence } from '../../../core/fence.ts'
import { all } from '../api.ts'
import type { Live } from '../live.ts'

const AGAIN_MS = 15_000

/** Fences change by people's hands: the feed says when, and then they are asked for once. */
export function useFences(live: Live): { fences: ShallowRef<readonly Fence[]>; reload(): Promise<void> } {
  const fences = shallowRef<readonly Fence[]>([])
  let again: ReturnType<typeof setTimeout> | undefined
  const reload = async () => {
    const found = await all<Fence>('/fences', 'fences')
    fences.value = found.filter(({ retiredAt }) => retiredAt === null)
  }
  const quietly = () => {
    clearTimeout(again)
    reload().catch(() => (again = setTimeout(quietly, AGAIN_MS)))
  }
  const version = computed(() => (live.state.value ? `${live.state.value.epoch} ${live.state.value.fences}` : null))
  watch(version, (now) => now !== null && quietly(), { immediate: true })
  onScopeDispose(() => clearTimeout(again))
  return { fences, reload }
}
