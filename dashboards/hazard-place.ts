import { Invalid } from '../core/errors.ts'
import type { Registry } from '../core/registry.ts'

type Named = { siteId?: string | undefined; zoneId?: string | undefined; place?: string | undefined }

/** Where a hazard is, as the registry calls it; words of one's own only where the registry knows no place of the enterprise. */
export function hazardPlace(
  registry: Registry,
  enterpriseId: string | null,
  { siteId, zoneId, place }: Named,
): string | undefined {
  const isTheirs = (row: { enterpriseId: string; retiredAt: number | null }) =>
    row.enterpriseId === enterpriseId && row.retiredAt === null
  const found = <T extends Parameters<typeof isTheirs>[0]>(rows: Map<string, T>, field: string, id: string): T => {
    const row = rows.get(id)
    if (!row || !isTheirs(row)) throw new Invalid('invalid', `${id} is no place of the enterprise`, { field })
    return row
  }
  if (zoneId !== undefined) {
    const zone = found(registry.zones, 'zoneId', zoneId)
    const site = registry.sites.get(zone.siteId ?? '')
    return [site?.name, zone.name].filter(Boolean).join(' · ')
  }
  if (siteId !== undefined) return found(registry.sites, 'siteId', siteId).name
  if (place === undefined) return undefined
  if ([...registry.sites.values(), ...registry.zones.values()].some(isTheirs))
    throw new Invalid('invalid', 'choose a site or zone of the enterprise', { field: 'place' })
  return place
}
