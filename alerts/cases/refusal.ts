import type { Alarm, AlarmChangeKind } from '../../core/alarm.ts'

/** Why an action cannot be; `why` is for pages, which say it in the person's language. */
export type Refusal = { code: 'wrong-state' | 'two-persons'; why: string; message: string }
export type Done = { alarm: Alarm; change: AlarmChangeKind }
export type Answer = Done | Refusal

export const isRefusal = (answer: Answer): answer is Refusal => 'why' in answer

export const refusal = (why: string, message: string): Refusal => ({ code: 'wrong-state', why, message })
