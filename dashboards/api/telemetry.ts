import { Type } from 'typebox'
import type { Registry } from '../../core/registry.ts'
import { bearerToken, isFromHere, isLoopbackAddress } from '../access.ts'
import { askedOf, type Api } from '../context.ts'
import type { FastifyRequest } from 'fastify'
import type { Telemetry } from '../options.ts'
import { NotLoggedIn } from '../refusals.ts'
import { sha256 } from '../short-id.ts'

const MAX_BYTES = 256 * 1024

/** Readings over HTTP, as the ThingsBoard device API has it: the token in the path, or as a bearer token. */
export function telemetryCalls(app: Api, telemetry: Telemetry, registry: Registry): void {
  // In a scope of its own: here the body stays bytes, because the gateway reads them as it reads an MQTT payload.
  void app.register((inner, _options, done) => {
    inner.removeAllContentTypeParsers()
    inner.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body))
    // A token nobody has is refused, and counted, before the body is taken in.
    inner.addHook('onRequest', async (request) => {
      const token = (request.params as { token?: string }).token ?? bearer(request)
      if (registry.deviceByTokenHash(sha256(token)) !== undefined) return
      await telemetry(token, new Uint8Array(), addressOf(request as FastifyRequest))
    })
    const schema = { tags: ['telemetry'], summary: 'Readings of the device whose token this is; 200 only when durable' }
    const bytes = (body: unknown) => (body instanceof Uint8Array ? body : new Uint8Array())

    inner.post<{ Params: { token: string } }>(
      '/:token/telemetry',
      { bodyLimit: MAX_BYTES, schema: { ...schema, params: Type.Object({ token: Type.String({ maxLength: 100 }) }) } },
      async (request) => (await telemetry(request.params.token, bytes(request.body), addressOf(request as FastifyRequest))) ?? {},
    )
    inner.post(
      '/telemetry',
      { bodyLimit: MAX_BYTES, schema },
      async (request) => (await telemetry(bearer(request), bytes(request.body), addressOf(request))) ?? {},
    )
    done()
  })
}

function bearer({ headers }: Pick<FastifyRequest, 'headers'>): string {
  const token = bearerToken(headers)
  if (token === undefined) throw new NotLoggedIn('not-logged-in', "send the device's token as Authorization: Bearer wf_…")
  return token
}

/** Demo tokens are for this machine: behind a proxy on it, who is really there is not known. */
function addressOf(request: FastifyRequest): string {
  const asked = askedOf(request)
  return isLoopbackAddress(asked.remoteAddress) && !isFromHere(asked) ? 'proxied' : (asked.remoteAddress ?? '')
}
