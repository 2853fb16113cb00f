import type { AlarmState } from '../core/alarm.ts'

/** What can happen to an alarm, in the words of alarm-management §2. */
export const alarmInputs = [
  /** the condition became true, or is true again */
  'breach',
  /** the level rose while the condition was true */
  'worsen',
  /** the condition is no longer true */
  'clear',
  /** arrived after the condition had already returned: someone must still look */
  'breachedBefore',
  'acknowledge',
  /** who acknowledged takes it back at once */
  'undoAcknowledge',
  'reset',
  'shelve',
  'suppress',
  'takeOutOfService',
  /** shelving, suppression or maintenance is over, and the condition is true (or not) */
  'resumeTrue',
  'resumeFalse',
  /** what it was about is gone: device retired, rule taken out of force */
  'end',
  /** the same of an orange or red people are not done with: no change of a rule or device takes it from the list */
  'endUnfinished',
] as const
export type AlarmInput = (typeof alarmInputs)[number]

/** Where an input leads; a latching alarm may go elsewhere. */
type Target = AlarmState | { plain: AlarmState; latching: AlarmState }

const aside = { shelve: 'shelved', suppress: 'suppressed', takeOutOfService: 'outOfService', end: 'normal' } as const
const back = { resumeTrue: 'active', resumeFalse: 'normal', end: 'normal', endUnfinished: 'returned' } as const

/**
 * Every state and where each input leads; an input that is not in the row is impossible there. `returned` [D/E]: the hazard
 * went away before anyone acknowledged it, so someone must still look. Coming back from G, H or I leads to B, never to C;
 * what gets worse while shelved or suppressed is not what somebody decided about, and comes back at once.
 */
const transitions: Record<AlarmState, Partial<Record<AlarmInput, Target>>> = {
  normal: { breach: 'active', breachedBefore: 'returned', undoAcknowledge: 'returned' },
  active: { ...aside, acknowledge: 'acknowledged', clear: 'returned', endUnfinished: 'returned', worsen: 'active' },
  acknowledged: {
    ...{ ...aside, clear: { plain: 'normal', latching: 'latched' } },
    ...{ worsen: 'active', undoAcknowledge: 'active', endUnfinished: 'latched' },
  },
  returned: { ...aside, breach: 'active', acknowledge: { plain: 'normal', latching: 'latched' } },
  latched: { ...aside, breach: 'active', reset: 'normal', undoAcknowledge: 'returned' },
  // A window does not take over what a person shelved: when its time is up, the window is asked.
  shelved: { ...back, worsen: 'active', breachedBefore: 'returned', takeOutOfService: 'outOfService' },
  suppressed: { ...back, worsen: 'active', breachedBefore: 'returned', takeOutOfService: 'outOfService' },
  // One person took it out for what it was then; what gets worse is news. Silence for more than that takes two persons.
  outOfService: { ...back, worsen: 'active' },
}

/** The state an input leads to, or null when it is impossible in this state. */
export function transition(from: AlarmState, input: AlarmInput, latching: boolean): AlarmState | null {
  const target = transitions[from][input]
  if (target === undefined) return null
  if (typeof target === 'string') return target
  return latching ? target.latching : target.plain
}

/** The condition is true as far as the alarm knows: the next `clear` is news to it. */
export const isConditionTrue = (state: AlarmState): boolean => state === 'active' || state === 'acknowledged'
