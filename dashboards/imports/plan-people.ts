import type { Department } from '../../core/department.ts'
import { PlatformError } from '../../core/errors.ts'
import type { ImportFault } from '../../core/imports.ts'
import type { Enterprise, Registry } from '../../core/registry.ts'
import { ContactSchema, NewUserSchema } from '../api/users.ts'
import type { Person, PersonContact } from '../people-database.ts'
import { checkLimits, type PersonChange } from '../person.ts'
import type { Role } from '../rights.ts'
import { shortId } from '../short-id.ts'
import { faultyFields } from '../validation.ts'
import { partsOf, personColumn, positionOf, roleOf, type PersonField } from './person-columns.ts'
import { nameKey } from './places-draft.ts'
import { isBad, isExample, newPlan, type RowPlan } from './plan.ts'
import { said, unfit } from './saying.ts'
import { turns, type SheetRow } from './sheet.ts'

/** `id` is null for somebody new; `change` is then what is said of them besides. */
export type PersonWish = {
  id: string | null
  add: { username: string; role: Role; enterpriseId: string | null; regions: string[]; sectors: string[] }
  change: PersonChange
  departmentId: string | null
}
type World = { people: readonly Person[]; registry: Registry; departments: readonly Department[] }

const userFaults = faultyFields(NewUserSchema)
const contactFaults = faultyFields(ContactSchema)
const digits = (phone: string): string => phone.replaceAll(/\D/g, '').replace(/^86(?=1\d{10}$)/, '')

/** What each row comes to. Somebody is who has the user name, else who has this name with this number or mail address. */
export async function planPeople(
  rows: readonly SheetRow[],
  { people, registry, departments }: World,
): Promise<RowPlan<PersonWish>[]> {
  const known = new Known(people)
  const enterprises = new Map<string, Enterprise[]>()
  for (const one of registry.enterprises.values()) {
    if (one.retiredAt !== null) continue
    for (const key of [nameKey(one.name), ...(one.creditCode ? [one.creditCode] : [])])
      enterprises.set(key, [...(enterprises.get(key) ?? []), one])
  }
  const offices = departments.filter(({ retiredAt }) => retiredAt === null)
  const plans: RowPlan<PersonWish>[] = []
  const turn = turns()
  for (const source of rows) {
    await turn()
    const plan = newPlan<PersonWish>(source, source.cells['name'] ?? source.cells['username'] ?? '')
    plans.push(plan)
    if (isExample(source)) Object.assign(plan, { state: 'skipped', faults: [] })
    else {
      const unit = nameKey(source.cells['unit'] ?? '')
      planPerson(plan, known, {
        enterprises: enterprises.get(unit) ?? enterprises.get(unit.toUpperCase()) ?? [],
        departments: offices.filter(({ zh, en }) => nameKey(zh) === unit || nameKey(en) === unit),
      })
      if (!isBad(plan) && plan.wishes.length > 0) plan.state = plan.wishes[0]!.id === null ? 'new' : 'changed'
    }
  }
  return plans
}

type Unit = { enterprises: Enterprise[]; departments: Department[] }

