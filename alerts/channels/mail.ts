import { readFileSync } from 'node:fs'
import { Type } from 'typebox'
import { BadSetting, type PlatformError } from '../../core/errors.ts'
import type { Message } from '../../core/push.ts'
import { ChannelMisconfigured, type ChannelType, DeliveryFailed, DeliveryRefused } from './channel.ts'

const options = Type.Object(
  {
    host: Type.String({ minLength: 1, description: 'mail server' }),
    port: Type.Integer({ minimum: 1, maximum: 65_535, default: 465 }),
    security: Type.Enum(['tls', 'starttls', 'none'], {
      default: 'tls',
      description: 'tls from the first byte, starttls or not at all; none only for a relay that asks for no password',
    }),
    user: Type.String({ default: '', description: 'empty: no login' }),
    password: Type.String({ default: '', description: 'its password or authorization code' }),
    from: Type.String({ pattern: '^[^\\s<>@]+@[^\\s<>@]+$', description: 'sender' }),
    caFile: Type.Optional(Type.String({ description: "PEM file of the authority behind the server's certificate" })),
    allowLoopback: Type.Boolean({ default: false, description: 'lets the address be this machine or its link' }),
    timeoutMs: Type.Integer({ minimum: 100, maximum: 120_000, default: 20_000, description: 'longest time for one mail' }),
  },
  { additionalProperties: false },
)

/** Mail by SMTP. The same message has the same Message-ID, so that a mailbox can drop a repeat. */
export const mail: ChannelType<typeof options> = {
  name: 'mail',
  options,
  secrets: ['password'],
  receipts: ['accepted'],
  addressOf: 'mail',
  acknowledge: 'link',
  quota: null,
  textLimit: 20_000,

  open({ host, port, security, user, password, from, caFile, allowLoopback, timeoutMs }, outside) {
    if (security === 'none' && user !== '')
      throw new BadSetting('mail would send its password without encryption', { example: 'security: tls' })
    const ca = caFile === undefined ? undefined : readCa(caFile)
    return {
      async send(message, signal) {
        const to = message.to.address
        if (to === null || !/^[^\s<>@,;]+@[^\s<>@,;]+$/.test(to)) throw new DeliveryRefused('this is no mail address')
        const [pinned] = await outside.resolve(host, allowLoopback)
        // Not before the first mail: most deployments start without.
        const { createTransport } = await import('nodemailer')
        const transport = createTransport({
          host: pinned!.address,
          port,
          secure: security === 'tls',
          requireTLS: security === 'starttls',
          ignoreTLS: security === 'none',
          ...(user !== '' && { auth: { user, pass: password } }),
          tls: { servername: host, ...(ca !== undefined && { ca }) },
          connectionTimeout: timeoutMs,
          greetingTimeout: timeoutMs,
          socketTimeout: timeoutMs,
          disableFileAccess: true,
          disableUrlAccess: true,
        })
        const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
        try {
          const { response } = await transport.sendMail({ ...mailOf(message, from, to), signal: within })
          return { receipt: 'accepted', detail: `SMTP ${response.slice(0, 3)}` }
        } catch (error) {
          const reason = within.aborted && !signal.aborted ? `not taken within ${timeoutMs} ms` : null
          const failure = failureOf(error as SmtpError, `${host}:${port}`, reason)
          if (failure instanceof DeliveryFailed && !signal.aborted) outside.unreachable(host)
          throw failure
        }
      },
    }
  },
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new BadSetting(`mail: caFile cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

const MAX_SUBJECT = 120

const mailOf = ({ id, text, link, mode, kind }: Message, from: string, to: string) => ({
  from,
  to,
  subject: text.zh.replace(/\s+/g, ' ').slice(0, MAX_SUBJECT),
  text: `${text.zh}\n\n${text.en}\n${link === null ? '' : `\n${link}\n`}`,
  messageId: `<${id}@${from.split('@')[1]}>`,
  headers: {
    // Keeps answering machines from answering (RFC 3834).
    'Auto-Submitted': 'auto-generated',
    'X-Watchfire-Delivery': id,
    'X-Watchfire-Mode': mode,
    ...((kind === 'alarm' || kind === 'report') && { Importance: 'high' }),
  },
})

type SmtpError = Error & { code?: string; responseCode?: number; command?: string }

/** Which step said no decides: at login it is our password, at the recipient or the body it is this mail. Its words stay out: they may repeat both. */
function failureOf({ code, responseCode, command, name }: SmtpError, host: string, timedOut: string | null): PlatformError {
  const reason = timedOut ?? code ?? name
  const facts = { host, reason, ...(responseCode !== undefined && { status: responseCode }) }
  const isFinal = responseCode !== undefined && responseCode >= 500
  if (timedOut !== null) return new DeliveryFailed('the mail server could not be reached', facts)
  if (isFinal && (code === 'EAUTH' || command?.startsWith('AUTH') || command === 'MAIL FROM')) {
    return new ChannelMisconfigured('the mail server does not let us in', facts)
  }
  if (isFinal && (code === 'EENVELOPE' || code === 'EMESSAGE'))
    return new DeliveryRefused('the mail server refused the mail', facts)
  return new DeliveryFailed('the mail was not taken', facts)
}
