import { createHash } from 'node:crypto'
import { Type } from 'typebox'
import type { PlatformError } from '../../../core/errors.ts'
import type { Sent } from '../../../core/push.ts'
import { ChannelMisconfigured, type ChannelType, DeliveryFailed, DeliveryRefused, type Outside } from '../channel.ts'
import { Dialogue, type Reply } from './dialogue.ts'
import { isPhone, submitPdus } from './pdu.ts'

const options = Type.Object(
  {
    line: Type.String({
      pattern: '^(/dev/[A-Za-z0-9/._-]+|tcp://[A-Za-z0-9._\\[\\]:-]+:[0-9]+)$',
      description: 'serial device, `/dev/ttyUSB0`, or a serial server, `tcp://10.0.0.5:4001`',
    }),
    baud: Type.Integer({ minimum: 300, maximum: 4_000_000, default: 115_200 }),
    maxParts: Type.Integer({ minimum: 1, maximum: 10, default: 3, description: 'most parts of 67 characters one text may take' }),
    timeoutMs: Type.Integer({ minimum: 100, maximum: 180_000, default: 60_000, description: 'longest time for one message' }),
  },
  { additionalProperties: false },
)

/** Text messages by a GSM modem on a serial line, for networks without a way out. One at a time, however many are waiting. */
export const modem: ChannelType<typeof options> = {
  name: 'modem',
  options,
  secrets: [],
  receipts: ['accepted'],
  addressOf: 'phone',
  acknowledge: null,
  // A SIM of a person is blocked by the operator when it writes faster for long.
  quota: { messages: 20, perMs: 60_000 },
  textLimit: 200,

  open(settings, outside) {
    const desk = new ModemDesk(settings, outside)
    return {
      send: (message, signal) => desk.send(message.id, message.to.address, message.text.zh, signal),
      close: () => desk.close(),
    }
  },
}

type Settings = { line: string; baud: number; maxParts: number; timeoutMs: number }

class ModemDesk {
  #settings: Settings
  #outside: Outside
  #dialogue: Dialogue | null = null
  #turn: Promise<unknown> = Promise.resolve()

  constructor(settings: Settings, outside: Outside) {
    this.#settings = settings
    this.#outside = outside
  }

  /** Waits for its turn; called off while waiting, nothing of it reaches the line. */
  send(id: string, phone: string | null, text: string, signal: AbortSignal): Promise<Sent> {
    const mine = this.#turn.then(() => this.#sendNow(id, phone, text, signal))
    this.#turn = mine.catch(() => undefined)
    return orCalledOff(mine, signal)
  }

  close(): Promise<void> {
    this.#dialogue?.close()
    this.#dialogue = null
    return Promise.resolve()
  }

  async #sendNow(id: string, phone: string | null, text: string, signal: AbortSignal): Promise<Sent> {
    if (phone === null || !isPhone(phone)) throw new DeliveryRefused('this is no phone number')
    const within = AbortSignal.any([signal, AbortSignal.timeout(this.#settings.timeoutMs)])
    if (within.aborted) throw new DeliveryFailed('sending was called off')
    try {
      const dialogue = await this.#ready(within)
      const references: string[] = []
      const pdus = submitPdus(phone, text, referenceOf(id), this.#settings.maxParts)
      for (const { hex, octets } of pdus) {
        expect(await dialogue.ask(`AT+CMGS=${octets}\r`, within, { prompt: true }), 'prompt')
        const { lines } = expect(await dialogue.ask(`${hex}\x1a`, within), 'OK')
        references.push(
          lines
            .find((line) => line.startsWith('+CMGS:'))
            ?.slice(6)
            .trim() ?? '',
        )
      }
      return {
        receipt: 'accepted',
        detail: `${pdus.length} part${pdus.length === 1 ? '' : 's'}`,
        providerId: references.join(','),
      }
    } catch (error) {
      // Whatever state the modem is in, the next message starts from the beginning.
      await this.#dialogue?.escape()
      await this.close()
      throw error
    }
  }

  /** A modem that has answered, has its SIM and is in its network. */
  async #ready(signal: AbortSignal): Promise<Dialogue> {
    if (this.#dialogue?.isOpen) return this.#dialogue
    const dialogue = new Dialogue(await this.#outside.openLine(this.#settings.line, this.#settings.baud, signal))
    this.#dialogue = dialogue
    await dialogue.escape()
    for (const command of ['AT', 'ATE0', 'AT+CMEE=1', 'AT+CMGF=0']) expect(await dialogue.ask(`${command}\r`, signal), 'OK')
    const { lines } = expect(await dialogue.ask('AT+CPIN?\r', signal), 'OK')
    if (!lines.some((line) => line.includes('READY'))) throw new ChannelMisconfigured("the modem's SIM wants a PIN")
    return dialogue
  }
}

const orCalledOff = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((done, failed) => {
    const off = () => failed(new DeliveryFailed('sending was called off'))
    if (signal.aborted) off()
    signal.addEventListener('abort', off)
    work.then(done, failed).finally(() => signal.removeEventListener('abort', off))
  })

/** Parts of a repeated message join to the same whole. */
const referenceOf = (id: string): number => createHash('sha256').update(id).digest()[0]!

function expect(reply: Reply, end: 'OK' | 'prompt'): Reply {
  if (reply.end === end) return reply
  throw failureOf(reply)
}

/** TS 24.011 annex E: the network will not take this number or text. */
const refused = new Set([1, 8, 10, 28, 29, 30, 50, 81, 95, 96, 304, 305])
/** TS 27.005 §3.2.5 and TS 27.007 §9.2: SIM missing, locked, wrong; no service centre. */
const misconfigured = new Set([310, 311, 312, 313, 315, 316, 317, 318, 330])
const simErrors = new Set([10, 11, 12, 13, 15, 16])

function failureOf({ kind, code }: Reply): PlatformError {
  const facts = { reason: code === null ? 'ERROR' : `${kind} ERROR ${code}` }
  if (code !== null && kind === 'CMS' && refused.has(code))
    return new DeliveryRefused('the mobile network refused the message', facts)
  if (code !== null && (kind === 'CMS' ? misconfigured : simErrors).has(code)) {
    return new ChannelMisconfigured("the modem's SIM or its settings must be put right", facts)
  }
  return new DeliveryFailed('the modem could not send', facts)
}
