import { PlatformError } from '../../core/errors.ts'
import type { ImportFault } from '../../core/imports.ts'
import { staticGradeNames } from '../../core/risk.ts'
import type { Enterprise, Entities, RegistryRow, Site, Zone } from '../../core/registry.ts'
import { newPlaceId, placeKinds, schemasOf, type PlaceName } from '../api/places.ts'
import { faultyFields } from '../validation.ts'
import { deviceColumn, gradeOf, type DeviceField } from './device-columns.ts'
import type { PlacesDraft } from './places-draft.ts'
import type { RowPlan } from './plan.ts'
import { said, unfit } from './saying.ts'

/** One call of the API: add a place or a device, or change it. */
export type PlaceWish = { entity: PlaceName | 'device'; id: string; isNew: boolean; given: Record<string, unknown> }

type Given = Record<string, string | undefined>
const checks = (name: PlaceName) => {
  const { add, change } = schemasOf(placeKinds[name] as (typeof placeKinds)['zone'])
  return { add: faultyFields(add), change: faultyFields(change) }
}
const faultsOf = { enterprise: checks('enterprise'), site: checks('site'), zone: checks('zone') }
const nouns = { enterprise: said('企业', 'enterprise'), site: said('场所', 'site'), zone: said('区域', 'zone') }
/** In which column a field of a place stands. */
const columns: Record<PlaceName, Record<string, DeviceField>> = {
  enterprise: { name: 'enterprise', region: 'region', sector: 'sector', riskGrade: 'enterpriseGrade', creditCode: 'creditCode' },
  site: { name: 'site' },
  zone: { name: 'zone', siteId: 'site', riskGrade: 'zoneGrade' },
}

/** The places a row names: found, else to be made. What one row says of a place holds for the rows below it, which may not say otherwise. */
export class PlacePlanner {
  #draft: PlacesDraft
  #regions: ReadonlyMap<string, string>
  /** what rows above have said, by place and field */
  #told = new Map<string, { value: unknown; row: number }>()
  /** what the row at hand says */
  #saying: { entity: PlaceName; id: string; given: Given }[] = []

  /** `regions`: codes by the names of divisions */
  constructor(draft: PlacesDraft, regions: ReadonlyMap<string, string>) {
    this.#draft = draft
    this.#regions = regions
  }

