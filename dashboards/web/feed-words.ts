import type { Heartbeat } from '../../core/live.ts'
import type { Freshness } from './freshness.ts'
import { has, t } from './i18n/i18n.ts'

/** A reason the server gave for refusing the feed, in words; null for a connection that merely broke. */
export const refusal = (reason: string | null): string | null =>
  reason !== null && has(`errors.${reason}`) ? t(`errors.${reason}`) : null

/** So long without a reading from anybody, and the picture may be live but the data is not. */
const QUIET_AFTER_MS = 60_000

/** How live the picture is, in a word; a connection on which nothing comes is not called live data. */
export function freshnessWord(freshness: Freshness, beat: Heartbeat | null, silentS: number | string): string {
  const isQuiet = beat !== null && (beat.lastIngestTs === null || beat.serverTs - beat.lastIngestTs > QUIET_AFTER_MS)
  return freshness === 'live' && isQuiet ? t('feed.quiet') : t(`feed.${freshness}`, { s: silentS })
}

/** A notice in words: what it is about, and why or how many. */
export function noticeText({ code, text }: { code: string; text: string }): string {
  const why = has(`noticeWhy.${code}`) ? t(`noticeWhy.${code}`) : text
  return has(`notice.${code}`) ? `${t(`notice.${code}`)} · ${why}` : why
}
