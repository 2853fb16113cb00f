import { Type } from 'typebox'
import type { CallbackRequest, Callbacks } from '../../core/push.ts'
import type { Api } from '../context.ts'

const MAX_BYTES = 64 * 1024

/**
 * What providers of text messages and calls tell later. Only POST, only signed: the channel checks, here it is only handed
 * over. Nobody logs in: the signature
 * is the login.
 */
export function callbackCalls(app: Api, callbacks: Callbacks): void {
  // In a scope of its own: the signature is over the bytes, so the body stays bytes.
  void app.register((inner, _options, done) => {
    inner.removeAllContentTypeParsers()
    inner.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body))
    inner.post<{ Params: { channel: string }; Querystring: Record<string, unknown> }>(
      '/callbacks/:channel',
      {
        bodyLimit: MAX_BYTES,
        schema: {
          tags: ['callbacks'],
          summary: 'Receipts and pressed keys from a provider, signed as the channel of that name has it',
          params: Type.Object({ channel: Type.String({ maxLength: 32 }) }),
          security: [],
        },
      },
      async (request, reply) => {
        const body = request.body instanceof Uint8Array ? new Uint8Array(request.body) : new Uint8Array()
        const handed: CallbackRequest = { headers: single(request.headers), query: texts(request.query), body }
        const answer = await callbacks.receive(request.params.channel, handed)
        return reply.code(answer.status).type(answer.contentType).serializer(String).send(answer.body)
      },
    )
    done()
  })
}

/** Headers a signature may be in come once. */
const single = (headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(headers).filter((pair): pair is [string, string] => typeof pair[1] === 'string'))

const texts = (query: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(query).filter((pair): pair is [string, string] => typeof pair[1] === 'string'))
