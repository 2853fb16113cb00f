import type { Socket } from 'socket.io'
import type { Show } from '../core/live.ts'
import type { Caller } from './access.ts'
import type { LiveMessage } from './live-message.ts'
import type { Covers, Scope } from './live-scope.ts'

/** More than this unsent (besides the last picture) and the client has fallen behind. */
const BEHIND_BYTES = 1 << 20
const ROOM_BYTES = 64 << 10

/**
 * One screen on the feed. A client that does not read is not queued for: it is passed over, and drawn a fresh picture when it reads again.
 */
export class LiveClient {
  readonly caller: Caller
  scope: Scope | null = null
  covers: Covers = null
  /** numbers sent before mean nothing any more: it must have a picture before the next change */
  needsPicture = true
  fellBehind = false
  /** an enterprise or a zone got another name: changes still count, a fresh picture follows with the next beat */
  namesChanged = false
  /** it says of itself that it is a wall */
  isWall = false
  #socket: Socket
  #unsent = 0
  #pictureBytes = 0

  constructor(socket: Socket, caller: Caller) {
    this.#socket = socket
    this.caller = caller
  }

  get hasRoom(): boolean {
    return this.#unsent <= ROOM_BYTES
  }

  /** A heartbeat may come before the first picture; nothing else means anything until then. */
  send(message: LiveMessage, always = false): void {
    if (this.needsPicture && !always) return
    if (this.#unsent > BEHIND_BYTES + this.#pictureBytes) {
      this.needsPicture = true
      this.fellBehind = true
      return
    }
    this.#write(message)
  }

  /** Not numbered and not kept: whoever misses it shows what it would have shown. */
  ask(show: Show): void {
    this.#socket.emit('show', show)
  }

  picture(message: LiveMessage): void {
    this.needsPicture = false
    this.fellBehind = false
    this.namesChanged = false
    this.#pictureBytes = message.frame[1]!.length
    this.#write(message)
  }

  #write({ text, frame }: LiveMessage): void {
    const bytes = frame[1]!.length
    this.#unsent += bytes
    // socket.io's own broadcasts hand over a ready frame the same way; an engine that does not know it frames the text.
    const options = { compress: false, wsPreEncodedFrame: frame }
    this.#socket.conn.write(text, options, () => (this.#unsent -= bytes))
  }
}
