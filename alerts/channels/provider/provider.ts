import { randomUUID } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { BadSetting } from '../../../core/errors.ts'
import { levelNames, type Level } from '../../../core/level.ts'
import type { Mode } from '../../../core/mode.ts'
import { type Message, messageKinds, type MessageKind, messageVariables, type Sent } from '../../../core/push.ts'
import {
  type Channel,
  DeliveryFailed,
  DeliveryRefused,
  DeliveryRejected,
  httpFailure,
  type Outside,
  readUrl,
} from '../channel.ts'
import { isTrue, question, readBody, type Seen, textOf } from './answers.ts'
import { CallbackOptions, callbackReader } from './callback.ts'
import { checkSteps, runSteps, SigningStep } from './signing.ts'
import { checkNames, fill, fillAll, type Values } from './template.ts'

const Templates = Type.Record(Type.String(), Type.String())
const variableSources = ['level', 'kind', 'text', ...messageVariables] as const

/** A provider's HTTP interface, described by the settings: Watchfire knows no provider by name. */
export const ProviderOptions = Type.Object(
  {
    url: Type.String({ description: 'http or https address' }),
    method: Type.Enum(['POST', 'GET'], { default: 'POST' }),
    query: { ...Templates, default: {}, description: 'templates, added to the address' },
    headers: { ...Templates, default: {}, description: 'templates' },
    json: Type.Optional(Type.Unknown({ description: 'body as JSON: every string in it is a template' })),
    form: Type.Optional({ ...Templates, description: 'body as a form: templates' }),
    account: Type.String({ default: '', description: '{account}: the name or key id we have there' }),
    secret: Type.String({ minLength: 8, description: '{secret}: key of the signature, or a token' }),
    signName: Type.String({ default: '', description: '{signName}: the registered 短信签名' }),
    template: Type.String({ default: '', description: "{template}: the provider's template id" }),
    templates: Type.Partial(Type.Record(Type.Enum([...messageKinds]), Type.String()), {
      default: {},
      description: 'other template ids by kind of message',
      additionalProperties: false,
    }),
    variables: Type.Record(
      Type.String({ pattern: '^[A-Za-z][A-Za-z0-9]*$' }),
      Type.Object(
        { from: Type.Enum([...variableSources]), max: Type.Integer({ minimum: 1, maximum: 500 }) },
        { additionalProperties: false },
      ),
      { description: "the template's variables: where each comes from and the most characters it takes" },
    ),
    sign: Type.Array(SigningStep, { default: [], description: 'signature, step by step' }),
    success: Type.String({ description: 'expression on the answer, e.g. body.Code == "OK"' }),
    retry: Type.Optional(Type.String({ description: 'expression: it may work later' })),
    refused: Type.Optional(Type.String({ description: 'expression: this number or text will never be taken' })),
    providerId: Type.Optional(Type.String({ description: "expression: the provider's id of the message, for its callbacks" })),
    callback: Type.Optional(CallbackOptions),
    allowLoopback: Type.Boolean({ default: false, description: 'lets the address be this machine or its link' }),
    timeoutMs: Type.Integer({ minimum: 100, maximum: 60_000, default: 10_000, description: 'longest wait for the answer' }),
  },
  { additionalProperties: false },
)
export type ProviderOptions = Static<typeof ProviderOptions>

const given = ['phone', 'messageId', 'account', 'secret', 'signName', 'template', 'variablesJson', 'text']
const ofTime = ['timestamp', 'timestampS', 'isoTime', 'date', 'nonce']

export function openProvider(options: ProviderOptions, outside: Outside, who: string, where: string): Channel {
  const url = readUrl(options.url, `${where}.url`, 'https://sms.example.org/send')
  const base = [...given, ...ofTime, ...Object.keys(options.variables)]
  const bodyOf = options.json ?? options.form ?? {}
  const stepNames = options.sign.map(({ as }) => as)
  const isSigned =
    JSON.stringify(bodyOf)
      .match(/\{([A-Za-z0-9]+)\}/g)
      ?.some((name) => stepNames.includes(name.slice(1, -1))) ?? false
  const names = checkSteps(options.sign, isSigned ? base : [...base, 'body'], `${where}.sign`)
  for (const part of ['query', 'headers', 'json', 'form'] as const) checkNames(options[part], names, `${where}.${part}`)
  checkSaysMode(options, where)
  const success = question(options.success, `${where}.success`)
  const maybe = (name: 'retry' | 'refused' | 'providerId') =>
    options[name] === undefined ? null : question(options[name], `${where}.${name}`)
  const [retry, refused, providerId] = [maybe('retry'), maybe('refused'), maybe('providerId')]

  const channel: Channel = {
    async send(message, signal) {
      if (message.to.address === null) throw new DeliveryRefused(`${who} needs a phone number`)
      const values = valuesOf(message, options, outside.now())
      const request = requestOf(options, url, values, isSigned)
      const { allowLoopback, timeoutMs, method } = options
      const answer = await outside.http({ ...request, method, allowLoopback, timeoutMs, maxBytes: 65_536 }, signal)
      const headers = answer.headers
      const seen: Seen = {
        status: answer.status,
        headers,
        query: {},
        body: readBody(answer.body, String(headers['content-type'] ?? '')),
        item: null,
      }
      if (isTrue(success, seen)) return accepted(textOf(providerId, seen), answer.status)
      // Status and our own words only: the answer may repeat the number or the key.
      const facts = { host: url.host, status: answer.status }
      if (isTrue(refused, seen)) throw new DeliveryRefused(`${who} refused the message`, facts)
      if (isTrue(retry, seen)) throw new DeliveryFailed(`${who} asked to try later`, facts)
      throw (
        httpFailure(answer, who, url.host, outside.now()) ??
        new DeliveryRejected(`${who} did not say that it took the message`, facts)
      )
    },
  }
  if (options.callback) channel.callback = callbackReader(options.callback, options.secret, `${where}.callback`)
  return channel
}

