import { Publisher } from '../bench/publisher.ts'
import { publishPacket } from '../bench/raw-mqtt-client.ts'
import { Dice } from './dice.ts'

export const METRIC = 'tiltDeg'
const TICK_MS = 10
const WINDOW = 50

/**
 * One device that measures, publishes at QoS 1 with its own times and never forgets what was acknowledged to it. Its value
 * wanders between calm, above H, above HH and the deadband below H.
 */
export class ChaosDevice {
  readonly id: string
  readonly token: string
  /** what was measured: time → value, in the order it was sent */
  readonly sent = new Map<number, number>()
  readonly acked = new Set<number>()
  /** sends again, after a reconnect, what was not acknowledged, as a device with a buffer does */
  readonly resends: boolean
  #dice: Dice
  #client: Publisher | null = null
  #unacked: number[][] = []
  #packetId = 0
  #lastAt = 0
  #phase = { left: 0, low: 0, high: 20 }

  constructor(id: string, token: string, seed: number) {
    this.id = id
    this.token = token
    this.#dice = new Dice(seed)
    this.resends = seed % 2 === 0
  }

  async connect(port: number): Promise<void> {
    this.#client = await Publisher.connect(port, `chaos-${this.id}`, this.token)
    this.#client.onAcks = (count) => {
      for (const times of this.#unacked.splice(0, count)) for (const at of times) this.acked.add(at)
    }
    const again = this.resends ? this.#unacked : []
    this.#unacked = []
    for (const times of again) this.#publish(times)
  }

  cut(): void {
    this.#client?.close()
    this.#client = null
  }

  /** time of the newest reading */
  get newest(): number {
    return this.#lastAt
  }

  get connected(): boolean {
    return this.#client !== null && !this.#client.socket.destroyed && this.#client.socket.readyState === 'open'
  }

  get waiting(): number {
    return this.#unacked.length
  }

  /** One message now: mostly one reading, sometimes a few measured within the same moments. */
  measure(): void {
    if (!this.#client || this.#unacked.length >= WINDOW) return
    const times = Array.from({ length: this.#dice.hits(0.1) ? 3 : 1 }, () => this.#newReading(this.#wander()))
    this.#publish(times)
  }

  /** Ends below every limit, so that the alarms that are open have all returned. */
  calm(): void {
    this.#publish([this.#newReading(5)])
  }

  #newReading(value: number): number {
    // Measured a second ago: an event later than its receipt would be judged at its receipt.
    this.#lastAt = Math.max(this.#lastAt + 1, Date.now() - 1_000)
    this.sent.set(this.#lastAt, value)
    return this.#lastAt
  }

  #publish(times: number[]): void {
    const readings = times.map((ts) => ({ ts, values: { [METRIC]: this.sent.get(ts) } }))
    this.#packetId = (this.#packetId % 65_535) + 1
    this.#unacked.push(times)
    const payload = JSON.stringify(readings.length === 1 ? readings[0] : readings)
    this.#client!.socket.write(publishPacket('v1/devices/me/telemetry', payload, { id: this.#packetId }))
  }

  #wander(): number {
    if (this.#phase.left-- <= 0) {
      const [low, high] = (
        [
          [0, 20],
          [0, 20],
          [23, 25],
          [25, 49],
          [50, 90],
        ] as const
      )[Math.floor(this.#dice.between(0, 5))]!
      this.#phase = { left: Math.floor(this.#dice.between(5, 120)), low, high }
    }
    return Math.round(this.#dice.between(this.#phase.low, this.#phase.high) * 100) / 100
  }
}

/** All devices together. */
export class Fleet {
  readonly devices: ChaosDevice[]
  #timer: NodeJS.Timeout | undefined

  constructor(devices: ChaosDevice[]) {
    this.devices = devices
  }

  async connect(port: number): Promise<void> {
    await Promise.all(this.devices.map((device) => device.connect(port)))
  }

  start(): void {
    this.#timer = setInterval(() => {
      for (const device of this.devices) device.measure()
    }, TICK_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  cut(): void {
    this.stop()
    for (const device of this.devices) device.cut()
  }

  /** Everything sent has been acknowledged. Raises after 20 s: acknowledging has stopped. */
  async drained(): Promise<void> {
    const deadline = performance.now() + 20_000
    while (this.devices.some((device) => device.waiting > 0)) {
      if (performance.now() > deadline) throw new Error('acknowledgements have stopped for 20 s')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  ackedCount(): number {
    return this.devices.reduce((sum, device) => sum + device.acked.size, 0)
  }
}
