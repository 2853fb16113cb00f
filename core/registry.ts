import { Type, type Static } from 'typebox'
import { deviceKindNames, deviceKinds } from './device-kind.ts'
import { ModeSchema } from './mode.ts'
import { StaticGradeSchema } from './risk.ts'

/** Ids people and devices may choose: letters, digits, dot, underscore, hyphen; starts with a letter or digit. */
export const IdSchema = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' })
const NameSchema = Type.String({ minLength: 1, maxLength: 120 })
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

/** static risk grade 重大/较大/一般/低, absent or null until somebody has assessed it */
const RiskGradeSchema = Type.Optional(Nullable(StaticGradeSchema))

export const EnterpriseSchema = Type.Object({
  id: IdSchema,
  name: NameSchema,
  /** administrative division code, GB/T 2260: 6 to 12 digits */
  region: Type.String({ pattern: '^[0-9]{6,12}$' }),
  sector: Nullable(Type.String({ maxLength: 60 })),
  /** unified social credit code, GB 32100; absent where nobody gave it */
  creditCode: Type.Optional(Nullable(Type.String({ pattern: '^[0-9A-HJ-NPQRTUWXY]{18}$' }))),
  riskGrade: RiskGradeSchema,
  retiredAt: Nullable(Type.Number()),
})
export const SiteSchema = Type.Object({
  id: IdSchema,
  enterpriseId: IdSchema,
  name: NameSchema,
  latitude: Nullable(Type.Number({ minimum: -90, maximum: 90 })),
  longitude: Nullable(Type.Number({ minimum: -180, maximum: 180 })),
  riskGrade: RiskGradeSchema,
  retiredAt: Nullable(Type.Number()),
})
export const ZoneSchema = Type.Object({
  id: IdSchema,
  siteId: Nullable(IdSchema),
  enterpriseId: IdSchema,
  name: NameSchema,
  riskGrade: RiskGradeSchema,
  retiredAt: Nullable(Type.Number()),
})

/**
 * `attributes` hold what a device is: `substance` or `substance#<channel>`, `range`, `expectedPeriodMs`, `serial`, …
 * The token itself is never kept, only its SHA-256.
 */
export const DeviceSchema = Type.Object({
  id: IdSchema,
  enterpriseId: IdSchema,
  kind: Type.Enum([...deviceKindNames]),
  name: NameSchema,
  mode: ModeSchema,
  zoneId: Nullable(IdSchema),
  latitude: Nullable(Type.Number({ minimum: -90, maximum: 90 })),
  longitude: Nullable(Type.Number({ minimum: -180, maximum: 180 })),
  attributes: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
  terminalPhone: Nullable(Type.String({ maxLength: 20 })),
  unitAddress: Nullable(Type.String({ maxLength: 40 })),
  serial: Nullable(Type.String({ maxLength: 80 })),
  tokenHash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  /** a demo token is known to everybody and so refused from anywhere but this machine */
  demo: Type.Boolean(),
  createdAt: Type.Number(),
  retiredAt: Nullable(Type.Number()),
})

export type Enterprise = Static<typeof EnterpriseSchema>
export type Site = Static<typeof SiteSchema>
export type Zone = Static<typeof ZoneSchema>
export type Device = Static<typeof DeviceSchema>
export type Entities = { enterprise: Enterprise; site: Site; zone: Zone; device: Device }
export type EntityName = keyof Entities

/** One row of the registry as it stands after a change. */
export type RegistryRow = { [K in EntityName]: { entity: K; row: Entities[K] } }[EntityName]

/** How often this device reports: its own attribute if it states one, else its kind's habit. Milliseconds. */
export function expectedPeriodMs(device: Device): number {
  const stated = device.attributes['expectedPeriodMs']
  return typeof stated === 'number' && stated >= 100 ? stated : deviceKinds[device.kind].expectedPeriodMs
}

/** The substance of a metric's channel at this device (`substance#h2s`, else `substance`), null when nobody said. */
export function substanceOf(device: Device, channel: string | null): string | null {
  const stated = (channel !== null && device.attributes[`substance#${channel}`]) || device.attributes['substance']
  return typeof stated === 'string' && stated !== '' ? stated : channel
}

/** Who and what is installed where: a projection of the record, held in memory. Rows are replaced, never edited. */
export class Registry {
  readonly enterprises = new Map<string, Enterprise>()
  readonly sites = new Map<string, Site>()
  readonly zones = new Map<string, Zone>()
  readonly devices = new Map<string, Device>()
  #byToken = new Map<string, Device>()
  #byName = new Map<string, Device[]>()

  apply(change: RegistryRow): void {
    switch (change.entity) {
      case 'enterprise':
        this.enterprises.set(change.row.id, change.row)
        return
      case 'site':
        this.sites.set(change.row.id, change.row)
        return
      case 'zone':
        this.zones.set(change.row.id, change.row)
        return
      case 'device':
        this.#applyDevice(change.row)
    }
  }

  /** The device in service with this token's SHA-256 (hex). */
  deviceByTokenHash(hash: string): Device | undefined {
    return this.#byToken.get(hash)
  }

  /**
   * A device of an enterprise by its id, else by its name; retired ones are not found. A name that several bear is nobody's:
   * a reading must not land at the wrong detector, or in another mode.
   */
  deviceOf(enterpriseId: string, idOrName: string): Device | undefined {
    const byId = this.devices.get(idOrName)
    if (byId?.enterpriseId === enterpriseId && byId.retiredAt === null) return byId
    const named = this.#byName.get(`${enterpriseId}\n${idOrName}`)
    return named?.length === 1 ? named[0] : undefined
  }

  *rows(): Generator<RegistryRow> {
    for (const row of this.enterprises.values()) yield { entity: 'enterprise', row }
    for (const row of this.sites.values()) yield { entity: 'site', row }
    for (const row of this.zones.values()) yield { entity: 'zone', row }
    for (const row of this.devices.values()) yield { entity: 'device', row }
  }

  #applyDevice(device: Device): void {
    const before = this.devices.get(device.id)
    if (before) {
      if (this.#byToken.get(before.tokenHash) === before) this.#byToken.delete(before.tokenHash)
      const name = `${before.enterpriseId}\n${before.name}`
      const others = (this.#byName.get(name) ?? []).filter((one) => one !== before)
      if (others.length > 0) this.#byName.set(name, others)
      else this.#byName.delete(name)
    }
    this.devices.set(device.id, device)
    if (device.retiredAt !== null) return
    this.#byToken.set(device.tokenHash, device)
    const name = `${device.enterpriseId}\n${device.name}`
    this.#byName.set(name, [...(this.#byName.get(name) ?? []), device])
  }
}