  enterprise(plan: RowPlan<PlaceWish>, puts: RegistryRow[]): Enterprise | null {
    this.#saying = []
    const { enterprise: name, creditCode, region, sector, enterpriseGrade: grade } = plan.source.cells
    if (name === undefined && creditCode === undefined) return bad(plan, unfit(deviceColumn('enterprise'), undefined))
    const code = creditCode?.toUpperCase()
    const named = name === undefined ? [] : this.#draft.enterprisesNamed(name)
    const fitting = code === undefined ? named : named.filter((one) => (one.creditCode ?? null) === null)
    const byCode = code === undefined ? undefined : this.#draft.enterpriseOfCode(code)
    if (!byCode && fitting.length > 1)
      return bad(plan, {
        column: deviceColumn('enterprise').label,
        says: said(`有 ${fitting.length} 家企业都叫“${name}”`, `${fitting.length} enterprises are called "${name}"`),
        fix: said('填统一社会信用代码', 'give the credit code'),
      })
    const found = byCode ?? fitting[0]
    const given = {
      ...(name !== undefined && (!found || byCode) && { name }),
      ...(region !== undefined && { region: this.#regions.get(region) ?? region }),
      ...(sector !== undefined && { sector }),
      ...(grade !== undefined && { riskGrade: gradeOf(grade) }),
      ...(code !== undefined && { creditCode: code }),
    }
    return this.#settle(plan, puts, 'enterprise', found, given)
  }

  site(plan: RowPlan<PlaceWish>, puts: RegistryRow[], enterpriseId: string): Site | null {
    const { site: name } = plan.source.cells
    if (name === undefined) return null
    const found = this.#draft.sitesNamed(enterpriseId, name)
    if (found.length > 1) return bad(plan, severalOf('site', name))
    return this.#settle(plan, puts, 'site', found[0], found[0] ? {} : { enterpriseId, name })
  }

  zone(plan: RowPlan<PlaceWish>, puts: RegistryRow[], enterpriseId: string, site: Site | null): Zone | null {
    const { zone: name, zoneGrade: grade } = plan.source.cells
    if (name === undefined) return grade === undefined ? null : bad(plan, unfit(deviceColumn('zone'), undefined))
    const named = this.#draft.zonesNamed(enterpriseId, name)
    const nowhere = named.filter(({ siteId }) => siteId === null)
    const there = site ? named.filter(({ siteId }) => siteId === site.id) : named.length > 1 ? nowhere : named
    // A zone nobody had given a site is the one that is given it now.
    const found = there.length === 0 ? nowhere : there
    if (found.length > 1 || (found.length === 0 && !site && named.length > 1)) return bad(plan, severalOf('zone', name))
    const given = {
      ...(found[0] ? {} : { enterpriseId, name }),
      ...(site && { siteId: site.id }),
      ...(grade !== undefined && { riskGrade: gradeOf(grade) }),
    }
    return this.#settle(plan, puts, 'zone', found[0], given)
  }

  /** The rows below see what this one said. */
  keep({ source }: RowPlan<PlaceWish>, puts: RegistryRow[]): void {
    for (const put of puts) this.#draft.put(put)
    for (const { entity, id, given } of this.#saying)
      for (const [field, value] of Object.entries(given)) {
        const key = `${entity} ${id} ${field}`
        if (!this.#told.has(key)) this.#told.set(key, { value, row: source.row })
      }
  }

  #settle<Name extends PlaceName>(
    plan: RowPlan<PlaceWish>,
    puts: RegistryRow[],
    name: Name,
    before: Entities[Name] | undefined,
    given: Given,
  ): Entities[Name] | null {
    const column = (field: unknown) => deviceColumn(columns[name][field as string] ?? columns[name]['name']!)
    const was = (before ?? {}) as Record<string, unknown>
    const news = Object.fromEntries(Object.entries(given).filter(([field, value]) => value !== (was[field] ?? undefined)))
    const kind = placeKinds[name]
    const wrong = faultsOf[name][before ? 'change' : 'add'](before ? news : given)
    for (const { field } of wrong) plan.faults.push(unfit(column(field), field === null ? undefined : given[field]))
    for (const [field, value] of Object.entries(news)) {
      const told = before && this.#told.get(`${name} ${before.id} ${field}`)
      if (told)
        plan.faults.push({
          column: column(field).label,
          says: said(
            `第 ${told.row} 行写的是“${String(told.value)}”，这一行是“${value}”`,
            `row ${told.row} says "${String(told.value)}", this one "${value}"`,
          ),
          fix: said('同一家企业、同一区域各行须一致', 'rows about one enterprise or zone agree'),
        })
    }
    if (wrong.length > 0) return null
    const id = before?.id ?? newPlaceId(this.#draft, name)
    try {
      if ('check' in kind) kind.check?.(this.#draft, id, news)
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error
      plan.faults.push(unfit(deviceColumn('creditCode'), given['creditCode']))
      return null
    }
    this.#saying.push({ entity: name, id, given })
    if (before && Object.keys(news).length === 0) return before
    const row = (kind.build as (id: string, given: object, before: object | null) => Entities[Name])(id, news, before ?? null)
    puts.push({ entity: name, row } as RegistryRow)
    plan.wishes.push({ entity: name, id, isNew: before === undefined, given: news })
    if (before === undefined) plan.changes.push({ what: nouns[name], adds: true, after: row.name })
    else
      for (const [field, value] of Object.entries(news))
        plan.changes.push({
          what: column(field).label,
          before: this.#text(was[field]),
          after: plan.source.cells[columns[name][field]!] ?? this.#text(value),
        })
    return row
  }

  #text(value: unknown): string | null {
    if (typeof value !== 'string') return null
    return this.#draft.sites.get(value)?.name ?? (staticGradeNames as Record<string, { zh: string }>)[value]?.zh ?? value
  }
}

function bad(plan: RowPlan<PlaceWish>, fault: ImportFault): null {
  plan.faults.push(fault)
  return null
}

const severalOf = (field: 'site' | 'zone', name: string): ImportFault => ({
  column: deviceColumn(field).label,
  says: said(`该企业有几个叫“${name}”的`, `several of this enterprise are called "${name}"`),
  fix: field === 'zone' ? said('填场所以区分', 'say the site') : said('先在管理页改名', 'rename one in the administration first'),
})
