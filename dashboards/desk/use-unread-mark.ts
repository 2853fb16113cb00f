import { computed, watch } from 'vue'
import { levels } from '../../core/level.ts'
import { locale, t } from '../web/i18n/i18n.ts'
import type { Live } from '../web/live.ts'
import { placeName } from '../web/session.ts'

const fills = { red: '#c4161c', orange: '#e56f00', yellow: '#ffd400', blue: '#1f6fd6' }
const inks = { red: '#fff', orange: '#0b0b0c', yellow: '#0b0b0c', blue: '#fff' }
const SIZE = 32

/** How many alarms nobody has acknowledged, on the tab: its title and its icon, in the colour of the worst. */
export function useUnreadMark(live: Live): void {
  const counters = computed(() => live.state.value?.counters ?? null)
  const count = computed(() =>
    counters.value ? levels.reduce((sum, level) => sum + counters.value![level].unacknowledged, 0) : 0,
  )
  const worst = computed(() => levels.find((level) => (counters.value?.[level].unacknowledged ?? 0) > 0) ?? null)
  const place = computed(() => placeName())
  // After the header's own, which names the page only.
  watch(
    [count, place, locale],
    () => {
      document.title = `${count.value > 0 ? `(${count.value}) ` : ''}${place.value} · ${t('nav.desk')}`
    },
    { immediate: true, flush: 'post' },
  )
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
  const plain = icon?.href ?? ''
  watch([count, worst], () => {
    if (!icon) return
    icon.dataset['count'] = String(count.value)
    icon.href = worst.value === null ? plain : draw(count.value, fills[worst.value], inks[worst.value])
    icon.type = worst.value === null ? 'image/svg+xml' : 'image/png'
  })
}

function draw(count: number, fill: string, ink: string): string {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = SIZE
  const context = canvas.getContext('2d')!
  context.fillStyle = fill
  context.fillRect(0, 0, SIZE, SIZE)
  context.fillStyle = ink
  const text = count > 99 ? '99+' : String(count)
  context.font = `700 ${text.length > 2 ? 15 : 22}px sans-serif`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillText(text, SIZE / 2, SIZE / 2 + 1)
  return canvas.toDataURL()
}
