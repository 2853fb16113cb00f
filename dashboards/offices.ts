import { Jurisdiction, type Department, type Region } from '../core/department.ts'
import { Conflict, Invalid, NotFound } from '../core/errors.ts'
import type { Author } from '../core/record.ts'
import type { Registry } from '../core/registry.ts'
import type { PartAlarm } from '../core/part.ts'
import { plainCode, upwards } from '../core/roster.ts'
import { readRecordEntry } from '../journal/codec.ts'
import type { Entry, Journal } from '../journal/journal.ts'
import type { People } from './people.ts'
import type { Recorder } from './recorder.ts'
import { shortId } from './short-id.ts'

const kinds = new Set(['region.set', 'department.set'])
/** More gaps than this are one more alarm: somebody has only begun to name departments. */
const GAPS_TOLD = 20

/** An enterprise for whose line of business or place nobody answers. */
export type Gap = { enterpriseId: string; name: string; region: string; sector: string | null; missing: ('sector' | 'place')[] }

export type NewDepartment = Pick<Department, 'sector' | 'region' | 'zh' | 'en' | 'personIds'>

/** The region tree with its names, and who answers for which function where. Every change is an entry of the record. */
export class Offices {
  readonly book = new Jurisdiction()
  #journal: Journal
  #recorder: Recorder
  #people: People
  #registry: Registry
  #loading: Promise<void> | null = null
  #meanwhile: Entry[] | null = null
  /** as they are until something changes: asked for every second */
  #alarms: PartAlarm[] | null = null

  constructor(journal: Journal, recorder: Recorder, people: People, registry: Registry) {
    this.#journal = journal
    this.#recorder = recorder
    this.#people = people
    this.#registry = registry
  }

