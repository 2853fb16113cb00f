import type { Registry } from '../core/registry.ts'
import { plainCode, upwards } from '../core/roster.ts'

/** What limits a person: their own enterprise, or the places and sectors they answer for. Empty lists limit nothing. */
export type Limits = { enterpriseId: string | null; regions: readonly string[]; sectors: readonly string[] }
export const noLimits: Limits = { enterpriseId: null, regions: [], sectors: [] }

/** A division lies in itself and in those above it. */
export const liesIn = (region: string, regions: readonly string[]): boolean => {
  const places = upwards(plainCode(region))
  return regions.some((one) => places.includes(plainCode(one)))
}

/**
 * What a person may see, and act on as far as their role goes. Every object has two masters, the sector's department (行业) and the
 * place's (属地): whoever answers for either sees it.
 */
export class Sight {
  /** the same for all who see the same; empty for those who see everything */
  readonly key: string
  readonly enterpriseId: string | null
  readonly regions: readonly string[]
  readonly sectors: readonly string[]
  readonly isWhole: boolean
  #registry: Registry

  constructor({ enterpriseId, regions, sectors }: Limits, registry: Registry) {
    this.enterpriseId = enterpriseId
    this.regions = regions
    this.sectors = sectors
    this.isWhole = enterpriseId === null && regions.length === 0 && sectors.length === 0
    this.key = this.isWhole ? '' : JSON.stringify([enterpriseId, [...regions].sort(), [...sectors].sort()])
    this.#registry = registry
  }

  /** What belongs to nobody (enterprise `''`: the platform's own alarms) concerns all who are no enterprise. */
  covers(enterpriseId: string | null | undefined): boolean {
    if (this.isWhole) return true
    if (this.enterpriseId !== null) return enterpriseId === this.enterpriseId
    if (enterpriseId === null || enterpriseId === undefined) return false
    if (enterpriseId === '') return true
    const row = this.#registry.enterprises.get(enterpriseId)
    if (!row) return false
    return liesIn(row.region, this.regions) || this.coversSector(row.sector)
  }

  coversRegion(region: string): boolean {
    return this.isWhole || (this.enterpriseId === null && liesIn(region, this.regions))
  }

  coversSector(sector: string | null): boolean {
    return this.isWhole || (sector !== null && this.sectors.includes(sector))
  }

  /** Every enterprise it covers, retired ones too; null when it covers all there are. */
  enterpriseIds(): string[] | null {
    if (this.isWhole) return null
    if (this.enterpriseId !== null) return [this.enterpriseId]
    return ['', ...this.#registry.enterprises.keys().filter((id) => this.covers(id))]
  }
}
