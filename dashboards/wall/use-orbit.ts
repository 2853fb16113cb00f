import { onScopeDispose, ref, type Ref } from 'vue'

const STEP_MS = 180_000
/** Around the middle and back to it, one step at a time: no pixel shows the same edge all day. */
const path = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
  [-1, 0],
  [-1, -1],
  [0, -1],
  [1, -1],
] as const

/** The whole wall moves by up to 4 px (8 on 4K) against burn-in. */
export function useOrbit(width: () => number): Ref<string> {
  const asked = Number(new URLSearchParams(location.search).get('orbit') ?? 0)
  let step = asked
  const shift = ref('none')
  const move = () => {
    const [x, y] = path[step % path.length]!
    const by = width() >= 3840 ? 8 : 4
    shift.value = x === 0 && y === 0 ? 'none' : `translate(${x * by}px, ${y * by}px)`
    step++
  }
  move()
  const timer = setInterval(move, STEP_MS)
  onScopeDispose(() => clearInterval(timer))
  return shift
}
