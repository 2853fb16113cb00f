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

const AGAIN_MS = 250
/** With slow WebGL the camera has to stand so long before the ground is drawn by it. */
const STANDS_MS = 150
const PATIENCE = 4
const MUCH_LATER_MS = 60_000
const RELOAD_MS = 30_000

type Webgl = 'none' | 'slow' | 'fast'
export type WantedGround = 'svg' | 'gl' | 'gl-if-fast'

/** Archives and online pictures are drawn by WebGL alone. */
const needsGl = ({ pmtiles, tiles }: BaseData): boolean => pmtiles.length > 0 || tiles !== null

/** Whether there is WebGL 2, and whether the processor has to do it. */
function webgl(): Webgl {
  try {
    const context = document.createElement('canvas').getContext('webgl2')
    if (!context) return 'none'
    const info = context.getExtension('WEBGL_debug_renderer_info')
    const name = info ? String(context.getParameter(info.UNMASKED_RENDERER_WEBGL)) : ''
    context.getExtension('WEBGL_lose_context')?.loseContext()
    return /swiftshader|llvmpipe|software|basic render/i.test(name) ? 'slow' : 'fast'
  } catch {
    return 'none'
  }
}

/** The ground under everything: at once as SVG, then by WebGL where there is any; after a loss SVG again until a new map has drawn. */
export function useGround(
  box: Ref<HTMLElement | undefined>,
  view: ShallowRef<View | null>,
  theme: Ref<MapTheme>,
  textPx: Ref<number>,
  wanted: WantedGround,
): Ground {
  const data = shallowRef<BaseData | null>(null)
  const kind = ref<'none' | 'svg' | 'gl'>('none')
  const online = ref<'off' | 'on' | 'failed'>('off')
  const losses = ref(0)
  const failed = ref(false)
  let gl: GlBase | null = null
  let starting = false
  let has: Webgl | null = null
  const dead: GlBase[] = []
  let over = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let resting: ReturnType<typeof setTimeout> | undefined

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
    // It ends once the next one has begun: that takes over its workers.
    if (gl) dead.push(gl)
    gl = null
    kind.value = 'svg'
    losses.value++
    timer = setTimeout(() => void start(), losses.value % PATIENCE === 0 ? MUCH_LATER_MS : AGAIN_MS)
  }
  const credits = (whose: readonly string[]) => {
    if (data.value) data.value = { ...data.value, attributions: [...new Set([...data.value.attributions, ...whose])] }
  }
  const start = async () => {
    if (over || starting || gl || !data.value || !view.value || !box.value) return
    starting = true
    try {
      has ??= webgl()
      if (has === 'none' || (has === 'slow' && wanted === 'gl-if-fast' && !needsGl(data.value))) return
      const { startGl } = await import('./gl-base.ts')
      if (over) return
      const look = { theme: theme.value, english: !isChinese.value, textPx: textPx.value, slow: has === 'slow', view: view.value }
      gl = await startGl(box.value, data.value, look, {
        ready: () => resting === undefined && (kind.value = 'gl'),
        lost,
        credits,
        online: (works) => (online.value = works ? 'on' : 'failed'),
      })
      for (const one of dead.splice(0)) one.stop()
      if (view.value) gl.show(view.value)
    } catch (error) {
      // Drawn without WebGL the map lacks only the names of streets.
      reportError(error)
    } finally {
      starting = false
    }
  }
  if (wanted !== 'svg') watch([data, view, box], () => void start(), { immediate: true })
  watch(view, (now) => {
    if (!now || !gl) return
    if (!gl.slow) return gl.show(now)
    // SVG follows the camera, which software can do in time; WebGL draws where it comes to rest.
    kind.value = 'svg'
    clearTimeout(resting)
    resting = setTimeout(() => {
      resting = undefined
      if (view.value) gl?.show(view.value)
    }, STANDS_MS)
  })
  watch([theme, isChinese], () => gl?.restyle(theme.value, !isChinese.value))
  onScopeDispose(() => {
    over = true
    clearTimeout(timer)
    clearTimeout(resting)
    for (const one of dead) one.stop()
    gl?.stop()
  })
  return { data, kind, online, losses, failed }
}
