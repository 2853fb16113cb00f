import type { DeviceKind } from '../../core/device-kind.ts'

// A model imports nothing but this file and core, so the vocabulary of signals comes with the contract.
export { daily, jitter, mix, rounded, seedOf, timeOfDay, uniform, wander } from '../signals.ts'

/** One installed device: what its model needs to know to speak for it. */
export type Unit = {
  id: string
  kind: DeviceKind
  /** its own seed: two detectors side by side do not read the same */
  seed: number
  attributes: Record<string, string | number | boolean | null>
}

/** An instant of the district. */
export type Moment = {
  /** milliseconds UTC in the district: decides time of day and noise */
  at: number
  /** milliseconds since the story began; null before it began and in history */
  story: number | null
  /** milliseconds that stories before this one went on, together: what moves goes on from where it is */
  told?: number
  /** before live traffic began */
  past: boolean
}

export type Values = Record<string, number>

/** A kind of device: how often it reports and what it would say at any instant. Pure: no clock, no dice, no memory. */
export type DeviceModel = {
  kind: DeviceKind
  /** between two reports live; may differ from unit to unit */
  periodMs(unit: Unit): number
  /** in history: between two reports of one metric; a metric that is not named has no history */
  historyPeriodMs(unit: Unit): Record<string, number>
  values(unit: Unit, moment: Moment): Values
}
