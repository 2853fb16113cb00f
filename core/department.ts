import { plainCode, upwards } from './roster.ts'

/** A division of the region tree (GB/T 2260 and the codes below it) and what people call it. */
export type Region = { code: string; zh: string; en: string }

/**
 * Who answers for a function in a place. Functions are merged differently everywhere, so the names are data: `sector` is the
 * enterprises' own word for a line of business (行业), null for the department the place itself has (属地).
 */
export type Department = {
  id: string
  version: number
  sector: string | null
  region: string
  zh: string
  en: string
  /** persons by id only */
  personIds: string[]
  retiredAt: number | null
}

export const regionLevels = ['province', 'city', 'county', 'town', 'community'] as const
export type RegionLevel = (typeof regionLevels)[number]

export function regionLevel(region: string): RegionLevel {
  const code = plainCode(region)
  if (code.length > 9) return 'community'
  if (code.length > 6) return 'town'
  return code.endsWith('0000') ? 'province' : code.endsWith('00') ? 'city' : 'county'
}

/** The division right above; null for a province. */
export const parentOf = (region: string): string | null => upwards(plainCode(region))[1] ?? null

/** The two masters of an object; null is a gap: nobody answers for it. */
export type Masters = { sector: Department | null; place: Department | null }

/** Names and departments in force: a projection of the record. */
export class Jurisdiction {
  readonly regions = new Map<string, Region>()
  readonly departments = new Map<string, Department>()

  setRegion(region: Region): void {
    this.regions.set(region.code, region)
  }

  setDepartment(department: Department): void {
    const known = this.departments.get(department.id)
    if (!known || known.version <= department.version) this.departments.set(department.id, department)
  }

  /** The department of a sector, or of the place itself, nearest above a region. */
  department(sector: string | null, region: string): Department | null {
    for (const place of upwards(plainCode(region))) {
      const found = this.departments
        .values()
        .find((one) => one.retiredAt === null && one.sector === sector && plainCode(one.region) === place)
      if (found) return found
    }
    return null
  }

  masters({ region, sector }: { region: string; sector: string | null }): Masters {
    return { sector: sector === null ? null : this.department(sector, region), place: this.department(null, region) }
  }
}