const accepted = (id: string | null, status: number): Sent => ({
  receipt: 'accepted',
  detail: `HTTP ${status}`,
  ...(id !== null && { providerId: id }),
})

/** Nobody may take a drill for the real thing, so something in the template must say the level, which carries the mode. */
function checkSaysMode({ variables, json, form, query }: ProviderOptions, where: string): void {
  const says = Object.values(variables).some(({ from }) => from === 'level' || from === 'text')
  if (says || JSON.stringify([json, form, query]).includes('{text}')) return
  throw new BadSetting(`${where}.variables must have one from level or text: only they say that it is a drill or a test`, {
    example: '{ level: { from: level, max: 8 } }',
  })
}

const modeWords: Record<Mode, string> = { live: '', drill: '演练', test: '测试', simulated: '模拟' }
const kindWords: Record<MessageKind, string> = {
  alarm: '报警',
  update: '变化',
  'follow-up': '后续',
  test: '通道测试',
  'roll-call': '点名',
  summary: '汇总',
  report: '信息快报',
}

function valuesOf(message: Message, options: ProviderOptions, now: number): Values {
  const { to, id, mode, level, kind, text } = message
  const sources: Record<string, string> = {
    ...message.variables,
    level: `${modeWords[mode]}${levelWord(level, kind)}` || kindWords[kind],
    kind: kindWords[kind],
    text: text.zh,
  }
  const variables = Object.fromEntries(
    Object.entries(options.variables).map(([name, { from, max }]) => [name, shorten(sources[from] ?? '', max)]),
  )
  const iso = new Date(now).toISOString()
  return {
    ...variables,
    phone: to.address!,
    messageId: id,
    account: options.account,
    secret: options.secret,
    signName: options.signName,
    template: options.templates[kind] ?? options.template,
    variablesJson: JSON.stringify(variables),
    text: shorten(text.zh, 500),
    timestamp: String(now),
    timestampS: String(Math.floor(now / 1000)),
    isoTime: `${iso.slice(0, 19)}Z`,
    date: iso.slice(0, 10),
    nonce: randomUUID(),
  }
}

/** What ends a call never reads like the call itself, also where one template serves both. */
function levelWord(level: Level | null, kind: MessageKind): string {
  if (level === null) return ''
  return `${levelNames[level].zh}${kind === 'follow-up' ? kindWords[kind] : ''}`
}

/** What a provider takes in a variable: one line, no brackets of a signature, no address of a page; cut at a whole character. */
export function shorten(text: string, max: number): string {
  const plain = text
    .replace(/https?:\/\/\S*/g, '')
    .replace(/[\p{Cc}【】]+/gu, ' ')
    .trim()
  const characters = [...plain]
  return characters.length <= max ? plain : `${characters.slice(0, max - 1).join('')}…`
}

function requestOf(options: ProviderOptions, base: URL, values: Values, isSigned: boolean) {
  const { sign, json, form } = options
  const write = (with_: Values) =>
    json !== undefined
      ? JSON.stringify(fillAll(json, with_))
      : form !== undefined
        ? new URLSearchParams(fillAll(form, with_) as Record<string, string>).toString()
        : ''
  const first = isSigned ? '' : write(values)
  const all = runSteps(sign, { ...values, body: first })
  const url = new URL(base)
  for (const [name, template] of Object.entries(options.query)) url.searchParams.set(name, fill(template, all))
  const type = json !== undefined ? 'application/json; charset=utf-8' : 'application/x-www-form-urlencoded; charset=utf-8'
  const headers: Record<string, string> = { 'content-type': type }
  for (const [name, template] of Object.entries(options.headers)) headers[name.toLowerCase()] = fill(template, all)
  return { url, headers, body: Buffer.from(isSigned ? write(all) : first, 'utf8') }
}
