import type { Heartbeat } from '../../core/live.ts'
import { newestIs, type Freshness } from './freshness.ts'
import { has, t } from './i18n/i18n.ts'

/** A reason the server gave for refusing the feed, in words; null for a connection that merely broke. */
export const refusal = (reason: string | null): string | null =>
  reason !== null && has(`errors.${reason}`) ? t(`errors.${reason}`) : null

/** How live the picture is, in a word; data that is old is not called live, and data that is missed not merely old. */
export function freshnessWord(freshness: Freshness, beat: Heartbeat | null, silentS: number | string, quietAfter?: () => number) {
  const ageMs = beat === null ? 0 : beat.lastIngestTs === null ? Infinity : beat.serverTs - beat.lastIngestTs
  const word = freshness === 'live' ? newestIs(ageMs, quietAfter) : freshness
  return t(`feed.${word}`, { s: silentS })
}

/** A notice in words: what it is about, and why or how many. */
export function noticeText({ code, text }: { code: string; text: string }): string {
  const why = has(`noticeWhy.${code}`) ? t(`noticeWhy.${code}`) : text
  return has(`notice.${code}`) ? `${t(`notice.${code}`)} · ${why}` : why
}
