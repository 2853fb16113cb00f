import { createHash } from 'node:crypto'
import { connectAsync, type MqttClient } from 'mqtt'
import type { InfluxServer } from '../suites/influx-server.ts'

/** Readings in one message. */
const PER_MESSAGE = 50

/** A device that sends numbered readings and writes down which of them were acknowledged. */
export class Sender {
  readonly device: string
  readonly acknowledged = new Map<number, number>()
  #token: string
  #client: MqttClient | null = null
  #next = 0
  #at: number

  constructor(device: string, token: string) {
    this.device = device
    this.#token = token
    this.#at = Date.now() - 3_600_000
  }

  async connect(port: number): Promise<void> {
    this.#client = await connectAsync(`mqtt://127.0.0.1:${port}`, { username: this.#token, reconnectPeriod: 0 })
  }

  disconnect(): Promise<void> {
    return this.#client?.endAsync(true) ?? Promise.resolve()
  }

  /** Sends `n` readings of new times, acknowledged or given up when this resolves. */
  async send(n: number): Promise<void> {
    const messages: Promise<unknown>[] = []
    for (let sent = 0; sent < n; sent += PER_MESSAGE) {
      const rows = Array.from({ length: Math.min(PER_MESSAGE, n - sent) }, () => ({ ts: this.#at++, value: this.#next++ % 1000 }))
      messages.push(
        this.publish(rows.map(({ ts, value }) => ({ ts, values: { flowLps: value } }))).then(() => {
          for (const { ts, value } of rows) this.acknowledged.set(ts, value)
        }),
      )
    }
    await Promise.allSettled(messages)
  }

  publish(payload: unknown): Promise<unknown> {
    return this.#client!.publishAsync('v1/devices/me/telemetry', JSON.stringify(payload), { qos: 1 })
  }
}

export type Account = { count: number; sum: number; checksum: string }

/** What the sender knows to be stored. */
export function accountOf({ acknowledged }: Sender): Account {
  let sum = 0
  for (const value of acknowledged.values()) sum += value
  return { count: acknowledged.size, sum, checksum: checksum([...acknowledged]) }
}

/** The same from the server: its own count and sum, and the checksum of what it gives back. */
export async function accountAt(server: InfluxServer, { device }: Sender): Promise<Account> {
  const where = `FROM "water" WHERE "device" = '${device}'`
  const totals = (await server.query(`SELECT count("flowLps"), sum("flowLps") ${where}`))[0]?.values[0] ?? [0, 0, 0]
  const rows = (await server.query(`SELECT "flowLps" ${where}`))[0]?.values ?? []
  return { count: Number(totals[1]), sum: Number(totals[2]), checksum: checksum(rows as [number, number][]) }
}

function checksum(rows: [at: number, value: number][]): string {
  const hash = createHash('sha256')
  for (const [at, value] of rows.sort(([a], [b]) => a - b)) hash.update(`${at} ${value}\n`)
  return hash.digest('hex').slice(0, 16)
}
