import { DeliveryFailed, type SerialLine } from '../channel.ts'

/** How a modem ended a command. `code` is the number of `+CMS ERROR` or `+CME ERROR`. */
export type Reply = { end: 'OK' | 'ERROR' | 'prompt'; kind: 'CMS' | 'CME' | null; code: number | null; lines: string[] }

const ERROR = /^\+(CMS|CME) ERROR: ?(\d+)/
const MOST_BYTES = 8_192

/**
 * Commands and replies on one line, one at a time. What a modem says unasked (`RING`, `+CMTI`) stands among the lines and is
 * left to whoever looks for something else.
 */
export class Dialogue {
  #line: SerialLine
  #text = ''
  #heard: (() => void) | null = null
  isOpen = true

  constructor(line: SerialLine) {
    this.#line = line
    line.onData((bytes) => {
      this.#text = (this.#text + Buffer.from(bytes).toString('latin1')).slice(-MOST_BYTES)
      this.#heard?.()
    })
    line.onClose(() => {
      this.isOpen = false
      this.#heard?.()
    })
  }

  /** Writes and waits for the end of the reply. `prompt`: the modem may also ask for the message. */
  async ask(command: string, signal: AbortSignal, { prompt = false } = {}): Promise<Reply> {
    this.#text = ''
    await this.#line.write(Buffer.from(command, 'latin1'))
    for (;;) {
      const reply = readReply(this.#text, prompt)
      if (reply) return reply
      if (signal.aborted || !this.isOpen)
        throw new DeliveryFailed('the modem did not answer', { reason: signal.aborted ? 'timeout' : 'line closed' })
      await this.#more(signal)
    }
  }

  /** Leaves a half-written message, if there is one. */
  async escape(): Promise<void> {
    if (this.isOpen) await this.#line.write(Buffer.from([0x1b])).catch(() => undefined)
  }

  close(): void {
    this.isOpen = false
    this.#line.close()
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((done) => {
      const finish = () => {
        this.#heard = null
        signal.removeEventListener('abort', finish)
        done()
      }
      this.#heard = finish
      signal.addEventListener('abort', finish)
    })
  }
}

/** The reply once its last line has come; null before. */
export function readReply(text: string, prompt: boolean): Reply | null {
  // The last piece has not ended: `OK` could become `OKAY`, `+CMS ERROR: 3` could become 38.
  const lines = text.split(/\r\n|\r|\n/)
  const open = lines.pop() ?? ''
  const whole = lines.map((line) => line.trim()).filter((line) => line !== '')
  for (const [at, line] of whole.entries()) {
    const said = { lines: whole.slice(0, at) }
    if (line === 'OK') return { end: 'OK', kind: null, code: null, ...said }
    if (line === 'ERROR') return { end: 'ERROR', kind: null, code: null, ...said }
    const error = ERROR.exec(line)
    if (error) return { end: 'ERROR', kind: error[1] as 'CMS' | 'CME', code: Number(error[2]), ...said }
  }
  return prompt && open.startsWith('>') ? { end: 'prompt', kind: null, code: null, lines: whole } : null
}
