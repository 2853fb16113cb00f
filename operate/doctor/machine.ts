import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Settings } from '../../settings.ts'
import { finding, type Finding } from './finding.ts'

const NEEDED_NODE = 24
const DAY = 86_400_000
const EXPIRES_SOON_DAYS = 30
const NOTICED_CLOCK_MS = 2_000

export function examineNode(version = process.versions.node): Finding[] {
  return Number(version.split('.')[0]) < NEEDED_NODE ? [finding('node-old', { version })] : []
}

/** Our time never goes backwards, so it would stay ahead of a clock that stands before the last entry. */
export function examineClock(now: number, lastReceivedAt: number): Finding[] {
  const behindMs = lastReceivedAt - now
  return behindMs > NOTICED_CLOCK_MS ? [finding('clock-behind', { seconds: Math.ceil(behindMs / 1000) })] : []
}

export function examinePacks({ packsDir }: Settings): Finding[] {
  return packsDir !== null && !existsSync(packsDir) ? [finding('packs-missing', { dir: packsDir })] : []
}

/** Whether the platform could listen where it is told to. */
export async function examinePorts(settings: Settings): Promise<Finding[]> {
  const ports: [string, number | null][] = [
    ['WATCHFIRE_HTTP_PORT', settings.httpPort],
    ['WATCHFIRE_MQTT_PORT', settings.mqttPort],
    ['WATCHFIRE_MQTTS_PORT', settings.tlsCert === null ? null : settings.mqttsPort],
  ]
  const findings: Finding[] = []
  for (const [setting, port] of ports) {
    if (port === null || port === 0) continue
    const reason = await listenFails(settings.host, port)
    if (reason === 'EADDRINUSE') findings.push(finding('port-taken', { setting, port }))
    else if (reason) findings.push(finding('port-refused', { setting, host: settings.host, port, reason }))
  }
  return findings
}

function listenFails(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}

export function examineTls({ tlsCert: cert, tlsKey: key }: Settings, now: number): Finding[] {
  if (cert === null || key === null) return []
  try {
    const certificate = new X509Certificate(readFileSync(cert))
    if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(key)))) return [finding('tls-mismatch', { cert, key })]
    const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
    const day = (time: number) => new Date(time).toISOString().slice(0, 10)
    if (now < from || now >= to) return [finding('tls-expired', { cert, from: day(from), to: day(to) })]
    const days = Math.floor((to - now) / DAY)
    return days < EXPIRES_SOON_DAYS ? [finding('tls-expires-soon', { cert, days, to: day(to) })] : []
  } catch (error) {
    return [finding('tls-unreadable', { message: (error as Error).message })]
  }
}
