import { has, t } from './i18n/i18n.ts'

/** A reason the server gave for refusing the feed, in words; null for a connection that merely broke. */
export const refusal = (reason: string | null): string | null =>
  reason !== null && has(`errors.${reason}`) ? t(`errors.${reason}`) : null
