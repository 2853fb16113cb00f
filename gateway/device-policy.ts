import { Buffer } from 'node:buffer'
import type { Fault, Protocol, Session } from './protocols/protocol.ts'
import type { Identity, Refusal } from './identity.ts'
import type { Intake, Way } from './intake.ts'
import type { Presence } from './presence.ts'
import type { Quarantine } from './quarantine.ts'
import { Sender } from './sender.ts'
import type { ConnectRequest } from './transports/mqtt/connect-packet.ts'
import { refusalCodes, type Link, type Peer, type Policy, type Published, type RefusalCode } from './transports/mqtt/policy.ts'

const NOTE_EVERY_MS = 10_000
const refusalMessages: Record<Refusal['why'], string> = {
  'no-name': 'no user name; expected the access token of a device as user name',
  unknown: 'the token is not (or no longer) the one of this device',
  retired: 'the device is retired',
  'demo-from-outside': 'a demo token is known to everybody and so refused from other machines',
}

/** What all links of devices share. */
type Shared = {
  identity: Identity
  intake: Intake
  quarantine: Quarantine
  presence: Presence
  sessions: { protocol: Protocol; session: Session }[]
  enterprises: Map<string, number>
}

/** Devices log in with their token, reach their own topics, and are told why when something of theirs could not be used. */
export class DevicePolicy implements Policy {
  refusedLogins = 0
  wrongVersions = 0
  #shared: Shared
  #maxPerEnterprise: number

  constructor(parts: Omit<Shared, 'enterprises' | 'sessions'>, protocols: Protocol[], maxPerEnterprise: number) {
    const sessions = protocols.map((protocol) => ({ protocol, session: protocol.open() }))
    this.#shared = { ...parts, sessions, enterprises: new Map() }
    this.#maxPerEnterprise = maxPerEnterprise
  }

  admit({ username, password }: ConnectRequest, peer: Peer, now: number): Link | RefusalCode {
    const { identity, enterprises } = this.#shared
    const sender = identity.login({
      username,
      password: password && Buffer.from(password).toString('utf8'),
      fromLoopback: peer.isLoopback,
    })
    if (!(sender instanceof Sender)) {
      this.refused(sender, peer, now)
      return sender.why === 'unknown' ? refusalCodes.credentials : refusalCodes.notAuthorized
    }
    const { enterpriseId } = sender.device
    const count = enterprises.get(enterpriseId) ?? 0
    if (count >= this.#maxPerEnterprise) {
      this.refusedLogins++
      this.#note(sender, 'bad-credential', `the enterprise already holds ${this.#maxPerEnterprise} connections`, peer, now)
      return refusalCodes.unavailable
    }
    enterprises.set(enterpriseId, count + 1)
    return new DeviceLink(sender, this.#shared, peer, now)
  }

  wrongVersion(version: number, username: string | null, peer: Peer, now: number): void {
    this.wrongVersions++
    if (username === null) return
    const sender = this.#shared.identity.login({ username, password: null, fromLoopback: peer.isLoopback })
    const owner = sender instanceof Sender ? sender : sender.device && this.#shared.identity.sender(sender.device)
    const message = `the device speaks MQTT version ${version === 5 ? '5' : `level ${version}`}; expected 3.1 or 3.1.1`
    if (owner) this.#note(owner, 'protocol-version', message, peer, now)
  }

  /** Counted, and shown to the owner of the credential where it can be told whose it was meant to be. */
  refused({ why, device }: Refusal, peer: Pick<Peer, 'address' | 'over'>, now: number): void {
    this.refusedLogins++
    if (device) this.#note(this.#shared.identity.sender(device), 'bad-credential', refusalMessages[why], peer, now)
  }

  /** Anybody may try a device's name, so that costs one entry in ten seconds and a count. */
  #note(
    sender: Sender,
    code: Fault['code'],
    message: string,
    { address, over }: Pick<Peer, 'address' | 'over'>,
    now: number,
  ): void {
    sender.refusedLogins++
    if (now - sender.lastRefusedLoginAt < NOTE_EVERY_MS) return
    const times = sender.refusedLogins > 1 ? ` (${sender.refusedLogins} times since the start)` : ''
    const fault = { code, message: message + times, position: null, key: null }
    if (this.#shared.quarantine.note(sender.device, fault, `${over} from ${address}`, now)) sender.lastRefusedLoginAt = now
  }
}

class DeviceLink implements Link, Way {
  readonly credential: string
  readonly behind = new Set<string>()
  #sender: Sender
  #tokenHash: string
  #shared: Shared
  #source: string
  /** the session that understands the topic of the last message */
  #topic = ''
  #session: Session | null = null

