import { shallowRef } from 'vue'
import type { Enterprise, Site, Zone } from '../../core/registry.ts'
import { all } from '../web/api.ts'

/** Names behind ids, for the forms' lists and the tables' cells: shared by all panels, read again after each change. */
export const enterprises = shallowRef<Enterprise[]>([])
export const sites = shallowRef<Site[]>([])
export const zones = shallowRef<Zone[]>([])

export async function loadChoices(): Promise<void> {
  const [foundEnterprises, foundSites, foundZones] = await Promise.all([
    all<Enterprise>('/enterprises', 'enterprises', { retired: 'true' }),
    all<Site>('/sites', 'sites', { retired: 'true' }),
    all<Zone>('/zones', 'zones', { retired: 'true' }),
  ])
  enterprises.value = foundEnterprises
  sites.value = foundSites
  zones.value = foundZones
}

export type Choice = { value: string; label: string }
type Named = { id: string; name: string; retiredAt: number | null }

export const choicesOf = (rows: readonly Named[], kept: unknown = null): Choice[] =>
  rows.filter((row) => row.retiredAt === null || row.id === kept).map(({ id, name }) => ({ value: id, label: name }))

export const nameOf = (rows: readonly Named[], id: unknown): string =>
  id === null || id === undefined ? '' : (rows.find((row) => row.id === id)?.name ?? String(id))
