import type { PlatformState } from '../core/live.ts'
import type { Unreviewed } from '../core/proposal.ts'

/** What the desk has to know of rules: that one person alone has changed what raises orange or red, until a second one has looked. */
export function ruleNotices(unreviewed: readonly Pick<Unreviewed, 'since'>[]): PlatformState['notices'] {
  if (unreviewed.length === 0) return []
  const since = Math.min(...unreviewed.map((one) => one.since))
  return [{ code: 'rules-unreviewed', text: String(unreviewed.length), since }]
}
