import type { PlatformState } from '../core/live.ts'
import { endOf, startOf, windowState, type SuppressionWindow } from '../core/window.ts'

/** What was refused stays in sight of the next shift's eyes for so long. */
const REFUSED_SHOWN_MS = 3_600_000

type Notice = PlatformState['notices'][number]

/**
 * What the regulator's desk has to know of windows: which wait for a second person, that an enterprise or a panel keeps points from
 * calling anybody, that one was refused, and that a panel is in test for longer than it may be. Who, which points and until when
 * stands on the page it leads to, with the way to refuse.
 */
export function windowNotices(windows: readonly SuppressionWindow[], now: number): Notice[] {
  const isOthers = ({ byEnterprise, byDevice }: SuppressionWindow) => byEnterprise || byDevice === true
  const stands = (window: SuppressionWindow) => windowState(window, now)
  return [
    told(
      'windows-running',
      windows.filter((one) => isOthers(one) && stands(one) === 'in-force'),
      startOf,
    ),
    told(
      'windows-waiting',
      windows.filter((one) => stands(one) === 'waiting'),
      ({ declaredAt }) => declaredAt,
    ),
    told(
      'windows-overlong',
      windows.filter((one) => isOverlong(one, now)),
      endOf,
    ),
    told(
      'windows-refused',
      windows.filter((one) => isOthers(one) && stands(one) === 'refused' && now - one.refusedAt! < REFUSED_SHOWN_MS),
      ({ refusedAt }) => refusedAt!,
    ),
  ].flatMap((one) => one ?? [])
}

/** The panel still says that it is being tested, and is believed no longer: what it reports is real. */
const isOverlong = (window: SuppressionWindow, now: number): boolean =>
  window.byDevice === true && window.endedAt === null && window.refusedAt === null && now >= endOf(window)

function told(code: string, windows: SuppressionWindow[], sinceOf: (window: SuppressionWindow) => number): Notice | null {
  return windows.length === 0 ? null : { code, text: String(windows.length), since: Math.min(...windows.map(sinceOf)) }
}
