import type { KpiQuery, RiskHistoryQuery } from '../../core/measures.ts'
import type { PerformanceQuery } from '../../core/performance.ts'
import { weightsFault, type RiskWeights, type WeightsInForce } from '../../core/risk.ts'
import type { KpiInForce } from '../../core/kpi.ts'
import { threadContext } from '../../journal/thread.ts'
import { answerKpi } from '../rates/day-book.ts'
import { shippedDefinitions } from '../rates/definitions.ts'
import { alarmPerformance } from '../report/alarm-performance.ts'
import { annunciations } from '../report/annunciations.ts'
import { defaultWeights } from '../risk/default-weights.ts'
import type { KpiSetting, WeightsSetting } from './configuration.ts'
import { Measuring, type MeasuringConfig } from './measuring.ts'

/** The thread of risk, rates and the alarm-system report: its own, so that no report keeps a decision waiting. */
const { data: config, journal, log, ready } = threadContext<MeasuringConfig>()
const measuring = new Measuring({ config, journal, log })

/** Every question waits until what was recorded before it is in. */
const asked =
  <Query, Answer>(answer: (query: Query) => Answer) =>
  async (query: Query, through: number): Promise<Answer> => {
    await measuring.reach(through)
    return answer(query)
  }

ready({
  risks: asked((mode: string) => [...measuring.projection.board.states.values()].filter((state) => state.mode === mode)),
  risk: asked(({ mode, id }: { mode: string; id: string }) => measuring.projection.board.explain(mode, id, measuring.now)),
  riskHistory: asked((query: RiskHistoryQuery) => measuring.projection.db.riskHistory(query)),
  riskWeights: asked((): WeightsInForce => {
    const found = measuring.projection.db.setting<WeightsSetting>('risk.weights')
    if (!found) return { version: 0, origin: 'shipped', weights: defaultWeights, setAt: 0, by: 'platform' }
    return { version: found.version, setAt: found.at, ...found.value }
  }),
  checkRiskWeights: (weights: RiskWeights) => weightsFault(weights),
  kpi: asked((query: KpiQuery) => answerKpi(measuring.projection, query, measuring.now)),
  kpiDefinitions: asked((): KpiInForce => {
    const found = measuring.projection.db.setting<KpiSetting>('kpi.set')
    if (!found) return { version: 0, origin: 'shipped', definitions: shippedDefinitions, setAt: 0, by: 'platform' }
    return { version: found.version, setAt: found.at, ...found.value }
  }),
  alarmPerformance: asked((query: PerformanceQuery) => {
    const { db, zone } = measuring.projection
    const read = (from: number, to: number) => annunciations(db, { ...query, from, to })
    return alarmPerformance(query, { knownFrom: measuring.projection.knownFrom, asOf: measuring.now, zone, read })
  }),
  status: () => measuring.status(),
  stop: () => measuring.stop(),
})
