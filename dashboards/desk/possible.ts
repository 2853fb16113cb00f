import type { Alarm } from '../../core/alarm.ts'
import { caseStateOf, caseTransition, isCaseOver } from '../../core/case.ts'
import { isLifeSafety, LONGEST_ALONE_MS } from '../../core/shelving.ts'

/** What the desk offers; `group` and `group-red` are about several alarms, `hazard` about what outlasts one, `call` and `wall` change none. */
export const deskActions = [
  ...(['acknowledge', 'dispatch', 'accept', 'feedback', 'false-alarm', 'escalate', 'close', 'shelve', 'out-of-service'] as const),
  ...(['unshelve', 'return-to-service', 'reset', 'comment'] as const),
] as const
export type DeskAction = (typeof deskActions)[number]
export const isDeskAction = (action: string): action is DeskAction => (deskActions as readonly string[]).includes(action)
export type GroupAction = 'group' | 'group-red' | 'hazard' | 'call' | 'wall'

const inService = ['active', 'acknowledged', 'returned', 'latched']
const isStillActive = ({ state, setAside }: Alarm): boolean =>
  state !== 'outOfService' && (setAside?.isConditionTrue ?? (state === 'active' || state === 'acknowledged'))

/** Whether an action can do anything; the engine decides, this only spares people a refusal. */
export function isPossible(alarm: Alarm, action: DeskAction, me: string | null): boolean {
  const { state } = alarm
  const known = caseStateOf(alarm)
  switch (action) {
    case 'acknowledge':
      return state === 'active' || state === 'returned'
    case 'reset':
      return state === 'latched'
    case 'comment':
      return state !== 'normal'
    case 'shelve':
      return inService.includes(state) && !isLifeSafety(alarm)
    case 'out-of-service':
      return state !== 'normal' && state !== 'outOfService'
    case 'unshelve':
      return state === 'shelved'
    case 'return-to-service':
      return state === 'outOfService'
    case 'dispatch':
      return caseTransition(known, 'dispatch') !== null
    case 'accept': {
      const to = alarm.case?.dispatch?.to
      return caseTransition(known, 'accept') !== null && to !== undefined && ('team' in to || to.person === me)
    }
    case 'feedback':
      return caseTransition(known, 'feedback') !== null
    case 'false-alarm':
      return caseTransition(known, 'falseAlarm') !== null
    case 'escalate':
      return !isCaseOver(known)
    case 'close':
      return caseTransition(known, 'close') !== null && known !== 'review' && !isStillActive(alarm)
  }
}

/** Shown only where they mean something; the others stand there always, so that a hand finds them. */
export const isOffered = (alarm: Alarm, action: DeskAction): boolean => {
  switch (action) {
    case 'unshelve':
      return alarm.state === 'shelved'
    case 'return-to-service':
      return alarm.state === 'outOfService'
    case 'reset':
      return alarm.latching
    case 'accept':
      return ['dispatched', 'unaccepted'].includes(caseStateOf(alarm))
    default:
      return true
  }
}

/** Keys of ux.md B1, and some of our own where it has none. */
export const keyOf: Record<DeskAction, string> = {
  acknowledge: 'A',
  dispatch: 'D',
  accept: 'Y',
  feedback: 'B',
  'false-alarm': 'F',
  escalate: 'E',
  close: 'C',
  shelve: 'S',
  'out-of-service': 'O',
  unshelve: 'U',
  'return-to-service': 'U',
  reset: 'R',
  comment: 'N',
}

/** These need no more than a key. */
export const isImmediate = (action: DeskAction): boolean =>
  ['acknowledge', 'accept', 'unshelve', 'return-to-service', 'reset'].includes(action)

/** Why one person only asks for it: null where their word is enough. `minutes`: for how long it is to be out of service. */
export function takesTwo(alarm: Alarm, action: DeskAction, minutes = 0): 'red' | 'life-safety' | 'long' | null {
  const isOut = action === 'out-of-service'
  if (alarm.level === 'red' && (isOut || action === 'false-alarm' || action === 'close')) return 'red'
  if (!isOut) return null
  if (isLifeSafety(alarm)) return 'life-safety'
  return minutes * 60_000 > LONGEST_ALONE_MS ? 'long' : null
}
