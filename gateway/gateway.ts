import { worried, worry } from '../core/part-words.ts'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Log } from '../core/log.ts'
import type { Part, PartStatus } from '../core/part.ts'
import type { Directory } from '../journal/directory.ts'
import type { Journal } from '../journal/journal.ts'
import { DevicePolicy } from './device-policy.ts'
import { httpTelemetry, type Telemetry } from './http-telemetry.ts'
import { Identity } from './identity.ts'
import { Intake } from './intake.ts'
import { Presence } from './presence.ts'
import { mqttProtocols } from './protocols/index.ts'
import { Quarantine } from './quarantine.ts'
import { ReadingBuffer } from './reading-buffer.ts'
import { startMqtt } from './transports/mqtt.ts'

export type GatewayConfig = {
  host: string
  mqttPort: number | null
  mqttsPort: number | null
  tls: { cert: Uint8Array; key: Uint8Array } | null
  maxPacketBytes: number
  maxMessagesPerSecond: number
  maxConnectionsPerEnterprise: number
  maxConnections?: number
  strangersBytes?: number
}

export interface Gateway extends Part {
  addresses: { name: string; url: string }[]
  isConnected(deviceId: string): boolean
  connectedSince(deviceId: string): number | undefined
  telemetry: Telemetry
  handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

type Options = { config: GatewayConfig; journal: Journal; directory: Directory; log: Log }

const COUNTS_MS = 1_000

/**
 * Devices in, journal out. The way of a message: the connection takes the packet apart (transports/mqtt/connection.ts) → the
 * link knows who sent it (device-policy.ts) → a protocol tells what it means → the intake checks each reading and puts it
 * into the group that collects → the group goes to disk as one append (reading-buffer.ts) → its acks leave together.
 */
export async function startGateway({ config, journal, directory, log }: Options): Promise<Gateway> {
  const now = () => journal.clock.now()
  const buffer = new ReadingBuffer(journal, log)
  const identity = new Identity(directory, config.maxMessagesPerSecond)
  const quarantine = new Quarantine(buffer)
  const presence = new Presence(buffer)
  const intake = new Intake(directory, identity, buffer, quarantine, presence)
  const policy = new DevicePolicy({ identity, intake, quarantine, presence }, mqttProtocols, config.maxConnectionsPerEnterprise)
  const mqtt = await startMqtt({ maxConnections: 50_000, ...config }, () => policy, buffer, now, log)
  const counts = setInterval(() => quarantine.writeCounts(identity.known(), now()), COUNTS_MS)
  for (const { name, url } of mqtt.addresses) log.info('gateway listens', { name, url })

  return {
    addresses: mqtt.addresses,
    isConnected: (deviceId) => presence.since(deviceId) !== undefined,
    connectedSince: (deviceId) => presence.since(deviceId),
    telemetry: httpTelemetry(identity, policy, intake, buffer, now),
    handleUpgrade: (request, socket, head) => mqtt.handleUpgrade(request, socket, head),
    status(): PartStatus {
      const figures = {
        watchfire_gateway_messages_total: intake.messages,
        watchfire_gateway_readings_total: intake.readings,
        watchfire_gateway_quarantined_total: quarantine.count,
        watchfire_gateway_groups_total: buffer.groups,
        watchfire_gateway_refused_logins_total: policy.refusedLogins,
        watchfire_gateway_wrong_versions_total: policy.wrongVersions,
        watchfire_gateway_devices_connected: presence.size,
        watchfire_gateway_pending_bytes: buffer.pendingBytes,
        ...mqtt.figures(),
      }
      if (!buffer.full) return { name: 'gateway', state: 'ok', figures }
      return {
        name: 'gateway',
        state: 'degraded',
        ...worried(worry('gateway-waiting')),
        figures,
      }
    },
    async stop() {
      clearInterval(counts)
      await mqtt.stop()
      quarantine.writeCounts(identity.known(), now())
      await Promise.race([buffer.settled(), new Promise((resolve) => setTimeout(resolve, 500).unref())])
    },
  }
}