function planPerson(plan: RowPlan<PersonWish>, known: Known, unit: Unit): void {
  const { row, cells } = plan.source
  const fail = (
    field: PersonField | null,
    zh: string,
    en: string,
    fix = field ? personColumn(field).fix : said('', ''),
  ): void => {
    plan.faults.push({ column: field && personColumn(field).label, says: said(zh, en), fix })
  }
  const before = known.meant(cells)
  const role =
    cells['role'] === undefined
      ? (before?.role ?? (unit.enterprises.length > 0 ? 'enterprise' : undefined))
      : roleOf(cells['role'])
  if (!before && cells['username'] === undefined && cells['phone'] === undefined && cells['mail'] === undefined)
    fail('phone', '手机、邮箱、用户名至少填一个', 'give a phone, a mail address or a user name', said('填手机', 'give a phone'))
  if (!before && cells['name'] === undefined) plan.faults.push(unfit(personColumn('name'), undefined))

  const enterpriseId = unitOf(plan, role, unit, before === undefined)
  const departmentId = role !== 'enterprise' ? (unit.departments[0]?.id ?? null) : null
  const regions = partsOf(cells['regions'] ?? '', /[\s,，;；、|/]+/)
  const sectors = partsOf(cells['sectors'] ?? '', /[,，;；、|/]+/)
  const given: Partial<PersonContact> = {
    ...(cells['name'] !== undefined && { name: cells['name'] }),
    ...(cells['phone'] !== undefined && { phone: cells['phone'] }),
    ...(cells['mail'] !== undefined && { mail: cells['mail'] }),
    ...(cells['position'] !== undefined && { position: positionOf(cells['position']) as PersonContact['position'] }),
  }
  const username = cells['username'] ?? before?.username ?? known.newName()
  // Passwords are made here, and no cell is to blame for one.
  const asked = {
    username,
    password: 'made here',
    ...(role !== undefined && { role }),
    ...(regions.length > 0 && { regions }),
    ...(sectors.length > 0 && { sectors }),
  }
  for (const { field } of [...userFaults(asked), ...contactFaults(given)])
    plan.faults.push(unfit(personColumn(field as PersonField), cells[field!]))
  if (plan.faults.length > 0) return
  if (role === 'admin' && before?.role !== 'admin')
    fail(
      'role',
      '管理员不能导入',
      'administrators are not imported',
      said('在人员页逐个添加管理员', 'add them one by one on the page People'),
    )
  if (role !== 'enterprise' && cells['position'] !== undefined)
    fail('position', '只有企业联系人填职务', 'a position is for people of an enterprise', said('清空这一格', 'empty this cell'))
  try {
    checkLimits({ role: role as Role, regions, sectors })
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    fail(
      'regions',
      '管理员和企业用户不填负责范围',
      'regions and sectors do not go with this role',
      said('清空这两格', 'empty these cells'),
    )
  }
  if (before && (role === 'enterprise') !== (before.enterpriseId !== null))
    fail(
      'role',
      '企业用户和其他用户之间不能转换',
      'people of an enterprise and others do not become one another',
      said('换一个用户名，作为新用户', 'another user name makes a new user'),
    )
  const other = known.rowOf(before, cells)
  if (other !== undefined)
    fail(
      null,
      `与第 ${other} 行是同一个人`,
      `this is the same person as in row ${other}`,
      said('删除其中一行', 'delete one of the rows'),
    )
  if (before?.disabled)
    fail(
      'username',
      '此人已禁用',
      'this person is shut out',
      said('先在人员页启用', 'let them in again on the page People first'),
    )
  if (before && cells['unit'] !== undefined && before.enterpriseId !== enterpriseId)
    fail(
      'unit',
      '此人属于另一单位，一经设定不变',
      'this person belongs to another unit, which never changes',
      said('换一个用户名，作为新用户', 'another user name makes a new user'),
    )
  if (plan.faults.length > 0) return

  const isSaid = (field: keyof PersonContact, value: unknown): boolean =>
    field === 'phone' ? digits(String(value)) === digits(before?.contact.phone ?? '') : value === before?.contact[field]
  const contact = Object.fromEntries(
    Object.entries(given).filter(([field, value]) => !isSaid(field as keyof PersonContact, value)),
  )
  const change: PersonChange = {
    ...(Object.keys(contact).length > 0 && { contact }),
    ...(before && role !== before.role && { role: role as Role }),
    ...(before && regions.length > 0 && !isSame(regions, before.regions) && { regions }),
    ...(before && sectors.length > 0 && !isSame(sectors, before.sectors) && { sectors }),
  }
  const isIn = departmentId !== null && before !== undefined && unit.departments[0]!.personIds.includes(before.id)
  const joins = isIn ? null : departmentId
  known.keep(row, before, cells)
  if (before && Object.keys(change).length === 0 && joins === null) return
  if (before?.role === 'admin')
    return fail(
      'role',
      '管理员的资料不能用导入修改',
      'administrators are not changed by a sheet',
      said('在人员页修改', 'change them on the page People'),
    )
  plan.wishes.push({
    ...{ id: before?.id ?? null, change, departmentId: joins },
    add: { username, role: role as Role, enterpriseId, regions, sectors },
  })
  const fields = [
    ...Object.keys(contact),
    ...Object.keys(change).filter((field) => field !== 'contact'),
    ...(joins ? ['unit'] : []),
  ]
  if (!before) plan.changes.push({ what: said('用户', 'user'), adds: true, after: cells['username'] ?? cells['name']! })
  // What somebody's number was is not shown to whoever has only a sheet with another.
  else
    for (const field of fields) plan.changes.push({ what: personColumn(field as PersonField).label, after: cells[field] ?? null })
  const namesake = before ? undefined : known.named(cells['name']!)
  if (namesake)
    plan.notes.push(
      said(
        `已有同名用户 ${namesake.username}：若是同一个人，填其用户名`,
        `${namesake.username} has this name already: give the user name if it is the same person`,
      ),
    )
}

