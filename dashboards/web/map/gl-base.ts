import { Map as GlMap, setWorkerUrl } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import type { MapTheme } from './base-colours.ts'
import type { BaseData } from './base-data.ts'
import { styleOf } from './gl-style.ts'
import { readPmtiles } from './pmtiles.ts'
import type { View } from './projection.ts'

setWorkerUrl(workerUrl)

export type GlBase = {
  /** drawn by the processor: too slow to be drawn anew for every frame of a flight */
  slow: boolean
  show(view: View): void
  restyle(theme: MapTheme, english: boolean): void
  stop(): void
}
export type GlEvents = {
  /** everything that is in the picture now has been drawn */
  ready(): void
  lost(): void
  /** whose data archives say they are */
  credits(whose: readonly string[]): void
  /** the online source gives no pictures, or does again */
  online(works: boolean): void
}

const ONLINE_AGAIN_MS = 60_000

/** The ground drawn by MapLibre, and nothing else: what changes by the second is drawn above it and never costs a frame of GL. */
export async function startGl(
  container: HTMLElement,
  data: BaseData,
  look: { theme: MapTheme; english: boolean; textPx: number; slow: boolean; view: View },
  events: GlEvents,
): Promise<GlBase> {
  const archives = await readPmtiles(data.pmtiles)
  events.credits(archives.flatMap(({ attribution }) => attribution ?? []))
  let { theme, english } = look
  let online = data.tiles !== null
  const style = () => styleOf(data, archives, { theme, english, textPx: look.textPx, online })
  const map = new GlMap({
    container,
    style: style(),
    center: [look.view.centre.longitude, look.view.centre.latitude],
    zoom: look.view.zoom,
    interactive: false,
    attributionControl: false,
    fadeDuration: 0,
    pixelRatio: 1,
    renderWorldCopies: false,
    localIdeographFontFamily: "'Source Han Sans SC', 'Noto Sans CJK SC', 'Noto Sans SC', 'Microsoft YaHei', sans-serif",
    canvasContextAttributes: { antialias: !look.slow },
  })
  let stopped = false
  let retry: ReturnType<typeof setTimeout> | undefined
  map.on('idle', () => !stopped && events.ready())
  map.on('webglcontextlost', () => !stopped && events.lost())
  map.on('error', (event) => {
    if (!online || (event as { sourceId?: string }).sourceId !== 'online') return
    online = false
    map.setStyle(style())
    events.online(false)
    retry = setTimeout(() => {
      if (stopped) return
      online = true
      map.setStyle(style())
      events.online(true)
    }, ONLINE_AGAIN_MS)
  })
  return {
    slow: look.slow,
    show: ({ centre, zoom }) => void map.jumpTo({ center: [centre.longitude, centre.latitude], zoom }),
    restyle(nextTheme, nextEnglish) {
      if (nextTheme === theme && nextEnglish === english) return
      theme = nextTheme
      english = nextEnglish
      map.setStyle(style())
    },
    stop() {
      stopped = true
      clearTimeout(retry)
      map.remove()
    },
  }
}
