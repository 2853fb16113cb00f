/** How a part is doing, for /readyz, /metrics and the wall. Figures are plain numbers named as Prometheus would. */
export type PartStatus = {
  name: string
  state: 'ok' | 'degraded' | 'down'
  /** for people, present unless ok */
  detail?: string
  figures: Record<string, number>
}

export interface Part {
  status(): PartStatus
  /** Stops taking work, finishes what was begun, closes what was opened. */
  stop(): Promise<void>
}
