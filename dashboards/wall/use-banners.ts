import { computed, type ComputedRef } from 'vue'
import { refusal } from '../web/feed-words.ts'
import { saidNotice, stoppedText } from '../web/notice-words.ts'
import { clockText, durationText, numberText, whenText } from '../web/format.ts'
import { t } from '../web/i18n/i18n.ts'
import type { Live } from '../web/live.ts'
import { figuresOf } from '../web/open-alarms.ts'
import type { FloodState } from './use-flood.ts'
import type { Sound } from './use-sound.ts'

export type BannerKind = 'interrupted' | 'unreachable' | 'stopped' | 'drill' | 'flood' | 'recovered' | 'soundless' | 'notice'
export type Banner = { kind: BannerKind; text: string; chip: string; ageMs?: number; role: 'alert' | 'status' }

const WAITING_SHOWN_AFTER = 1

/**
 * One banner at a time, the gravest: the picture stands still > the platform takes nothing in > exercise > flood > notices. The others
 * become chips in the status bar.
 */
export function useBanners(live: Live, flood: { value: FloodState }, sound: Sound): ComputedRef<Banner[]> {
  const zone = computed(() => live.state.value?.zone ?? 'Asia/Shanghai')
  const figures = figuresOf(live)

  const interrupted = (): Banner | null => {
    const { link } = live
    if (live.keptAt.value !== null) {
      const ageMs = Math.max(0, live.now.value - live.keptAt.value)
      const why =
        refusal(link.value.reason) ?? (link.value.attempt > 0 ? t('feed.retrying', { n: link.value.attempt }) : t('wall.loading'))
      const at = whenText(live.keptAt.value, zone.value, live.now.value)
      return {
        kind: 'interrupted',
        text: t('wall.keptPicture', { at, age: durationText(ageMs), why }),
        chip: t('feed.interrupted'),
        ageMs,
        role: 'alert',
      }
    }
    if (live.freshness.value === 'interrupted' && live.pictureAt.value !== null) {
      const ageMs = Math.max(0, live.now.value - live.pictureAt.value)
      const head = t('feed.banner', { at: clockText(live.pictureAt.value, zone.value), age: durationText(ageMs) })
      const tail = link.value.connected
        ? t('feed.silent')
        : [refusal(link.value.reason), t('feed.retrying', { n: Math.max(1, link.value.attempt) })].filter(Boolean).join(' · ')
      return { kind: 'interrupted', text: `${head} · ${tail}`, chip: t('feed.interrupted'), ageMs, role: 'alert' }
    }
    if (live.state.value === null && link.value.attempt >= WAITING_SHOWN_AFTER) {
      const text = [refusal(link.value.reason) ?? t('feed.interrupted'), t('feed.retrying', { n: link.value.attempt })].join(
        ' · ',
      )
      return { kind: 'unreachable', text, chip: t('feed.interrupted'), role: 'alert' }
    }
    return null
  }
  const stopped = (): Banner | null => {
    const platform = live.state.value?.platform
    if (platform?.receiving !== 'stopped') return null
    const chip = stoppedText(platform)
    return { kind: 'stopped', text: `${chip} · ${t('feed.stoppedNote')}`, chip, role: 'alert' }
  }
  const drill = (): Banner | null =>
    live.state.value?.mode === 'drill'
      ? { kind: 'drill', text: t('modeFrame.drill'), chip: t('mode.drill'), role: 'status' }
      : null
  const flooded = (): Banner | null => {
    const { active, count, enterprises } = flood.value
    if (!active) return null
    const { unacknowledged } = figures.value
    return {
      kind: 'flood',
      text: t('wall.flood', { n: numberText(count), e: enterprises, u: numberText(unacknowledged) }),
      chip: t('wall.floodChip', { n: numberText(count) }),
      role: 'status',
    }
  }
  const recovered = (): Banner | null => {
    if (!live.recovery.value) return null
    const { gapMs, missed } = live.recovery.value
    const text = t('feed.recovered', { gap: durationText(gapMs), n: missed })
    return { kind: 'recovered', text, chip: t('wall.missedSpoken', { n: missed }), role: 'status' }
  }
  const soundless = (): Banner | null =>
    sound.state.value === 'off' ? { kind: 'soundless', text: t('wall.noSound'), chip: t('wall.soundOff'), role: 'status' } : null
  const notice = (): Banner | null => {
    // What a wall is missing is for the desk; here it would be told to the wall that is missing it. Windows are for who may refuse them.
    const all = (live.state.value?.platform.notices ?? []).filter(
      ({ code }) => !['wall-', 'windows-', 'rules-'].some((desks) => code.startsWith(desks)),
    )
    const first = all[0]
    if (!first) return null
    const words = `${t('wall.system')} · ${saidNotice(first)}`
    return { kind: 'notice', text: words, chip: t('wall.notices', { n: all.length }), role: 'status' }
  }
  return computed(() => [interrupted, stopped, drill, recovered, flooded, soundless, notice].flatMap((one) => one() ?? []))
}

/** A notice is a chip, never a banner of its own: it may stand for days. */
export const shownAsBanner = ({ kind }: Banner): boolean => kind !== 'notice'
