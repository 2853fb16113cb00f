import type { Server as HttpServer } from 'node:http'
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

  constructor(http: HttpServer, secure: boolean, roomBytes = ROOM_BYTES) {
    this.#room = new WaitingRoom(roomBytes, GRACE_MS, () => performance.now())
    const cost = secure ? COST.https : COST.http
    http.prependListener('connection', (socket: Socket) => this.#enter(socket, cost))
    http.prependListener('request', ({ socket }) => this.#stays.get(endOf(socket))?.place.renew())
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
