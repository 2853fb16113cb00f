import type { PartWorry } from './part-words.ts'

/** How a part is doing, for /readyz, /metrics and the wall. Figures are plain numbers named as Prometheus would. */
export type PartStatus = {
  name: string
  state: 'ok' | 'degraded' | 'down'
  /** for people, in English, present unless ok */
  detail?: string
  /** the same as codes and values: pages word it in their language (part-words.ts) */
  says?: PartWorry[]
  figures: Record<string, number>
  /** what a person has to act on, one alarm each for as long as it is listed; `code` stays the same */
  alarms?: PartAlarm[]
}
export type PartAlarm = { code: string; text: { zh: string; en: string } }

export interface Part {
  status(): PartStatus
  /** Stops taking work, finishes what was begun, closes what was opened. */
  stop(): Promise<void>
}
