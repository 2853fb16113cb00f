import { NotFound } from '../../core/errors.ts'
import type { Device } from '../../core/registry.ts'
import type { Caller } from '../access.ts'
import { sees, type Context } from '../context.ts'

export type Chosen = { device?: string | undefined; enterpriseId?: string | undefined; zoneId?: string | undefined }

/** The devices a question is about, of those the person may see, by id. What they may not see does not exist for them. */
export function chosenDevices({ registry }: Context, caller: Caller, { device, enterpriseId, zoneId }: Chosen): Device[] {
  if (device !== undefined) {
    const row = registry.devices.get(device)
    if (!row || !sees(caller, row.enterpriseId)) throw new NotFound(`there is no device ${device}`)
    return [row]
  }
  if (enterpriseId !== undefined && (!registry.enterprises.has(enterpriseId) || !sees(caller, enterpriseId)))
    throw new NotFound(`there is no enterprise ${enterpriseId}`)
  if (zoneId !== undefined && !sees(caller, registry.zones.get(zoneId)?.enterpriseId ?? ''))
    throw new NotFound(`there is no zone ${zoneId}`)
  if (zoneId !== undefined && !registry.zones.has(zoneId)) throw new NotFound(`there is no zone ${zoneId}`)
  return [...registry.devices.values()]
    .filter((row) => sees(caller, row.enterpriseId))
    .filter((row) => enterpriseId === undefined || row.enterpriseId === enterpriseId)
    .filter((row) => zoneId === undefined || row.zoneId === zoneId)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}
