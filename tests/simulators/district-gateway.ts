import { createHash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { silentLog } from '../../core/log.ts'
import type { RegistryRow } from '../../core/registry.ts'
import { startGateway } from '../../gateway/gateway.ts'
import { recordDraft } from '../../journal/codec.ts'
import { Directory } from '../../journal/directory.ts'
import { MemoryJournal } from '../../journal/memory.ts'
import { district } from '../../simulators/district.ts'

/** The real gateway over a journal in memory, with the district's devices on record. */
export async function startDistrictGateway(clock?: Clock) {
  const journal = new MemoryJournal(clock)
  const directory = new Directory()
  const { enterprises, sites, zones, devices } = district()
  const rows: RegistryRow[] = [
    ...enterprises.map((row) => ({ entity: 'enterprise' as const, row })),
    ...sites.map((row) => ({ entity: 'site' as const, row })),
    ...zones.map((row) => ({ entity: 'zone' as const, row })),
    ...devices.map(({ row, token }) => ({
      entity: 'device' as const,
      row: { ...row, tokenHash: createHash('sha256').update(token).digest('hex') },
    })),
  ]
  for (const row of rows) directory.registry.apply(row)
  await journal.append(rows.map((row) => recordDraft({ kind: 'registry.changed', by: 'platform', before: null, ...row })))
  const gateway = await startGateway({
    config: {
      host: '127.0.0.1',
      mqttPort: 0,
      mqttsPort: null,
      tls: null,
      maxPacketBytes: 256 * 1024,
      maxMessagesPerSecond: 10_000,
      maxConnectionsPerEnterprise: 100,
    },
    journal,
    directory,
    log: silentLog,
  })
  return { journal, directory, gateway, url: gateway.addresses[0]!.url }
}
