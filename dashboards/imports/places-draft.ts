import type { Device, Enterprise, Registry, RegistryRow, Site, Zone } from '../../core/registry.ts'

/** Brackets and figures of either width, and spaces, make no other name. */
export const nameKey = (name: string): string => name.normalize('NFKC').replaceAll(/\s+/g, '')

type Rows = Pick<Registry, 'enterprises' | 'sites' | 'zones' | 'devices'>

/** The registry as it would stand after the rows looked at so far, and what in it goes by which name. Retired things go by none. */
export class PlacesDraft implements Rows {
  readonly enterprises: Map<string, Enterprise>
  readonly sites: Map<string, Site>
  readonly zones: Map<string, Zone>
  readonly devices: Map<string, Device>
  #known = new Map<string, Set<string>>()

  constructor({ enterprises, sites, zones, devices }: Rows) {
    this.enterprises = new Map(enterprises)
    this.sites = new Map(sites)
    this.zones = new Map(zones)
    this.devices = new Map(devices)
    for (const row of enterprises.values()) this.#note({ entity: 'enterprise', row })
    for (const row of sites.values()) this.#note({ entity: 'site', row })
    for (const row of zones.values()) this.#note({ entity: 'zone', row })
    for (const row of devices.values()) this.#note({ entity: 'device', row })
  }

  put(change: RegistryRow): void {
    const rows = this.#rowsOf(change.entity)
    const before = rows.get(change.row.id)
    if (before)
      for (const key of keysOf({ entity: change.entity, row: before } as RegistryRow)) this.#known.get(key)?.delete(before.id)
    rows.set(change.row.id, change.row)
    this.#note(change)
  }

  enterprisesNamed = (name: string): Enterprise[] => this.#found(`enterprise ${nameKey(name)}`, this.enterprises)
  enterpriseOfCode = (code: string): Enterprise | undefined => this.#found(`code ${code}`, this.enterprises)[0]
  sitesNamed = (enterpriseId: string, name: string): Site[] => this.#found(`site ${enterpriseId} ${nameKey(name)}`, this.sites)
  zonesNamed = (enterpriseId: string, name: string): Zone[] => this.#found(`zone ${enterpriseId} ${nameKey(name)}`, this.zones)
  devicesNamed = (enterpriseId: string, name: string): Device[] =>
    this.#found(`device ${enterpriseId} ${nameKey(name)}`, this.devices)
  devicesOfSerial = (enterpriseId: string, serial: string): Device[] =>
    this.#found(`serial ${enterpriseId} ${serial}`, this.devices)

  #found<Row>(key: string, rows: Map<string, Row>): Row[] {
    return [...(this.#known.get(key) ?? [])].map((id) => rows.get(id)!)
  }

  #rowsOf(entity: RegistryRow['entity']): Map<string, RegistryRow['row']> {
    const all = { enterprise: this.enterprises, site: this.sites, zone: this.zones, device: this.devices }
    return all[entity] as Map<string, RegistryRow['row']>
  }

  #note(change: RegistryRow): void {
    if (change.row.retiredAt !== null) return
    for (const key of keysOf(change)) {
      const ids = this.#known.get(key)
      if (ids) ids.add(change.row.id)
      else this.#known.set(key, new Set([change.row.id]))
    }
  }
}

function keysOf({ entity, row }: RegistryRow): string[] {
  switch (entity) {
    case 'enterprise':
      return [`enterprise ${nameKey(row.name)}`, ...(row.creditCode ? [`code ${row.creditCode}`] : [])]
    case 'site':
      return [`site ${row.enterpriseId} ${nameKey(row.name)}`]
    case 'zone':
      return [`zone ${row.enterpriseId} ${nameKey(row.name)}`]
    case 'device':
      return [
        `device ${row.enterpriseId} ${nameKey(row.name)}`,
        ...(row.serial === null ? [] : [`serial ${row.enterpriseId} ${row.serial}`]),
      ]
  }
}
