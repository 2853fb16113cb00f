import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { DeliveryFailed, type HttpAnswer, type HttpRequest, type Outside } from '../channels/channel.ts'
import type { Address, Resolver } from './guard.ts'

/** One request to a pinned address. A redirect is an answer like any other; the body is read only as far as it is wanted. */
export const guardedHttp =
  ({ resolve, unreachable }: Resolver): Outside['http'] =>
  async (asked, signal) => {
    const pinned = await resolve(asked.url.hostname, asked.allowLoopback)
    // Only now: the look-up has a bound of its own, and an address is not at fault for what it took.
    const within = AbortSignal.any([signal, AbortSignal.timeout(asked.timeoutMs)])
    return exchange(asked, pinned, within).catch((error: NodeJS.ErrnoException) => {
      if (!signal.aborted) unreachable(asked.url.hostname)
      const reason = within.aborted && !signal.aborted ? `no answer within ${asked.timeoutMs} ms` : (error.code ?? error.name)
      throw new DeliveryFailed('the receiver could not be reached', { host: asked.url.host, reason })
    })
  }

function exchange({ url, method, headers, body, maxBytes }: HttpRequest, pinned: Address[], signal: AbortSignal) {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise<HttpAnswer>((done, failed) => {
    const sent = request(
      url,
      {
        method,
        headers: { ...headers, 'content-length': String(body.byteLength), 'user-agent': 'Watchfire' },
        agent: false,
        signal,
        lookup: (_host, { all }, give) => {
          if (all) give(null, pinned)
          else give(null, pinned[0]!.address, pinned[0]!.family)
        },
      },
      (answer) => take(answer, maxBytes).then(done, failed),
    )
    sent.on('error', failed)
    sent.end(body)
  })
}

/** An answer longer than wanted ends where it is enough; one that breaks off before is no answer. */
function take(answer: IncomingMessage, maxBytes: number): Promise<HttpAnswer> {
  const { statusCode: status = 0, headers } = answer
  return new Promise((done, failed) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const finish = () => {
      done({ status, headers, body: Buffer.concat(chunks).subarray(0, maxBytes) })
      answer.destroy()
    }
    answer.on('error', failed)
    answer.on('aborted', () => failed(Object.assign(new Error('cut'), { code: 'ECONNRESET' })))
    if (maxBytes === 0) return finish()
    answer.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.byteLength
      if (bytes >= maxBytes) finish()
    })
    answer.on('end', finish)
  })
}