  constructor(sender: Sender, shared: Shared, peer: Peer, now: number) {
    this.#sender = sender
    this.#tokenHash = sender.device.tokenHash
    this.#shared = shared
    this.#source = `${peer.over} device ${sender.device.id}`
    this.credential = sender.device.id
    shared.presence.arrived(sender.device.id, this, now, peer.over)
  }

  refresh(now: number): boolean {
    this.#sender.refill(now)
    return this.#shared.identity.isCurrent(this.#sender, this.#tokenHash)
  }

  mayPublish(): boolean {
    return this.#sender.spend()
  }

  get waitMs(): number {
    return this.#sender.waitMs
  }

  publish({ topic, bytes, start, end, receivedAt }: Published): void {
    if (topic !== this.#topic) {
      this.#topic = topic
      this.#session =
        this.#shared.sessions.find(({ session }) => session.understands(topic, this.#sender.isGateway))?.session ?? null
    }
    const message = { sender: this.#sender, way: this, source: this.#source, topic, bytes, start, end, receivedAt }
    if (this.#session) return this.#shared.intake.take(this.#session, message)
    const fault: Fault = {
      code: 'topic-not-allowed',
      message: 'a device publishes to its own topics only',
      position: null,
      key: null,
    }
    this.#shared.quarantine.put(this.#sender, fault, { ...message, topic: topic.slice(0, 256) }, 0)
  }

  /** A box that sends its whole backlog in one packet comes back and tries again for ever: its owner has to see why. */
  tooLarge(what: string, at: number): void {
    const sender = this.#sender
    sender.tooLargePackets++
    if (at - sender.lastTooLargeAt < NOTE_EVERY_MS) return
    const times = sender.tooLargePackets > 1 ? ` (${sender.tooLargePackets} times since the start)` : ''
    const message = `${what}; it was not read and the connection was closed: send less at once${times}`
    const fault: Fault = { code: 'too-large', message, position: null, key: null }
    if (this.#shared.quarantine.note(sender.device, fault, this.#source, at)) sender.lastTooLargeAt = at
  }

  /** "me" is somebody else on every connection, so the broker gets the topic under the device's id. */
  filter(asked: string): string | null {
    const allowed = this.#shared.sessions.some(({ protocol }) =>
      protocol.commandTopics.some(
        ({ topic, needsDevicesBehind }) => isWithin(asked, topic) && (!needsDevicesBehind || this.#sender.isGateway),
      ),
    )
    return allowed ? `${this.credential}/${asked}` : null
  }

  topic(internal: string): string {
    const own = `${this.credential}/`
    return internal.startsWith(own) ? internal.slice(own.length) : internal
  }

  closed(reason: string, at: number): void {
    const { presence, enterprises } = this.#shared
    const { id, enterpriseId } = this.#sender.device
    for (const device of this.behind) presence.left(device, this, at, `behind ${id}: ${reason}`, id)
    presence.left(id, this, at, `mqtt: ${reason}`)
    enterprises.set(enterpriseId, (enterprises.get(enterpriseId) ?? 1) - 1)
  }
}

/** A filter that asks for no more than `topic` allows: the same, or one level named where `topic` has its `+`. */
function isWithin(asked: string, topic: string): boolean {
  if (asked === topic) return true
  if (!topic.endsWith('+')) return false
  const level = asked.startsWith(topic.slice(0, -1)) ? asked.slice(topic.length - 1) : ''
  return level !== '' && !/[+#/]/.test(level)
}
