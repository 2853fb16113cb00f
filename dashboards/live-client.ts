import type { Socket } from 'socket.io'
import type { Caller } from './access.ts'
import type { Scope } from './live-scope.ts'

/** More than this unsent (besides the last picture) and the client has fallen behind. */
const BEHIND_BYTES = 1 << 20
const ROOM_BYTES = 64 << 10

/**
 * One screen on the feed. Texts come ready made and are framed here, so that a text shared by many screens is put into
 * JSON once. A client that does not read is not queued for: it is passed over, and drawn a fresh picture when it reads again.
 */
export class LiveClient {
  readonly caller: Caller
  scope: Scope | null = null
  covers: ((series: number) => boolean) | null = null
  /** numbers sent before mean nothing any more: it must have a picture before the next change */
  needsPicture = true
  fellBehind = false
  #socket: Socket
  #unsent = 0
  #pictureBytes = 0

  constructor(socket: Socket, caller: Caller) {
    this.#socket = socket
    this.caller = caller
  }

  /** It has a picture and reads what follows. */
  get keepsUp(): boolean {
    return !this.needsPicture
  }

  get hasRoom(): boolean {
    return this.#unsent <= ROOM_BYTES
  }

  send(event: 'change' | 'readings' | 'hb', json: string): void {
    if (this.needsPicture && event !== 'hb') return
    if (this.#unsent > BEHIND_BYTES + this.#pictureBytes) {
      this.needsPicture = true
      this.fellBehind = true
      return
    }
    this.#write(event, json)
  }

  picture(json: string): void {
    this.needsPicture = false
    this.fellBehind = false
    this.#pictureBytes = json.length
    this.#write('snapshot', json)
  }

  /** Type 2 is an event in the socket.io protocol, version 5. */
  #write(event: string, json: string): void {
    const text = `2/live,["${event}",${json}]`
    this.#unsent += text.length
    this.#socket.conn.write(text, { compress: false }, () => (this.#unsent -= text.length))
  }
}
