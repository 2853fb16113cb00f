import type { PlatformState } from '../../core/live.ts'
import { noticeText } from './feed-words.ts'
import { said, t } from './i18n/i18n.ts'

type Notice = Pick<PlatformState['notices'][number], 'code' | 'text' | 'words'>

/** A notice in the language of the page; one from before parts said it in both keeps its text. */
export const saidNotice = ({ code, text, words }: Notice): string => noticeText({ code, text: words ? said(words) : text })

/** Why nothing is taken in, in the language of the page where the platform says it in both. */
export function stoppedText({ detail, notices }: PlatformState): string {
  const words = notices.find(({ code }) => code === 'journal-down')?.words
  return t('feed.stopped', { detail: words ? said(words) : (detail ?? '') })
}
