import { computed, onScopeDispose, ref, watchEffect, type ComputedRef, type Ref } from 'vue'
import { canvasOf, layoutOf, unitRangeOf, type Layout, type Rect } from './canvas.ts'
import { wallSettings } from './wall-settings.ts'

const REM_OF_UNIT = 2.8

/** Where everything stands on this screen now, and the root font size that all sizes of the wall are multiples of. */
export function useLayout(bannerOpen: Ref<boolean>): ComputedRef<Layout> {
  const size = ref({ width: innerWidth, height: innerHeight })
  const resized = () => (size.value = { width: innerWidth, height: innerHeight })
  addEventListener('resize', resized)
  onScopeDispose(() => removeEventListener('resize', resized))
  // Seams are counted in pixels of the panel; the page may be zoomed.
  const canvas = computed(() =>
    canvasOf(
      size.value.width,
      size.value.height,
      wallSettings.value.seams.map((x) => x / devicePixelRatio),
    ),
  )
  const layout = computed(() => {
    const { nominal, ceiling } = unitRangeOf(canvas.value)
    const u = Math.min(ceiling, Math.max(nominal, (wallSettings.value.u ?? 0) / devicePixelRatio))
    return layoutOf(canvas.value, u, bannerOpen.value)
  })
  watchEffect(() => (document.documentElement.style.fontSize = `${layout.value.u / REM_OF_UNIT}px`))
  return layout
}

export const placed = ({ x, y, w, h }: Rect) => ({ left: `${x}px`, top: `${y}px`, width: `${w}px`, height: `${h}px` })
