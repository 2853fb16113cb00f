import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WaitingRoom, type Place } from '../core/waiting-room.ts'

const ROOM_BYTES = 64 << 20
/** Who has had this long without a request makes room for the next. */
const GRACE_MS = 250
/** What a connection takes before it has sent anything (measured, rounded up). */
const COST = { http: 16 << 10, https: 80 << 10 }
/** A login over a WebSocket is one short message. */
const HANDSHAKE_BYTES = 16 << 10

/** Ends of headers in one piece of a stranger's bytes. Node makes a request, and on the way out an error, of each at once. */
const REQUESTS_A_PIECE = 32
/** Browsers and devices ask one thing at a time on a connection; each of these may hold an answer nobody reads. */
const UNANSWERED = 8

type Peer = Pick<Socket, 'remoteAddress' | 'remotePort'>
type Stay = { place: Place; socket: Socket }

/**
 * Connections on the web port that nobody known has used yet. From a TLS handshake's first byte on they share a room of
 * fixed size; a request makes a connection the newest in it, a login takes it out.
 */
export class Strangers {
  #room: WaitingRoom
  /** by the far end's address and port: under TLS the request's socket is not the one that was accepted */
  #stays = new Map<string, Stay>()
  #takers = new WeakMap<Socket, (piece: Buffer) => void>()

  constructor(http: HttpServer, secure: boolean, roomBytes = ROOM_BYTES) {
    this.#room = new WaitingRoom(roomBytes, GRACE_MS, () => performance.now())
    const cost = secure ? COST.https : COST.http
    http.prependListener('connection', (socket: Socket) => this.#enter(socket, cost))
    http.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => this.#look(socket))
    http.prependListener('upgrade', ({ socket }) => {
      const take = this.#takers.get(socket)
      if (take) socket.off('data', take)
    })
    http.prependListener('request', ({ socket }) => this.#stays.get(endOf(socket))?.place.renew())
  }

  /** Called once all others listen: nobody gets to see a request more than a connection may have unanswered. */
  limitUnanswered(http: HttpServer): void {
    const unanswered = new WeakMap<Socket, number>()
    const listeners = http.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[]
    http.removeAllListeners('request')
    http.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request
      const count = (unanswered.get(socket) ?? 0) + 1
      if (count > UNANSWERED || socket.destroyed) return void socket.destroy()
      unanswered.set(socket, count)
      response.once('close', () => unanswered.set(socket, unanswered.get(socket)! - 1))
      for (const listener of listeners) listener.call(http, request, response)
    })
  }

  /** It belongs to somebody we know now, or to another part. */
  leave(peer: Peer): void {
    const end = endOf(peer)
    this.#stays.get(end)?.place.leave()
    this.#stays.delete(end)
  }

  has(peer: Peer): boolean {
    return this.#stays.has(endOf(peer))
  }

  /** A WebSocket's reader holds what comes until a message is whole, so before a login all of it counts. */
  watch(peer: Peer, socket: Duplex): void {
    const stay = this.#stays.get(endOf(peer))
    if (!stay) return
    let bytes = 0
    const count = (chunk: Buffer) => {
      if (this.#stays.get(endOf(peer)) !== stay) return void socket.off('data', count)
      bytes += chunk.length
      if (bytes > HANDSHAKE_BYTES) stay.socket.destroy()
      else stay.place.hold(bytes)
    }
    socket.on('data', count)
  }

  figures(): Record<string, number> {
    return {
      watchfire_http_strangers: this.#room.count,
      watchfire_http_stranger_bytes: this.#room.bytes,
      watchfire_http_turned_away_total: this.#room.turnedAway,
    }
  }

  /** Puts itself between the socket and Node's parser, which cannot be stopped within a piece. */
  #look(socket: Socket): void {
    const parse = socket.listeners('data')[0] as ((piece: Buffer) => void) | undefined
    if (!parse) return
    const take = (piece: Buffer) => {
      if (this.has(socket) && endsOfHeaders(piece) > REQUESTS_A_PIECE) socket.destroy()
      else parse(piece)
    }
    socket.removeListener('data', parse as (...args: unknown[]) => void)
    socket.on('data', take)
    this.#takers.set(socket, take)
  }

  #enter(socket: Socket, cost: number): void {
    const place = this.#room.enter(cost, () => void socket.destroy())
    if (!place) return void socket.destroy()
    const end = endOf(socket)
    const stay = { place, socket }
    this.#stays.set(end, stay)
    socket.once('close', () => {
      place.leave()
      if (this.#stays.get(end) === stay) this.#stays.delete(end)
    })
  }
}

const endOf = ({ remoteAddress, remotePort }: Peer) => `${remoteAddress} ${remotePort}`

function endsOfHeaders(piece: Buffer): number {
  let count = 0
  for (let at = piece.indexOf('\r\n\r\n'); at !== -1; at = piece.indexOf('\r\n\r\n', at + 4)) count++
  return count
}
