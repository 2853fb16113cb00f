import { PLATFORM, type RecordEntry } from '../../core/record.ts'
import type { KpiDefinition } from '../../core/kpi.ts'
import type { RiskWeights } from '../../core/risk.ts'
import { shippedDefinitions } from '../rates/definitions.ts'
import { defaultWeights } from '../risk/default-weights.ts'
import type { MeasuresDb } from './measures-db.ts'

export type WeightsSetting = { origin: 'shipped' | 'person'; weights: RiskWeights; by: string }
export type KpiSetting = { origin: 'shipped' | 'person'; definitions: KpiDefinition[]; by: string }

/**
 * What ships and is not in the record as it ships: nothing is in force without a version there. What a person has set stays
 * as it is.
 */
export function configurationEntries(db: MeasuresDb): RecordEntry[] {
  const entries: RecordEntry[] = []
  const weights = db.setting<WeightsSetting>('risk.weights')
  if (!weights || (weights.value.origin === 'shipped' && !same(weights.value.weights, defaultWeights))) {
    const version = (weights?.version ?? 0) + 1
    entries.push({ kind: 'risk.weights', version, origin: 'shipped', weights: defaultWeights, by: PLATFORM })
  }
  const definitions = shippedDefinitions
  const kpi = db.setting<KpiSetting>('kpi.set')
  if (!kpi || (kpi.value.origin === 'shipped' && !same(kpi.value.definitions, definitions))) {
    entries.push({ kind: 'kpi.set', version: (kpi?.version ?? 0) + 1, origin: 'shipped', definitions, by: PLATFORM })
  }
  return entries
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
