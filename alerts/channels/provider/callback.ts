import { timingSafeEqual } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { BadSetting } from '../../../core/errors.ts'
import type { CallbackRequest, ReceiptNews } from '../../../core/push.ts'
import { CallbackRefused, type Channel } from '../channel.ts'
import { isTrue, question, readBody, type Seen, textOf } from './answers.ts'
import { checkNames, fill, type Values } from './template.ts'
import { checkSteps, runSteps, SigningStep } from './signing.ts'

const Expression = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))

/** How a provider tells of a message later. There is no way to take a callback that is not signed. */
export const CallbackOptions = Type.Object(
  {
    take: Type.Record(Type.String({ pattern: '^[a-z][A-Za-z0-9]*$' }), Type.String(), {
      default: {},
      description: 'name → expression: parts of the request the signature is made of',
    }),
    sign: Type.Array(SigningStep, { minItems: 1, description: 'steps over {secret}, {body} and what was taken' }),
    expected: Type.String({ default: '{signature}', description: 'template of the signature as we compute it' }),
    given: Type.String({ description: 'expression for the signature as it came, e.g. headers["x-signature"]' }),
    sentAt: Type.String({ description: 'expression for when it was sent, which the signature must cover' }),
    sentAtIs: Type.Enum(['ms', 's'], { default: 'ms' }),
    maxAgeMs: Type.Integer({ minimum: 1_000, maximum: 3_600_000, default: 300_000 }),
    items: Expression('list of reports in one request; without it the body is one, or a list of them'),
    messageId: Expression('our own id, where the provider hands it back'),
    providerId: Expression("the provider's id, as the answer to sending gave it"),
    delivered: Expression('true when it arrived, or the call was taken'),
    read: Expression('true when it was read'),
    acknowledged: Expression('true when the recipient pressed the key, e.g. item.dtmf == "1"'),
    failed: Expression('true when it could not be delivered after all'),
    detail: Expression('status word for the record; no personal data'),
    answer: Type.String({ default: '{"code":0}', description: 'what the provider wants to hear' }),
  },
  { additionalProperties: false },
)
type Options = Static<typeof CallbackOptions>

const read = (expression: string | undefined, where: string) => (expression === undefined ? null : question(expression, where))

export function callbackReader(options: Options, secret: string, where: string): NonNullable<Channel['callback']> {
  const ask = (name: keyof Options) => read(options[name] as string | undefined, `${where}.${name}`)
  const taken = Object.entries(options.take).map(([name, expression]) => ({ name, asked: question(expression, `${where}.take`) }))
  const names = checkSteps(options.sign, ['secret', 'body', ...taken.map(({ name }) => name)], `${where}.sign`)
  checkNames(options.expected, names, `${where}.expected`)
  if (!options.sign.some(({ key, of }) => `${key ?? ''}${of}`.includes('{secret}'))) {
    throw new BadSetting(`${where}.sign must use {secret}: anybody could send what is not signed with it`)
  }
  const [messageId, providerId, given, sentAt] = [ask('messageId'), ask('providerId'), ask('given')!, ask('sentAt')!]
  if (messageId === null && providerId === null) throw new BadSetting(`${where} needs messageId or providerId`)
  const detail = ask('detail')
  const items = ask('items')
  // The furthest first: a report may be true for several.
  const receipts = (['acknowledged', 'read', 'delivered', 'failed'] as const).map((receipt) => ({ receipt, asked: ask(receipt) }))

  const newsOf = (seen: Seen, at: number): ReceiptNews | null => {
    const found = receipts.find(({ asked }) => isTrue(asked, seen))
    const ids = { messageId: textOf(messageId, seen), providerId: textOf(providerId, seen) }
    if (!found || (ids.messageId === null && ids.providerId === null)) return null
    return { ...ids, receipt: found.receipt, detail: (textOf(detail, seen) ?? '').slice(0, 80), at }
  }

  return (request, now) => {
    const seen = seenIn(request)
    const values: Values = { secret, body: Buffer.from(request.body).toString('utf8') }
    for (const { name, asked } of taken) values[name] = textOf(asked, seen) ?? ''
    const expected = fill(options.expected, runSteps(options.sign, values))
    if (!same(expected, textOf(given, seen) ?? '')) throw new CallbackRefused('the signature is not the one of this request')
    const at = Number(textOf(sentAt, seen) ?? NaN) * (options.sentAtIs === 's' ? 1000 : 1)
    if (!(Math.abs(now - at) <= options.maxAgeMs)) throw new CallbackRefused('the request is not from now')
    const listed = items?.(seen) ?? seen.body
    const reports: unknown[] = Array.isArray(listed) ? listed.slice(0, 1_000) : [listed]
    const news = reports.map((item) => newsOf({ ...seen, item }, at)).filter((one) => one !== null)
    return { news, answer: { status: 200, contentType: 'application/json; charset=utf-8', body: options.answer } }
  }
}

function seenIn({ headers, query, body }: CallbackRequest): Seen {
  const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
  const read = readBody(body, headers['content-type'] ?? '')
  return { status: 0, headers: given, query, body: read, item: read }
}

const same = (expected: string, given: string): boolean => {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)]
  return a.byteLength === b.byteLength && timingSafeEqual(a, b)
}