/** The enterprise somebody belongs to, null for the regulator's own. A unit nobody knows is a fault. */
function unitOf(
  plan: RowPlan<PersonWish>,
  role: string | undefined,
  { enterprises, departments }: Unit,
  isNew: boolean,
): string | null {
  const { unit } = plan.source.cells
  const column = personColumn('unit')
  const fault = (zh: string, en: string, fix = column.fix): null => {
    plan.faults.push({ column: column.label, says: said(zh, en), fix } satisfies ImportFault)
    return null
  }
  const found: readonly { id: string }[] = role === 'enterprise' ? enterprises : departments
  if (found.length > 1) return fault(`有 ${found.length} 个单位叫“${unit}”`, `${found.length} units are called "${unit}"`)
  if (role === 'enterprise') {
    if (unit === undefined && isNew) plan.faults.push(unfit(column, undefined))
    else if (unit !== undefined && !found[0])
      fault(
        `台账中没有企业“${unit}”`,
        `there is no enterprise "${unit}"`,
        said('先导入企业，或改正名称', 'import the enterprise first, or correct the name'),
      )
    return found[0]?.id ?? null
  }
  if (unit !== undefined && !found[0])
    return fault(
      `没有部门“${unit}”`,
      `there is no department "${unit}"`,
      said('先在人员页“部门与区划”中设立，或清空这一格', 'set it up on the page People first, or empty this cell'),
    )
  return null
}

const isSame = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((one) => b.includes(one))

/** Who is there, and who stands in the rows above. */
class Known {
  #byKey = new Map<string, Person>()
  #byName = new Map<string, Person>()
  #rows = new Map<string, number>()
  #names = new Set<string>()

  constructor(people: readonly Person[]) {
    for (const person of people) {
      this.#names.add(person.username.toLowerCase())
      this.#byKey.set(`user ${person.username.toLowerCase()}`, person)
      if (person.contact.name === null) continue
      this.#byName.set(nameKey(person.contact.name), person)
      const { phone, mail } = person.contact
      for (const key of this.#keys({ name: person.contact.name, ...(phone && { phone }), ...(mail && { mail }) }))
        this.#byKey.set(key, person)
    }
  }

  meant(cells: Record<string, string>): Person | undefined {
    return this.#keys(cells)
      .map((key) => this.#byKey.get(key))
      .find((person) => person !== undefined)
  }

  named = (name: string): Person | undefined => this.#byName.get(nameKey(name))
  rowOf = (person: Person | undefined, cells: Record<string, string>): number | undefined =>
    [...this.#keys(cells), ...(person ? [person.id] : [])].map((key) => this.#rows.get(key)).find((row) => row !== undefined)

  keep(row: number, person: Person | undefined, cells: Record<string, string>): void {
    for (const key of [...this.#keys(cells), ...(person ? [person.id] : [])]) this.#rows.set(key, row)
  }

  /** Says nothing of who it is: user names are seen by more people than telephone numbers are. */
  newName(): string {
    const name = shortId('u', (taken) => this.#names.has(taken))
    this.#names.add(name)
    return name
  }

  #keys({ username, name = '', phone, mail }: Record<string, string | undefined>): string[] {
    if (username !== undefined) return [`user ${username.toLowerCase()}`]
    const who = nameKey(name)
    return [
      ...(phone === undefined ? [] : [`phone ${who} ${digits(phone)}`]),
      ...(mail === undefined ? [] : [`mail ${who} ${mail.toLowerCase()}`]),
    ]
  }
}
