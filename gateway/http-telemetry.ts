import { Invalid } from '../core/errors.ts'
import type { DevicePolicy } from './device-policy.ts'
import type { Identity } from './identity.ts'
import type { Intake } from './intake.ts'
import { mqttProtocols } from './protocols/index.ts'
import type { Fault } from './protocols/protocol.ts'
import type { ReadingBuffer } from './reading-buffer.ts'
import { Sender } from './sender.ts'

export type TelemetryAnswer = { stored: number; quarantined: Fault[] }
export type Telemetry = (token: string, body: Uint8Array, remoteAddress: string) => Promise<TelemetryAnswer>

const topic = 'v1/devices/me/telemetry'

/**
 * One message by HTTP: the answer comes when it is on disk. Raises `Invalid('bad-credential')` for a token nobody has,
 * `Invalid('rate-limited')` over the device's rate (there is no socket to pause).
 */
export function httpTelemetry(
  identity: Identity,
  policy: DevicePolicy,
  intake: Intake,
  buffer: ReadingBuffer,
  now: () => number,
): Telemetry {
  const session = mqttProtocols.map((protocol) => protocol.open()).find((one) => one.understands(topic, false))!
  return async (token, body, remoteAddress) => {
    const plain = remoteAddress.replace(/^::ffff:/, '')
    const receivedAt = now()
    const sender = identity.byToken(token, plain === '::1' || plain.startsWith('127.'))
    if (!(sender instanceof Sender)) {
      policy.refused(sender, { address: plain, over: 'http' }, receivedAt)
      throw new Invalid('bad-credential', 'no device in service has this token')
    }
    sender.refill(receivedAt)
    if (!sender.spend()) throw new Invalid('rate-limited', 'the device sends more than its rate allows')
    while (buffer.full) await new Promise<void>((resolve) => buffer.whenRoom(resolve))
    const source = `http device ${sender.device.id}`
    intake.take(session, { sender, way: null, source, topic, bytes: body, start: 0, end: body.length, receivedAt })
    const answer = { stored: intake.stored, quarantined: intake.faults }
    await new Promise<void>((resolve) => buffer.whenDurable({ sealed() {}, durable: resolve }))
    return answer
  }
}
