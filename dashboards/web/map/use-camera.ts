import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { flight, FLIGHT_MS } from './flight.ts'
import type { View } from './projection.ts'

export type Camera = {
  view: ShallowRef<View | null>
  /** counts camera moves of our own, for whoever proves that it does not fly back and forth */
  moves: Ref<number>
  flying: Ref<boolean>
  /** Shows another view: on a path of 800 ms, or at once where movement is unwelcome or nobody looks. */
  go(to: View, flown: boolean): void
  /** Follows a hand: no path, ends any flight. */
  hold(to: View): void
  resize(width: number, height: number): void
}

/** The camera is ours, not the map library's: the same on every ground, with or without WebGL. */
export function useCamera(): Camera {
  const view = shallowRef<View | null>(null)
  const moves = ref(0)
  const flying = ref(false)
  const still = matchMedia('(prefers-reduced-motion: reduce)')
  let target: View | null = null
  let frame = 0

  const land = () => {
    cancelAnimationFrame(frame)
    flying.value = false
    target = null
  }
  const go = (to: View, flown: boolean) => {
    const from = view.value
    moves.value++
    cancelAnimationFrame(frame)
    if (!from || !flown || still.matches || document.visibilityState !== 'visible') {
      land()
      view.value = to
      return
    }
    target = to
    flying.value = true
    const path = flight(from, to)
    const begun = performance.now()
    const step = () => {
      const part = (performance.now() - begun) / FLIGHT_MS
      view.value = path(part)
      if (part >= 1) land()
      else frame = requestAnimationFrame(step)
    }
    frame = requestAnimationFrame(step)
  }
  onScopeDispose(land)
  return {
    view,
    moves,
    flying,
    go,
    hold(to) {
      land()
      view.value = to
    },
    resize(width, height) {
      const now = target ?? view.value
      land()
      if (now) view.value = { ...now, width, height }
    },
  }
}
