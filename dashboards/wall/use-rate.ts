import { ref, watch, type Ref } from 'vue'
import type { LiveReading } from '../../core/live.ts'

const WINDOW_MS = 60_000
const LEAST_MS = 5_000
const MINUTE = 60_000

/** How fast the alarmed value moves, per minute, from what this wall has seen of it; null until that says anything. */
export function useRate(reading: Ref<LiveReading | undefined>): Ref<number | null> {
  const rate = ref<number | null>(null)
  let seen: [at: number, value: number][] = []
  let point = ''
  watch(
    reading,
    (now) => {
      const of = now ? `${now[0]}\n${now[1]}` : ''
      if (of !== point) {
        seen = []
        rate.value = null
        point = of
      }
      if (!now) return
      seen = [...seen.filter(([at]) => now[3] - at <= WINDOW_MS && at < now[3]), [now[3], now[2]]]
      const [from, value] = seen[0]!
      rate.value = now[3] - from < LEAST_MS ? null : ((now[2] - value) / (now[3] - from)) * MINUTE
    },
    { immediate: true },
  )
  return rate
}
