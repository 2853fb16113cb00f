import mqtt, { type MqttClient } from 'mqtt'
import { PlatformError } from '../core/errors.ts'

/** The platform would not let us in; trying again only repeats the refusal. */
export class LoginRefused extends PlatformError {
  override readonly code = 'login-refused'
}

/** Nobody answered at the address, or the connection was lost. */
export class NotConnected extends PlatformError {
  override readonly code = 'not-connected'
}

/** The message was sent, but no acknowledgement came: whether it is stored is not known. */
export class NotAcknowledged extends PlatformError {
  override readonly code = 'not-acknowledged'
}

export type LinkOptions = {
  url: string
  token: string
  /** log in as this device, with the token as password; without it the token is the user name */
  device?: string
  clientId?: string
  /** give up connecting after this long */
  timeoutMs?: number
  /** connect again when the connection is lost; messages that were not acknowledged are sent again */
  reconnect?: boolean
  /** the connection is there again */
  reconnected?: () => void
}

/** Return codes of CONNACK (MQTT 3.1.1 §3.2.2.3). */
const refusals: Record<number, string> = {
  1: 'the protocol version is not spoken there',
  2: 'the client id is not acceptable',
  3: 'the broker is not available',
  4: 'user name or password is malformed',
  5: 'not authorised: the token is wrong, retired, or not allowed from this address',
}

/** One MQTT connection of a device: QoS 1, and nothing counts before its PUBACK. */
export class Link {
  #client: MqttClient
  #lost: Error | null = null
  /** how to give up on each message that waits for its acknowledgement */
  #waiting = new Set<(error: Error) => void>()

  private constructor(client: MqttClient) {
    this.#client = client
    client.on('error', (error) => (this.#lost = error))
    client.on('close', () => {
      if (client.options.reconnectPeriod === 0) this.#giveUp()
    })
  }

  /** Resolves when the platform has accepted the login. Raises `LoginRefused` or `NotConnected`. */
  static open({ url, token, device, clientId, timeoutMs = 5_000, reconnect = false, reconnected }: LinkOptions): Promise<Link> {
    const { promise, resolve, reject } = Promise.withResolvers<Link>()
    const client = mqtt.connect(url, {
      protocolVersion: 4,
      username: device ?? token,
      ...(device === undefined ? {} : { password: token }),
      ...(clientId === undefined ? {} : { clientId }),
      clean: true,
      keepalive: 30,
      connectTimeout: timeoutMs,
      reconnectPeriod: 0,
      resubscribe: false,
    })
    let cause: Error & { code?: number | string } = new Error('the connection was closed before the login was answered')
    const failed = () => {
      clearTimeout(timer)
      client.end(true)
      if (typeof cause.code === 'number') {
        reject(new LoginRefused(`login refused by ${url}: ${refusals[cause.code] ?? cause.message}`, { returnCode: cause.code }))
      } else reject(new NotConnected(`no connection to ${url}: ${inWords(cause)}`, { cause: cause.code ?? cause.message }))
    }
    const timer = setTimeout(() => {
      cause = new Error(`no answer within ${timeoutMs / 1_000} s`)
      failed()
    }, timeoutMs)
    client.on('error', (error) => (cause = error))
    client.once('close', failed)
    client.once('connect', () => {
      clearTimeout(timer)
      client.removeListener('close', failed)
      client.options.reconnectPeriod = reconnect ? 500 : 0
      if (reconnected) client.on('connect', reconnected)
      resolve(new Link(client))
    })
    return promise
  }

  get connected(): boolean {
    return this.#client.connected
  }

  /** Resolves with the PUBACK. Raises `NotConnected` when the connection is lost for good, `NotAcknowledged` after `timeoutMs`. */
  publish(topic: string, payload: string | Buffer, timeoutMs?: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const late = () =>
      reject(new NotAcknowledged(`no acknowledgement within ${timeoutMs! / 1_000} s: whether it is stored is not known`))
    const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs)
    this.#waiting.add(reject)
    this.#client.publish(topic, payload, { qos: 1 }, (error) => {
      clearTimeout(timer)
      this.#waiting.delete(reject)
      if (error) reject(new NotConnected(`the message was not acknowledged: ${inWords(error)}`))
      else resolve()
    })
    return promise
  }

  /** Says goodbye once everything is acknowledged; after `timeoutMs` without that it just goes. */
  async close(timeoutMs = 2_000): Promise<void> {
    const late = setTimeout(() => this.cut(), timeoutMs)
    await this.#client.endAsync()
    clearTimeout(late)
  }

  /** The cable is pulled: no goodbye, and what was not acknowledged stays so. */
  cut(): void {
    this.#client.options.reconnectPeriod = 0
    this.#client.stream.destroy()
    this.#client.end(true)
    this.#giveUp()
  }

  #giveUp(): void {
    const error = new NotConnected(
      `the connection was lost before the acknowledgement${this.#lost ? `: ${inWords(this.#lost)}` : ''}`,
    )
    for (const reject of this.#waiting) reject(error)
    this.#waiting.clear()
  }
}

/** What the operating system means. */
export function inWords(error: Error & { code?: number | string; errors?: Error[] }): string {
  const code = error.code ?? (error.errors?.[0] as { code?: string } | undefined)?.code
  if (code === 'ECONNREFUSED') return 'nothing listens there (is the platform running?)'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host name is not known'
  if (code === 'ECONNRESET') return 'the other side closed the connection'
  if (code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'the host does not answer'
  return error.message || String(code)
}
