import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { Place } from '../../../core/waiting-room.ts'
import type { Waiter } from '../../reading-buffer.ts'
import { OwedAcks } from './owed-acks.ts'
import { BrokerSide, type Wire } from './broker-side.ts'
import { connack, connackVersion5, readConnect, writeConnect } from './connect-packet.ts'
import { PacketStream } from './packet-stream.ts'
import type { Host } from './host.ts'
import { refusalCodes, type Link, type Peer } from './policy.ts'
import type { Session } from './sessions.ts'
import { readSubscribe, readUnsubscribe, writeSubscribe, writeUnsubscribe } from './subscribe-packet.ts'
import { hasControlCharacter, isClientIdAllowed, LastTopic } from './text.ts'

const CONNECT = 0x10
const PUBLISH = 3
const PUBACK = 0x40
const PUBREC = 0x50
const PUBREL = 0x62
const PUBCOMP = 0x70
const SUBSCRIBE = 0x82
const UNSUBSCRIBE = 0xa2
const PINGREQ = 0xc0
const DISCONNECT = 0xe0
const pingResponse = Buffer.from([0xd0, 0])

/** Why nothing is read from a socket at the moment; bits, because several may hold at once. */
const pauses = { login: 1, full: 2, rate: 4, broker: 8, unread: 16 } as const
/** A filter the broker refuses and nobody can publish to: it keeps a refused filter's place in the SUBACK. */
export const REFUSED = '$refused/'

/**
 * One client. Takes packets apart as they come off the socket: PUBLISH and PUBREL are dealt with here, because they are the
 * hot path and their acks have to wait for the disk; everything else is checked and left to the broker.
 */
export class Connection implements Wire, Waiter {
  readonly peer: Peer
  readonly openedAt = performance.now()
  lastByteAt = this.openedAt
  link: Link | null = null
  #socket: Duplex
  #host: Host
  #place: Place
  #side: BrokerSide | null = null
  #session: Session | null = null
  #keepAliveMs = 0
  #maxBytes: number
  #paused = 0
  #closed = false
  #left = false
  #lastCall: NodeJS.Timeout | undefined
  #reason = 'connection lost'
  #stream = new PacketStream()
  #receivedAt = 0
  #acks = new OwedAcks()
  #topics = new LastTopic()
  #filters = 0
  #unreadSince = 0
  #brokerSent: (() => void) | null = null

