import { Type, type TSchema } from 'typebox'
import { isCreditCode } from '../../core/credit-code.ts'
import { Conflict, Invalid, NotFound } from '../../core/errors.ts'
import {
  EnterpriseSchema,
  IdSchema,
  SiteSchema,
  ZoneSchema,
  type Entities,
  type Enterprise,
  type Registry,
  type RegistryRow,
  type Site,
  type Zone,
} from '../../core/registry.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { CursorSchema, DEFAULT_LIMIT, LimitSchema, OrderedRows } from '../paging.ts'
import { shortId } from '../short-id.ts'

export type PlaceName = 'enterprise' | 'site' | 'zone'

/** One kind of place: what may be said of it, and how it stands in the registry. */
type Kind<Name extends PlaceName> = {
  name: Name
  path: string
  prefix: string
  rows: (registry: Places) => Map<string, Entities[Name]>
  enterpriseOf: (row: Entities[Name]) => string
  /** fields a person sets; those in `fixed` only when it is made */
  fields: Record<string, TSchema>
  required: string[]
  fixed: string[]
  build: (id: string, given: Record<string, unknown>, before: Entities[Name] | null) => Entities[Name]
  /** what no schema can say */
  check?: (registry: Places, id: string, given: Record<string, unknown>) => void
}
/** As much of the registry as places need. */
export type Places = Pick<Registry, 'enterprises' | 'sites' | 'zones'>

const withExample = <T extends TSchema>(schema: T, example: unknown): T => ({ ...schema, examples: [example] })
const { name: NameSchema } = EnterpriseSchema.properties
const enterpriseId = withExample(IdSchema, 'e-4k2m9p')

const enterprises: Kind<'enterprise'> = {
  name: 'enterprise',
  path: 'enterprises',
  prefix: 'e',
  rows: (registry) => registry.enterprises,
  enterpriseOf: ({ id }) => id,
  fields: {
    name: withExample(NameSchema, '滨江化工有限公司'),
    region: withExample(EnterpriseSchema.properties.region, '330106'),
    sector: withExample(EnterpriseSchema.properties.sector, 'chemical'),
    riskGrade: withExample(EnterpriseSchema.properties.riskGrade, 'major'),
    creditCode: withExample(EnterpriseSchema.properties.creditCode, '91330106MA2CEXAMP2'),
  },
  required: ['name', 'region'],
  fixed: [],
  check: checkCreditCode,
  build: (id, given, before) => ({ sector: null, retiredAt: null, ...before, ...given, id }) as Enterprise,
}

const sites: Kind<'site'> = {
  name: 'site',
  path: 'sites',
  prefix: 's',
  rows: (registry) => registry.sites,
  enterpriseOf: (row) => row.enterpriseId,
  fields: {
    enterpriseId,
    name: withExample(NameSchema, '二号厂区'),
    latitude: withExample(SiteSchema.properties.latitude, 30.21),
    longitude: withExample(SiteSchema.properties.longitude, 120.15),
    riskGrade: withExample(SiteSchema.properties.riskGrade, 'larger'),
  },
  required: ['enterpriseId', 'name'],
  fixed: ['enterpriseId'],
  build: (id, given, before) => ({ latitude: null, longitude: null, retiredAt: null, ...before, ...given, id }) as Site,
}

const zones: Kind<'zone'> = {
  name: 'zone',
  path: 'zones',
  prefix: 'z',
  rows: (registry) => registry.zones,
  enterpriseOf: (row) => row.enterpriseId,
  fields: {
    enterpriseId,
    siteId: withExample(ZoneSchema.properties.siteId, 's-8d3w7x'),
    name: withExample(NameSchema, '储罐区'),
    riskGrade: withExample(ZoneSchema.properties.riskGrade, 'major'),
  },
  required: ['enterpriseId', 'name'],
  fixed: ['enterpriseId'],
  build: (id, given, before) => ({ siteId: null, retiredAt: null, ...before, ...given, id }) as Zone,
}

export const placeKinds = { enterprise: enterprises, site: sites, zone: zones }
const kindOf = (name: PlaceName) => placeKinds[name] as unknown as Kind<PlaceName>