  /** Resolves when everything recorded so far is in. */
  known(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null
      throw error
    })
    return this.#loading
  }

  apply(entry: Entry): void {
    if (entry.kind === 'registry.changed' || kinds.has(entry.kind)) this.#alarms = null
    if (!kinds.has(entry.kind)) return
    if (this.#meanwhile) this.#meanwhile.push(entry)
    else this.#take(entry)
  }

  /** Enterprises that lack one of their two masters. */
  gaps(): Gap[] {
    // Ten thousand enterprises stand in a few hundred places and sectors.
    const known = new Map<string, Gap['missing']>()
    const missingOf = (region: string, sector: string | null): Gap['missing'] => {
      const key = `${region} ${sector ?? ''}`
      const found = known.get(key)
      if (found) return found
      const masters = this.book.masters({ region, sector })
      const missing = [...(masters.sector ? [] : ['sector' as const]), ...(masters.place ? [] : ['place' as const])]
      known.set(key, missing)
      return missing
    }
    return [...this.#registry.enterprises.values()]
      .filter(({ retiredAt }) => retiredAt === null)
      .flatMap(({ id, name, region, sector }) => {
        const missing = missingOf(region, sector)
        return missing.length === 0 ? [] : [{ enterpriseId: id, name, region, sector, missing }]
      })
  }

  /** Functions nobody answers for, once departments are in use at all: of a place, of a sector in a county. */
  alarms(): PartAlarm[] {
    return (this.#alarms ??= this.#gapAlarms())
  }

  #gapAlarms(): PartAlarm[] {
    if (!this.book.departments.values().some(({ retiredAt }) => retiredAt === null)) return []
    const found = new Map<string, PartAlarm>()
    for (const { region, sector, missing } of this.gaps()) {
      const place = plainCode(region)
      const county = place.slice(0, 6)
      if (missing.includes('place'))
        found.set(`place ${place}`, {
          code: `no-department-${place}`,
          text: { zh: `${place} 没有属地责任部门`, en: `No department answers for the place ${place}` },
        })
      if (missing.includes('sector'))
        found.set(`sector ${sector} ${county}`, {
          code: `no-department-${county}-${encodeURIComponent(sector ?? 'none')}`,
          text:
            sector === null
              ? {
                  zh: `${county} 有企业未填行业，没有行业主管部门`,
                  en: `Enterprises in ${county} have no sector, so no department of one`,
                }
              : { zh: `${county} 的 ${sector} 没有行业主管部门`, en: `No department answers for ${sector} in ${county}` },
        })
    }
    const all = [...found.values()]
    if (all.length <= GAPS_TOLD) return all
    return [
      ...all.slice(0, GAPS_TOLD),
      {
        code: 'no-department-more',
        text: { zh: '还有更多行业或属地没有责任部门', en: 'Further sectors or places have no department either' },
      },
    ]
  }

  /** Every division that has a name, an enterprise or a department, with those above it. A code nobody named is its own name. */
  regions(): Region[] {
    const codes = new Set<string>(this.book.regions.keys())
    const used = [
      ...this.#registry.enterprises.values().map(({ region }) => region),
      ...this.book.departments.values().map(({ region }) => region),
    ]
    for (const code of used) for (const place of upwards(plainCode(code))) codes.add(place)
    return [...codes].sort().map((code) => this.book.regions.get(code) ?? { code, zh: code, en: code })
  }

  name(wanted: Region[], by: Author): Promise<void> {
    return this.#recorder.inTurn('offices', async () => {
      await this.known()
      const changed = wanted
        .map((region) => ({ region: { ...region, code: plainCode(region.code) } }))
        .map(({ region }) => ({ region, before: this.book.regions.get(region.code) ?? null }))
        .filter(({ region, before }) => before?.zh !== region.zh || before.en !== region.en)
      if (changed.length > 0)
        await this.#recorder.write(changed.map(({ region, before }) => ({ kind: 'region.set', region, before, by })))
    })
  }

  async add(wanted: NewDepartment, by: Author): Promise<Department> {
    return this.#recorder.inTurn('offices', async () => {
      await this.known()
      const id = shortId('dp', (taken) => this.book.departments.has(taken))
      return this.#write({ id, version: 1, ...wanted, retiredAt: null }, null, by)
    })
  }

  change(id: string, version: number, wish: Partial<NewDepartment> & { retired?: boolean }, by: Author): Promise<Department> {
    return this.#recorder.inTurn('offices', async () => {
      await this.known()
      const before = this.book.departments.get(id)
      if (!before) throw new NotFound(`there is no department ${id}`)
      if (before.version !== version)
        throw new Conflict('stale-version', `the department is at version ${before.version}, you saw ${version}`, {
          current: before,
        })
      const { retired, ...given } = wish
      const retiredAt = retired ? this.#journal.clock.now() : null
      return this.#write({ ...before, ...given, retiredAt, version: version + 1 }, before, by)
    })
  }

  async #write(wanted: Department, before: Department | null, by: Author): Promise<Department> {
    const department = { ...wanted, region: plainCode(wanted.region) }
    const other = this.book.departments
      .values()
      .find((one) => one.id !== department.id && one.retiredAt === null && isSame(one, department))
    if (department.retiredAt === null && other)
      throw new Conflict('id-taken', `${other.zh} answers for that already`, { current: other })
    for (const id of department.personIds) {
      const person = this.#people.person(id)
      if (!person || person.enterpriseId !== null)
        throw new Invalid('invalid', `personIds: ${id} is nobody of a department`, { field: 'personIds' })
    }
    await this.#recorder.write([{ kind: 'department.set', department, before, by }])
    return department
  }

  async #load(): Promise<void> {
    this.#meanwhile = []
    for (const entry of await this.#journal.readRecord(1, [...kinds])) this.#take(entry)
    for (const entry of this.#meanwhile) this.#take(entry)
    this.#meanwhile = null
    this.#alarms = null
  }

  /** Whole rows: applied twice they stand as once. */
  #take(entry: Entry): void {
    const said = readRecordEntry(entry)
    if (said.kind === 'region.set') this.book.setRegion(said.region)
    else if (said.kind === 'department.set') this.book.setDepartment(said.department)
  }
}

const isSame = (a: Department, b: Department) => a.sector === b.sector && a.region === b.region