  constructor(socket: Duplex, peer: Peer, host: Host, place: Place) {
    this.#socket = socket
    this.#host = host
    this.#place = place
    this.peer = peer
    this.#maxBytes = host.limits.maxLoginBytes
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('drain', () => this.#drained())
    socket.on('error', (error: NodeJS.ErrnoException) => (this.#reason = `connection lost: ${error.code ?? error.message}`))
    socket.on('close', () => this.#gone())
  }

  // --- from the socket

  #receive(chunk: Buffer): void {
    if (this.#closed) return
    this.lastByteAt = performance.now()
    this.#stream.add(chunk)
    this.#work()
    if (this.link === null) this.#place.hold(this.#stream.heldBytes)
  }

  #work(): void {
    if (this.#paused !== 0) return
    const receivedAt = this.#host.now()
    if (this.link && !this.link.refresh(receivedAt)) return this.close('credential retired or renewed')
    this.#receivedAt = receivedAt
    const fault = this.#stream.cut(this.#maxBytes, this.#packet)
    if (fault === null) return
    this.link?.tooLarge(fault, receivedAt)
    this.#protocolError(fault)
  }

  /** False when the packet was not taken: it stays until the pause is over. */
  #packet = (bytes: Buffer, at: number, body: number, end: number): boolean => {
    // Paused or closed by the packet before.
    if (this.#paused !== 0 || this.#closed) return false
    const first = bytes[at]!
    if (this.link === null) {
      if (first !== CONNECT) this.#protocolError('the first packet is not a CONNECT')
      else this.#connect(bytes, body, end, this.#receivedAt)
      return true
    }
    if (first >> 4 === PUBLISH) return this.#publish(first, bytes, body, end)
    switch (first) {
      case PUBREL:
        this.#release(bytes, body, end)
        return true
      case PINGREQ:
        if (end === body) this.#write(pingResponse)
        else this.#protocolError('PINGREQ with a body')
        return true
      case SUBSCRIBE:
        this.#subscribe(bytes, body, end)
        return true
      case UNSUBSCRIBE:
        this.#unsubscribe(bytes, body, end)
        return true
      case PUBACK:
      case PUBREC:
      case PUBCOMP:
        if (end - body !== 2 || bytes.readUInt16BE(body) === 0) this.#protocolError('malformed acknowledgement')
        else this.#toBroker(bytes.subarray(at, end))
        return true
      case DISCONNECT:
        if (end !== body) return (this.#protocolError('DISCONNECT with a body'), true)
        this.#reason = 'disconnected'
        this.#toBroker(bytes.subarray(at, end))
        // Nothing after a DISCONNECT counts; the broker closes the connection.
        this.#paused |= pauses.login
        return true
      default:
        this.#protocolError(first === CONNECT ? 'second CONNECT' : 'a packet clients do not send')
        return true
    }
  }

  #publish(first: number, bytes: Buffer, body: number, end: number): boolean {
    const qos = (first >> 1) & 3
    let at = body + 2
    const topicEnd = at + ((bytes[body]! << 8) | bytes[body + 1]!)
    if (qos === 3 || (qos === 0 && (first & 8) !== 0) || end - body < 2 || topicEnd + (qos > 0 ? 2 : 0) > end) {
      return (this.#protocolError('malformed PUBLISH'), true)
    }
    const host = this.#host
    if (host.buffer.full) {
      if (qos === 0) return (host.figures.droppedQos0++, true)
      this.#pause(pauses.full)
      host.buffer.whenRoom(() => this.#resume(pauses.full))
      return false
    }
    const topic = this.#topics.read(bytes, at, topicEnd)
    if (topic === null) return (this.#protocolError('a topic nothing can be published to'), true)
    at = topicEnd
    let packetId = 0
    if (qos > 0) {
      packetId = (bytes[at]! << 8) | bytes[at + 1]!
      if (packetId === 0) return (this.#protocolError('packet id 0'), true)
      at += 2
    }
    const link = this.link!
    if (!link.mayPublish()) {
      this.#pause(pauses.rate)
      setTimeout(() => this.#resume(pauses.rate), link.waitMs)
      return false
    }
    if (qos === 2 && !this.#isNew(packetId)) return true
    link.publish({ topic, qos, retain: (first & 1) !== 0, bytes, start: at, end, receivedAt: this.#receivedAt })
    if (qos > 0) this.#owe(qos === 1 ? PUBACK : PUBREC, packetId)
    return true
  }

  /** A QoS 2 packet id waiting for its PUBREL is the same message again: acknowledged, not taken twice (semantics 11). */
  #isNew(packetId: number): boolean {
    const { awaitingRelease } = this.#session!
    if (awaitingRelease.has(packetId)) {
      this.#host.figures.resentQos2++
      this.#owe(PUBREC, packetId)
      return false
    }
    if (awaitingRelease.size >= this.#host.limits.maxAwaitingRelease) {
      this.#protocolError('too many QoS 2 messages without PUBREL')
      return false
    }
    awaitingRelease.add(packetId)
    return true
  }

  #release(bytes: Buffer, body: number, end: number): void {
    const packetId = end - body === 2 ? bytes.readUInt16BE(body) : 0
    if (packetId === 0) return this.#protocolError('malformed PUBREL')
    this.#session!.awaitingRelease.delete(packetId)
    this.#write(Buffer.from([PUBCOMP, 2, packetId >> 8, packetId & 0xff]))
  }

  #connect(bytes: Buffer, body: number, end: number, now: number): void {
    const { policy, limits, figures } = this.#host
    const outcome = readConnect(bytes, body, end)
    if (outcome.kind === 'malformed') return this.#protocolError(`CONNECT: ${outcome.why}`)
    if (outcome.kind === 'version') {
      policy.wrongVersion(outcome.level, outcome.username, this.peer, now)
      return this.#refuse(outcome.level === 5 ? connackVersion5 : connack(refusalCodes.protocol))
    }
    const { request } = outcome
    if (!isClientIdAllowed(request.level, request.clean, request.clientId)) return this.#refuse(connack(refusalCodes.clientId))
    if (request.username !== null && hasControlCharacter(request.username)) return this.#refuse(connack(refusalCodes.credentials))
    const link = policy.admit(request, this.peer, now)
    if (typeof link === 'number') {
      figures.refused++
      return this.#refuse(connack(link))
    }
    this.link = link
    this.#place.leave()
    this.#maxBytes = limits.maxPacketBytes
    this.#keepAliveMs = request.keepAliveS * 1500
    const name = `${link.credential}/${request.clientId === '' ? `~${randomUUID()}` : request.clientId}`
    this.#session = this.#host.sessions.open(link.credential, name, request.clean)
    // Nothing may be answered before the CONNACK, so nothing is read before it.
    this.#pause(pauses.login)
    this.#side = new BrokerSide(this)
    this.#host.attach(this.#side)
    this.#side.push(writeConnect(request, name))
  }

  #subscribe(bytes: Buffer, body: number, end: number): void {
    const asked = readSubscribe(bytes, body, end)
    if (asked === null) return this.#protocolError('malformed SUBSCRIBE')
    const filters = asked.filters.map(({ filter, qos }, i) => {
      const allowed =
        this.#filters < this.#host.limits.maxSubscriptions && !hasControlCharacter(filter) ? this.link!.filter(filter) : null
      if (allowed !== null) this.#filters++
      return { filter: allowed ?? `${REFUSED}${i}`, qos }
    })
    this.#toBroker(writeSubscribe({ packetId: asked.packetId, filters }))
  }

  #unsubscribe(bytes: Buffer, body: number, end: number): void {
    const asked = readUnsubscribe(bytes, body, end)
    if (asked === null) return this.#protocolError('malformed UNSUBSCRIBE')
    this.#filters = Math.max(0, this.#filters - asked.filters.length)
    const filters = asked.filters.map((filter, i) => this.link!.filter(filter) ?? `${REFUSED}${i}`)
    this.#toBroker(writeUnsubscribe({ packetId: asked.packetId, filters }))
  }

  // --- acks

  #owe(type: number, packetId: number): void {
    if (this.#acks.owe(type, packetId)) this.#host.buffer.whenDurable(this)
  }

  sealed(): void {
    this.#acks.seal()
  }

  durable(): void {
    const bytes = this.#acks.take()
    if (!this.#closed) this.#write(bytes)
  }

  #write(bytes: Buffer): void {
    if (this.#socket.write(bytes) || this.#closed) return
    if (this.#unreadSince === 0) this.#unreadSince = performance.now()
    this.#pause(pauses.unread)
  }

  #drained(): void {
    this.#unreadSince = 0
    const sent = this.#brokerSent
    this.#brokerSent = null
    sent?.()
    this.#resume(pauses.unread)
  }

  // --- the broker's side

  #toBroker(packet: Buffer): void {
    if (!this.#side!.push(packet)) this.#pause(pauses.broker)
  }

  brokerReads(): void {
    this.#resume(pauses.broker)
  }

  send(bytes: Uint8Array, sent: () => void): void {
    if (this.#closed || this.#socket.write(bytes)) return sent()
    this.#brokerSent = sent
  }

  now(): number {
    return this.#host.now()
  }

  /** The CONNACK has been written. */
  ready(): void {
    this.#resume(pauses.login)
  }

  brokerClosed(): void {
    this.#end()
  }

  // --- flow

  #pause(why: number): void {
    if (this.#paused === 0) {
      this.#host.figures.paused++
      this.#socket.pause()
    }
    this.#paused |= why
  }

  #resume(why: number): void {
    if ((this.#paused & why) === 0) return
    this.#paused &= ~why
    if (this.#paused !== 0 || this.#closed) return
    this.#work()
    if (this.#paused === 0) this.#socket.resume()
  }

  /** Stops taking anything in; what was taken is still acknowledged. */
  quiesce(): void {
    this.#pause(pauses.login)
  }

  /** Looked at twice a second. `now` is monotonic: a step of the clock must not drop every client. */
  check(now: number, receivedAt: number): void {
    const { loginTimeoutMs, stuckTimeoutMs } = this.#host.limits
    if (this.link === null) {
      if (now - this.openedAt > loginTimeoutMs) this.close('no CONNECT in time')
      return
    }
    if (!this.link.refresh(receivedAt)) return this.close('credential retired or renewed')
    if (this.#unreadSince !== 0) {
      if (now - this.#unreadSince > stuckTimeoutMs) this.close('reads nothing of what it is sent')
      return
    }
    // Whoever waits for us is not silent: our own slowness never costs anybody the connection (semantics 5).
    if (this.#paused !== 0 || this.#acks.any) this.lastByteAt = now
    const silentMs = now - this.lastByteAt
    if (this.#keepAliveMs > 0 && silentMs > this.#keepAliveMs) this.close('keep-alive expired')
    else if (this.#stream.hasRest && silentMs > stuckTimeoutMs) this.close('half a packet, then silence')
  }

  // --- the end

  #refuse(answer: Buffer): void {
    this.#socket.write(answer)
    this.#reason = 'refused'
    this.#end()
  }

  #protocolError(what: string): void {
    if (this.#closed) return
    this.#host.figures.protocolErrors++
    this.close(`protocol error: ${what}`)
    // Whoever speaks something else gets no two seconds to read what it was sent.
    if (this.link === null) this.#socket.destroy()
  }

  close(reason: string): void {
    if (this.#closed) return
    this.#reason = reason
    this.#end()
  }

  /** Lets what was written out, then closes; a peer that does not read gets two seconds. */
  #end(): void {
    if (this.#closed) return
    this.#closed = true
    this.#stream.clear()
    this.#side?.destroy()
    this.#leave()
    this.#socket.resume()
    this.#socket.end()
    this.#lastCall = setTimeout(() => this.#socket.destroy(), 2_000).unref()
  }

  #gone(): void {
    clearTimeout(this.#lastCall)
    this.#closed = true
    this.#stream.clear()
    this.#side?.destroy()
    const sent = this.#brokerSent
    this.#brokerSent = null
    sent?.()
    this.#leave()
    this.#place.leave()
    this.#host.gone(this)
  }

  #leave(): void {
    if (this.#left || this.link === null) return
    this.#left = true
    if (this.#session) this.#host.sessions.close(this.link.credential, this.#session)
    this.link.closed(this.#reason, this.#host.now())
  }
}
