import { io, type Socket } from 'socket.io-client'
import type { Change, Heartbeat, Readings, Show, Snapshot, Subscribe, WallBeat } from '../../core/live.ts'
import { backoffMs } from './backoff.ts'
import { screen } from './screen.ts'

/** How the link stands. `attempt` counts from 1 while we are trying to get it back. */
export type Link = { connected: boolean; attempt: number; reason: string | null }

export type FeedListener = {
  snapshot(snapshot: Snapshot): void
  change(change: Change): void
  readings(readings: Readings): void
  heartbeat(heartbeat: Heartbeat): void
  link(link: Link): void
  show(show: Show): void
}

/** A socket that says it is open but has been silent for this long is replaced. */
const SILENT_MS = 15_000
const SNAPSHOT_AGAIN_MS = 5_000

/**
 * The live feed as a page sees it: one socket that comes back for ever, a snapshot first, then changes without a hole. A hole in
 * the numbers asks for a new snapshot, and what arrives before it is dropped because the snapshot will contain it.
 */
export class Feed {
  #subscribe: Subscribe
  #listener: FeedListener
  #socket: Socket | null = null
  #attempt = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #silence: ReturnType<typeof setTimeout> | undefined
  #asked: ReturnType<typeof setTimeout> | undefined
  /** number of the last change taken, null until a snapshot has come on this connection */
  #seq: number | null = null
  #stopped = false

  constructor(subscribe: Subscribe, listener: FeedListener) {
    this.#subscribe = subscribe
    this.#listener = listener
  }

  start(): void {
    addEventListener('online', this.#now)
    document.addEventListener('visibilitychange', this.#now)
    this.#connect()
  }

  stop(): void {
    this.#stopped = true
    removeEventListener('online', this.#now)
    document.removeEventListener('visibilitychange', this.#now)
    this.#close()
  }

  /** Says something about this screen, when there is a link; what cannot be said now is not kept. */
  tell(beat: WallBeat): void {
    if (this.#socket?.connected) this.#socket.emit('wall', beat)
  }

  #connect(): void {
    this.#close()
    // Our own timing: the library gives up when the server closes a connection or refuses the handshake.
    const socket = io('/live', {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      auth: screen.wall === null ? {} : { wall: screen.wall },
    })
    this.#socket = socket
    this.#seq = null
    socket.on('connect', () => {
      this.#heard()
      socket.emit('subscribe', this.#subscribe, (answer: { error?: { message: string } } | undefined) => {
        if (answer?.error) this.#lost(socket, answer.error.message)
        else this.#askSnapshot(socket)
      })
    })
    socket.on('snapshot', (snapshot: Snapshot) => this.#takeSnapshot(snapshot))
    socket.on('change', (change: Change) => this.#takeChange(socket, change))
    socket.on('readings', (readings: Readings) => {
      if (this.#seq !== null) this.#listener.readings(readings)
    })
    socket.on('show', (show: Show) => this.#listener.show(show))
    socket.on('hb', (heartbeat: Heartbeat) => {
      this.#heard()
      // The beat names the last change there was: a lost last one would otherwise go unnoticed until the next.
      if (this.#seq !== null && heartbeat.seq !== this.#seq) this.#askSnapshot(socket)
      this.#listener.heartbeat(heartbeat)
    })
    socket.on('connect_error', (error) => this.#lost(socket, error.message))
    socket.on('disconnect', (reason) => this.#lost(socket, reason))
  }

  #takeSnapshot(snapshot: Snapshot): void {
    clearTimeout(this.#asked)
    this.#asked = undefined
    this.#seq = snapshot.seq
    this.#attempt = 0
    this.#heard()
    this.#listener.link({ connected: true, attempt: 0, reason: null })
    this.#listener.snapshot(snapshot)
  }

  #takeChange(socket: Socket, change: Change): void {
    if (this.#seq === null || change.seq <= this.#seq) return
    if (change.seq !== this.#seq + 1) {
      this.#askSnapshot(socket)
      return
    }
    this.#seq = change.seq
    this.#listener.change(change)
  }

  /** Once per hole; again only when no answer came. */
  #askSnapshot(socket: Socket): void {
    this.#seq = null
    if (this.#asked !== undefined || socket !== this.#socket) return
    const ask = () => {
      socket.emit('snapshot', {}, () => {})
      this.#asked = setTimeout(ask, SNAPSHOT_AGAIN_MS)
    }
    ask()
  }

  #lost(socket: Socket, reason: string): void {
    if (socket !== this.#socket || this.#stopped) return
    this.#close()
    this.#attempt++
    this.#listener.link({ connected: false, attempt: this.#attempt, reason })
    this.#retry = setTimeout(() => this.#connect(), backoffMs(this.#attempt, Math.random()))
  }

  /** Network back or page shown again: do not wait for the timer. */
  #now = (): void => {
    if (this.#socket !== null || this.#stopped || document.visibilityState === 'hidden') return
    this.#connect()
  }

  #heard(): void {
    clearTimeout(this.#silence)
    const socket = this.#socket
    this.#silence = setTimeout(() => socket && this.#lost(socket, 'silent'), SILENT_MS)
  }

  #close(): void {
    clearTimeout(this.#retry)
    clearTimeout(this.#silence)
    clearTimeout(this.#asked)
    this.#asked = undefined
    const socket = this.#socket
    this.#socket = null
    socket?.removeAllListeners()
    socket?.disconnect()
  }
}
