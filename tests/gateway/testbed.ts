import { createHash } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { silentLog } from '../../core/log.ts'
import { readBlock } from '../../core/reading.ts'
import { qualityOf, reasonOf } from '../../core/quality.ts'
import type { Quarantined } from '../../core/quarantine.ts'
import type { RecordEntry } from '../../core/record.ts'
import type { Device } from '../../core/registry.ts'
import type { ConnectionChange } from '../../core/connection.ts'
import { startGateway, type Gateway, type GatewayConfig } from '../../gateway/gateway.ts'
import { readConnection, readQuarantined, readRecordEntry } from '../../journal/codec.ts'
import { Directory } from '../../journal/directory.ts'
import type { Draft, Entry } from '../../journal/journal.ts'
import { MemoryJournal } from '../../journal/memory.ts'

export const tokenOf = (id: string) => `wf_token_of_${id}`
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

export const device = (id: string, changes: Partial<Device> = {}): Device => ({
  id,
  enterpriseId: 'plant',
  kind: 'gas-detector',
  name: `name of ${id}`,
  mode: 'live',
  zoneId: null,
  latitude: null,
  longitude: null,
  attributes: {},
  terminalPhone: null,
  unitAddress: null,
  serial: null,
  tokenHash: sha256(tokenOf(id)),
  demo: false,
  createdAt: 0,
  retiredAt: null,
  ...changes,
})

/** A memory journal whose appends wait until they are let go. */
export class HeldJournal extends MemoryJournal {
  held = false
  #waiting: (() => void)[] = []

  override append(drafts: Draft[]): Promise<number[]> {
    if (!this.held) return super.append(drafts)
    return new Promise((resolve) => this.#waiting.push(() => void super.append(drafts).then(resolve)))
  }

  get waiting(): number {
    return this.#waiting.length
  }

  release(): void {
    this.held = false
    for (const go of this.#waiting.splice(0)) go()
  }
}

export type Stored = {
  device: string
  metric: string
  value: number
  measuredAt: number
  receivedAt: number
  quality: string
  reason: string
  deviceTime?: number
}

export class Testbed {
  readonly journal: HeldJournal
  readonly directory: Directory
  readonly gateway: Gateway
  readonly port: number

  constructor(journal: HeldJournal, directory: Directory, gateway: Gateway) {
    this.journal = journal
    this.directory = directory
    this.gateway = gateway
    const mqtt = gateway.addresses.find(({ name }) => name === 'mqtt')
    this.port = mqtt ? Number(new URL(mqtt.url).port) : 0
  }

  entries(kind: string): Entry[] {
    return this.journal.read(1, Infinity).entries.filter((entry) => entry.kind === kind)
  }

  /** Every reading journalled so far, named by what the journal says of its series. */
  stored(): Stored[] {
    const names = new Map<number, { device: string; metric: string }>()
    for (const entry of this.record()) if (entry.kind === 'series.defined') for (const one of entry.series) names.set(one.id, one)
    return this.entries('block').flatMap((entry) => {
      const block = readBlock(entry.payload)
      return Array.from({ length: block.count }, (_, row) => ({
        device: names.get(block.series[row]!)!.device,
        metric: names.get(block.series[row]!)!.metric,
        value: block.value[row]!,
        measuredAt: block.measuredAt[row]!,
        receivedAt: block.receivedAt[row]!,
        quality: qualityOf(block.quality[row]!),
        reason: reasonOf(block.quality[row]!),
        ...(block.deviceTimes.has(row) && { deviceTime: block.deviceTimes.get(row)! }),
      }))
    })
  }

  record(): RecordEntry[] {
    return this.journal
      .read(1, Infinity)
      .entries.filter(({ stream }) => stream === 'record')
      .map(readRecordEntry)
  }

  quarantined(): Quarantined[] {
    return this.entries('quarantine').map(readQuarantined)
  }

  connections(): ConnectionChange[] {
    return this.entries('connection').map(readConnection)
  }

  apply(...devices: Device[]): void {
    for (const row of devices) this.directory.registry.apply({ entity: 'device', row })
  }
}

/** A gateway on a free port of this machine, with these devices, over a journal that can be held. */
export async function testbed(devices: Device[] = [device('GAS-01')], config: Partial<GatewayConfig> = {}): Promise<Testbed> {
  const journal = new HeldJournal()
  const directory = new Directory()
  for (const row of devices) directory.registry.apply({ entity: 'device', row })
  const gateway = await startGateway({
    config: {
      host: '127.0.0.1',
      mqttPort: 0,
      mqttsPort: null,
      tls: null,
      maxPacketBytes: 256 * 1024,
      maxMessagesPerSecond: 10_000,
      maxConnectionsPerEnterprise: 20_000,
      ...config,
    },
    journal,
    directory,
    log: silentLog,
  })
  onTestFinished(async () => {
    journal.release()
    await gateway.stop()
  })
  return new Testbed(journal, directory, gateway)
}

/** Waits for something that happens on its own; the exception is what the test then shows. */
export async function eventually(check: () => void, timeoutMs = 5_000): Promise<void> {
  const end = Date.now() + timeoutMs
  for (;;) {
    try {
      return check()
    } catch (error) {
      if (Date.now() > end) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