const closed = { additionalProperties: false }
/** What is taken to add one, and to change one. */
export function schemasOf({ prefix, fields, required, fixed }: Pick<Kind<'zone'>, 'prefix' | 'fields' | 'required' | 'fixed'>) {
  const optional = (names: string[]) => Object.fromEntries(names.map((field) => [field, Type.Optional(fields[field]!)]))
  const names = Object.keys(fields)
  const add = Type.Object(
    {
      id: Type.Optional(withExample(IdSchema, `${prefix}-7k3m9q`)),
      ...Object.fromEntries(required.map((field) => [field, fields[field]!])),
      ...optional(names.filter((field) => !required.includes(field))),
    },
    closed,
  )
  return { add, change: Type.Object(optional(names.filter((field) => !fixed.includes(field))), closed) }
}

export const newPlaceId = (registry: Places, name: PlaceName): string =>
  shortId(kindOf(name).prefix, (taken) => kindOf(name).rows(registry).has(taken))

export function addPlace(context: Context, by: string, name: PlaceName, id: string, given: Record<string, unknown>) {
  const { registry, recorder } = context
  const kind = kindOf(name)
  return recorder.inTurn(`${name} ${id}`, async () => {
    if (kind.rows(registry).has(id)) throw new Conflict('id-taken', `there is already a ${name} ${id}`, { field: 'id' })
    checkPlace(registry, given)
    kind.check?.(registry, id, given)
    const row = kind.build(id, given, null)
    await record(context, kind, row, null, by)
    return row
  })
}

export function changePlace(context: Context, by: string, name: PlaceName, id: string, given: Record<string, unknown>) {
  const { registry, recorder } = context
  const kind = kindOf(name)
  return recorder.inTurn(`${name} ${id}`, async () => {
    const before = found(kind, registry, id)
    if (before.retiredAt !== null) throw new Conflict('already-retired', `the ${name} ${id} is retired`)
    checkPlace(registry, { enterpriseId: name === 'enterprise' ? undefined : kind.enterpriseOf(before), ...given })
    kind.check?.(registry, id, given)
    const row = kind.build(id, given, before)
    await record(context, kind, row, before, by)
    return row
  })
}

const ByIdSchema = Type.Object({ id: IdSchema })
const ListSchema = Type.Object({
  enterpriseId: Type.Optional(IdSchema),
  retired: Type.Optional(Type.Boolean({ description: 'also those no longer in use' })),
  limit: LimitSchema,
  cursor: CursorSchema,
})

/** The same calls for enterprises, sites and zones: list, one, add, change, retire. Nothing is ever erased. */
export function placeCalls(app: Api, context: Context): void {
  callsFor(app, context, enterprises)
  callsFor(app, context, sites)
  callsFor(app, context, zones)
}

function callsFor<Name extends PlaceName>(app: Api, context: Context, kind: Kind<Name>): void {
  type Row = Entities[Name]
  const { registry, recorder, journal } = context
  const { name, path } = kind
  const rows = kind.rows(registry)
  const ordered = new OrderedRows<Row>(
    () => rows.values(),
    () => context.live.registryVersion,
  )
  const { add: NewSchema, change: ChangeSchema } = schemasOf(kind)

  const find = (id: string): Row => found(kind, registry, id)

  app.get(`/${path}`, { schema: { tags: [path], summary: `The ${path}`, querystring: ListSchema } }, (request) => {
    const caller = callerOf(context, request, 'read')
    const { enterpriseId: only, retired, limit = DEFAULT_LIMIT, cursor } = request.query
    const { rows: found, next } = ordered.page(
      (row) =>
        (retired || row.retiredAt === null) &&
        (only === undefined || kind.enterpriseOf(row) === only) &&
        sees(caller, kind.enterpriseOf(row)),
      limit,
      cursor,
    )
    return { [path]: found, ...(next !== undefined && { next }) }
  })

  app.get(`/${path}/:id`, { schema: { tags: [path], summary: `One ${name}`, params: ByIdSchema } }, (request) => {
    const caller = callerOf(context, request, 'read')
    const { id } = request.params
    if (!sees(caller, rows.has(id) ? kind.enterpriseOf(rows.get(id)!) : undefined))
      throw new NotFound(`there is no ${name} ${id}`)
    return find(id)
  })

  app.post(`/${path}`, { schema: { tags: [path], summary: `Add a ${name}`, body: NewSchema } }, async (request, reply) => {
    const caller = callerOf(context, request, 'install')
    const { id = newPlaceId(registry, name), ...given } = request.body as Record<string, unknown> & { id?: string }
    return reply.code(201).send(await addPlace(context, caller.id, name, id, given))
  })

  app.patch(
    `/${path}/:id`,
    { schema: { tags: [path], summary: `Change a ${name}`, params: ByIdSchema, body: ChangeSchema } },
    (request) => {
      const caller = callerOf(context, request, 'install')
      return changePlace(context, caller.id, name, request.params.id, request.body as Record<string, unknown>)
    },
  )

  app.post(
    `/${path}/:id/retire`,
    { schema: { tags: [path], summary: `Take a ${name} out of use`, params: ByIdSchema } },
    (request) => {
      const caller = callerOf(context, request, 'install')
      const { id } = request.params
      return recorder.inTurn(`${name} ${id}`, async () => {
        const before = find(id)
        if (before.retiredAt !== null) return before
        if (name === 'enterprise') mustBeEmpty(registry, id)
        const row = { ...before, retiredAt: journal.clock.now() }
        await record(context, kind, row, before, caller.id)
        return row
      })
    },
  )
}

