import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { isChinese } from '../i18n/i18n.ts'
import type { MapTheme } from './base-colours.ts'
import type { BaseData } from './base-data.ts'
import type { GlBase } from './gl-base.ts'
import { loadBase } from './load-base.ts'
import type { View } from './projection.ts'

export type Ground = {
  data: ShallowRef<BaseData | null>
  /** `svg`: drawn without WebGL, because it is not there, was lost or has not drawn yet */
  kind: Ref<'none' | 'svg' | 'gl'>
  online: Ref<'off' | 'on' | 'failed'>
  /** how often WebGL was lost */
  losses: Ref<number>
  failed: Ref<boolean>
}

const AGAIN_MS = 700
const PATIENCE = 4
const MUCH_LATER_MS = 60_000
const RELOAD_MS = 30_000

const hasWebgl2 = (): boolean => {
  try {
    const context = document.createElement('canvas').getContext('webgl2')
    context?.getExtension('WEBGL_lose_context')?.loseContext()
    return context !== null
  } catch {
    return false
  }
}

/** The ground under everything: at once as SVG, then by WebGL where there is any; after a loss SVG again until a new map has drawn. */
export function useGround(
  box: Ref<HTMLElement | undefined>,
  view: ShallowRef<View | null>,
  theme: Ref<MapTheme>,
  svgOnly: boolean,
): Ground {
  const data = shallowRef<BaseData | null>(null)
  const kind = ref<'none' | 'svg' | 'gl'>('none')
  const online = ref<'off' | 'on' | 'failed'>('off')
  const losses = ref(0)
  const failed = ref(false)
  let gl: GlBase | null = null
  let starting = false
  let over = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const load = () =>
    loadBase().then(
      (loaded) => {
        if (over) return
        data.value = loaded
        failed.value = false
        kind.value = 'svg'
        online.value = loaded.tiles ? 'on' : 'off'
      },
      () => {
        failed.value = true
        if (!over) timer = setTimeout(() => void load(), RELOAD_MS)
      },
    )
  void load()

  const lost = () => {
    gl?.stop()
    gl = null
    kind.value = 'svg'
    losses.value++
    timer = setTimeout(() => void start(), losses.value % PATIENCE === 0 ? MUCH_LATER_MS : AGAIN_MS)
  }
  const start = async () => {
    if (over || starting || gl || !data.value || !view.value || !box.value) return
    starting = true
    try {
      if (!hasWebgl2()) return
      const { startGl } = await import('./gl-base.ts')
      if (over) return
      const look = { theme: theme.value, english: !isChinese.value, view: view.value }
      gl = await startGl(box.value, data.value, look, {
        ready: () => (kind.value = 'gl'),
        lost,
        online: (works) => (online.value = works ? 'on' : 'failed'),
      })
      if (view.value) gl.show(view.value)
    } catch (error) {
      // Without WebGL the map is complete but for the names of streets.
      console.warn('the ground is drawn without WebGL', error)
    } finally {
      starting = false
    }
  }
  if (!svgOnly) watch([data, view, box], () => void start(), { immediate: true })
  watch(view, (now) => now && gl?.show(now))
  watch([theme, isChinese], () => gl?.restyle(theme.value, !isChinese.value))
  onScopeDispose(() => {
    over = true
    clearTimeout(timer)
    gl?.stop()
  })
  return { data, kind, online, losses, failed }
}
