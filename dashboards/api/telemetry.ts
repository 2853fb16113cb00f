import { Type } from 'typebox'
import { bearerToken, isFromHere, isLoopbackAddress } from '../access.ts'
import { askedOf, type Api } from '../context.ts'
import type { FastifyRequest } from 'fastify'
import type { Telemetry } from '../options.ts'
import { NotLoggedIn } from '../refusals.ts'

const MAX_BYTES = 256 * 1024

/** Readings over HTTP, as the ThingsBoard device API has it: the token in the path, or as a bearer token. */
export function telemetryCalls(app: Api, telemetry: Telemetry): void {
  // In a scope of its own: here the body stays bytes, because the gateway reads them as it reads an MQTT payload.
  void app.register((inner, _options, done) => {
    inner.removeAllContentTypeParsers()
    inner.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body))
    const schema = { tags: ['telemetry'], summary: 'Readings of the device whose token this is; 200 only when durable' }
    const bytes = (body: unknown) => (body instanceof Uint8Array ? body : new Uint8Array())

    inner.post<{ Params: { token: string } }>(
      '/:token/telemetry',
      { bodyLimit: MAX_BYTES, schema: { ...schema, params: Type.Object({ token: Type.String({ maxLength: 100 }) }) } },
      async (request) => (await telemetry(request.params.token, bytes(request.body), addressOf(request as FastifyRequest))) ?? {},
    )
    inner.post('/telemetry', { bodyLimit: MAX_BYTES, schema }, async (request) => {
      const token = bearerToken(request.headers)
      if (token === undefined) throw new NotLoggedIn('not-logged-in', "send the device's token as Authorization: Bearer wf_…")
      return (await telemetry(token, bytes(request.body), addressOf(request))) ?? {}
    })
    done()
  })
}

/** Demo tokens are for this machine: behind a proxy on it, who is really there is not known. */
function addressOf(request: FastifyRequest): string {
  const asked = askedOf(request)
  return isLoopbackAddress(asked.remoteAddress) && !isFromHere(asked) ? 'proxied' : (asked.remoteAddress ?? '')
}