function found<Name extends PlaceName>(kind: Kind<Name>, registry: Places, id: string): Entities[Name] {
  const row = kind.rows(registry).get(id)
  if (!row) throw new NotFound(`there is no ${kind.name} ${id}`)
  return row
}

function record<Name extends PlaceName>(
  { recorder }: Context,
  { name }: Kind<Name>,
  row: Entities[Name],
  before: Entities[Name] | null,
  by: string,
): Promise<number> {
  const change = { kind: 'registry.changed' as const, by, before, entity: name, row }
  return recorder.write([change as { kind: 'registry.changed'; by: string; before: Entities[Name] | null } & RegistryRow])
}

/** Devices of a retired enterprise are no longer judged, and nobody must lose an alarm by that: each is retired by its own name. */
function mustBeEmpty(registry: Registry, enterpriseId: string): void {
  const devices = registry.devices.values().filter((one) => one.enterpriseId === enterpriseId && one.retiredAt === null)
  const count = [...devices].length
  if (count > 0)
    throw new Conflict('in-use', `the enterprise ${enterpriseId} has devices in use: retire them first (${count})`, {
      devices: count,
    })
}

/** A code is one enterprise's, and its last character answers for the others. */
export function checkCreditCode(registry: Places, id: string, { creditCode }: Record<string, unknown>): void {
  if (typeof creditCode !== 'string') return
  if (!isCreditCode(creditCode))
    throw new Invalid('invalid', `creditCode: ${creditCode} is not a unified social credit code: its check character is wrong`, {
      field: 'creditCode',
    })
  const other = registry.enterprises
    .values()
    .find((one) => one.creditCode === creditCode && one.id !== id && one.retiredAt === null)
  if (other) throw new Conflict('id-taken', `creditCode: ${other.name} (${other.id}) has this code`, { field: 'creditCode' })
}

/** The enterprise, site and zone something is said to belong to must be there, in use, and belong together. */
export function checkPlace(registry: Places, given: { enterpriseId?: unknown; siteId?: unknown; zoneId?: unknown }): void {
  const places = { enterpriseId: registry.enterprises, siteId: registry.sites, zoneId: registry.zones }
  for (const [field, rows] of Object.entries(places) as [
    keyof typeof places,
    Map<string, { retiredAt: number | null; enterpriseId?: string }>,
  ][]) {
    const id = given[field]
    if (typeof id !== 'string') continue
    const row = rows.get(id)
    const what = field.slice(0, -2)
    if (!row) throw new Invalid('invalid', `${field}: there is no ${what} ${id}; add it first, POST /api/v1/${what}s`, { field })
    if (row.retiredAt !== null) throw new Invalid('invalid', `${field}: the ${what} ${id} is retired`, { field })
    if (row.enterpriseId !== undefined && given.enterpriseId !== undefined && row.enterpriseId !== given.enterpriseId) {
      throw new Invalid('invalid', `${field}: the ${what} ${id} belongs to another enterprise`, { field })
    }
  }
}
