import { Type } from 'typebox'
import type { Message, Sent } from '../../../core/push.ts'
import { ChannelMisconfigured, DeliveryFailed, DeliveryRefused, DeliveryRejected, httpFailure, type Outside } from '../channel.ts'

/** What every group robot takes. */
export const common = {
  allowLoopback: Type.Boolean({ default: false, description: 'lets the address be this machine or its link' }),
  timeoutMs: Type.Integer({ minimum: 100, maximum: 60_000, default: 10_000, description: 'longest wait for the answer' }),
}

/** What the provider's own codes mean for trying again; a code in none of them is believed after a while. */
export type Codes = { later: readonly number[]; refused: readonly number[]; misconfigured: readonly number[] }

type Post = { who: string; url: URL; body: object; allowLoopback: boolean; timeoutMs: number; codes: Codes; codeName: string }

/**
 * Robots answer 200 to everything and say in the body what happened. An answer whose body cannot be read has not said yes, and
 * sending again costs one more line in the group.
 */
export async function post(asked: Post, outside: Outside, signal: AbortSignal): Promise<Sent> {
  const { who, url, codes, codeName, allowLoopback, timeoutMs } = asked
  const body = Buffer.from(JSON.stringify(asked.body), 'utf8')
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  const answer = await outside.http({ method: 'POST', url, headers, body, allowLoopback, timeoutMs, maxBytes: 16_384 }, signal)
  const failure = httpFailure(answer, who, url.host, outside.now())
  if (failure) throw failure
  const code = codeIn(answer.body, codeName)
  if (code === 0) return { receipt: 'accepted', detail: `${codeName} 0` }
  // Only the number: what the provider writes beside it may repeat our key.
  const facts = { host: url.host, [codeName]: code }
  if (code === null) throw new DeliveryFailed(`${who} answered something else than it documents`, facts)
  if (codes.later.includes(code)) throw new DeliveryFailed(`${who} is sent too much or too fast`, facts, 60_000)
  if (codes.refused.includes(code)) throw new DeliveryRefused(`${who} refused the message`, facts)
  if (codes.misconfigured.includes(code)) throw new ChannelMisconfigured(`${who} does not know us or our signature`, facts)
  throw new DeliveryRejected(`${who} said no`, facts)
}

function codeIn(body: Uint8Array, name: string): number | null {
  try {
    const code = (JSON.parse(Buffer.from(body).toString('utf8')) as Record<string, unknown> | null)?.[name]
    return typeof code === 'number' ? code : null
  } catch {
    return null
  }
}

/** Chinese first, the link last: it opens a page that asks who is there. */
export const robotText = ({ text, link }: Message): string => (link === null ? text.zh : `${text.zh}\n${link}`)

/** Cut at a whole character, so that what is sent stays UTF-8 and within the provider's limit. */
export function cutBytes(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text
  let kept = ''
  let size = Buffer.byteLength('…')
  for (const character of text) {
    size += Buffer.byteLength(character)
    if (size > bytes) break
    kept += character
  }
  return `${kept}…`
}
