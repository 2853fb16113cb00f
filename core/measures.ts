import type { KpiAnswer, KpiInForce } from './kpi.ts'
import type { PerformanceQuery, PerformanceReport } from './performance.ts'
import type { RiskChange, RiskExplanation, RiskState, RiskWeights, WeightsInForce } from './risk.ts'

/** Asking how risky, how connected and how well alarmed the jurisdiction is: alerts implements it, dashboards use it. */
export interface Measures {
  /** Every subject of a mode. */
  risks(mode: string): Promise<RiskState[]>
  risk(mode: string, id: string): Promise<RiskExplanation | null>
  /** Newest first; `before` is the position of the oldest change already seen. */
  riskHistory(query: RiskHistoryQuery): Promise<{ changes: RiskChange[]; next?: number }>
  riskWeights(): Promise<WeightsInForce>
  /** The reason weights that fit their schema cannot be put in force, or null when they can. */
  checkRiskWeights(weights: RiskWeights): Promise<{ message: string; path: string } | null>
  kpi(query: KpiQuery): Promise<KpiAnswer>
  kpiDefinitions(): Promise<KpiInForce>
  alarmPerformance(query: PerformanceQuery): Promise<PerformanceReport>
}

export type RiskHistoryQuery = { mode: string; id: string; from?: number; to?: number; before?: number; limit: number }
/** `readings`: how many of the day history has of each device, for a day nobody here has counted. */
export type KpiQuery = {
  mode: string
  region?: string
  sector?: string
  enterpriseId?: string
  /** any of these, where somebody may see a part */
  enterpriseIds?: string[]
  day?: string
  readings?: Record<string, number>
}
