import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Conflict, PlatformError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { TooMany } from './refusals.ts'

/** What a code means to HTTP. Everything else a part expects to go wrong is the caller's input: 400. */
const statusOf: Record<string, number> = {
  'not-logged-in': 401,
  'login-failed': 401,
  'second-factor': 401,
  'second-factor-failed': 401,
  'ticket-over': 401,
  'bad-credential': 401,
  forbidden: 403,
  'callback-refused': 403,
  'origin-refused': 403,
  'own-proposal': 403,
  'own-window': 403,
  'own-version': 403,
  'two-persons': 403,
  'password-change-required': 403,
  'second-factor-required': 403,
  'not-found': 404,
  'stale-version': 409,
  'wrong-state': 409,
  'window-over': 409,
  'window-test-too-long': 409,
  'window-test-too-soon': 409,
  'window-test-too-much': 409,
  'id-taken': 409,
  'username-taken': 409,
  'last-admin': 409,
  'already-retired': 409,
  'already-linked': 409,
  'already-received': 409,
  'fields-missing': 409,
  'evidence-missing': 409,
  'same-person': 409,
  'in-use': 409,
  'pack-rule': 409,
  'dry-run-needed': 409,
  'no-roll-call': 409,
  'no-channels': 409,
  'too-large': 413,
  'idempotency-mismatch': 422,
  'too-many-attempts': 429,
  'rate-limited': 429,
  'catching-up': 503,
  'influx-unreachable': 503,
  'influx-refused': 503,
  'no-verdict': 503,
  'journal-full': 503,
  busy: 503,
  'too-long': 422,
  'voice-off': 503,
  'no-escalation': 503,
  'voice-busy': 503,
  'voice-failed': 503,
  unavailable: 503,
}

/** fastify's own refusals, in our words. */
const ownWords: Record<string, { status: number; code: string; message: string }> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, code: 'too-large', message: 'the body is larger than this call takes' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { status: 415, code: 'not-json', message: 'send JSON, with content-type: application/json' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { status: 400, code: 'invalid', message: 'the body is not as long as content-length says' },
  FST_ERR_BAD_URL: { status: 400, code: 'invalid', message: 'the address cannot be decoded' },
}

export type ErrorAnswer = { error: { code: string; message: string; details?: Record<string, unknown> } }

/** Every refusal has one shape, `{error:{code,message,details?}}`: code for machines, message for people. */
export function answerErrors(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error: FastifyError | PlatformError, request, reply) => {
    const { status, body } = answerTo(error)
    if (error instanceof TooMany) reply.header('retry-after', String(error.retryAfterS))
    if (status === 500) {
      log.error('request failed', {
        route: `${request.method} ${request.routeOptions.url}`,
        error: error.message,
        stack: error.stack,
      })
    }
    return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body))
  })
  app.setNotFoundHandler((_request: FastifyRequest, reply: FastifyReply) => {
    const body: ErrorAnswer = {
      error: { code: 'not-found', message: 'there is nothing at this address; what there is stands at /api/docs' },
    }
    return reply.code(404).type('application/json; charset=utf-8').send(JSON.stringify(body))
  })
}

function answerTo(error: FastifyError | PlatformError): { status: number; body: ErrorAnswer } {
  if (error instanceof PlatformError && error.code !== 'bug') {
    const { code, message, details } = error
    return {
      status: statusOf[code] ?? (error instanceof Conflict ? 409 : 400),
      body: { error: { code, message, ...(Object.keys(details).length > 0 && { details }) } },
    }
  }
  const own = ownWords[error.code]
  if (own) return { status: own.status, body: { error: { code: own.code, message: own.message } } }
  const status = (error as FastifyError).statusCode ?? 500
  if (status >= 400 && status < 500) return { status, body: { error: { code: 'invalid', message: error.message } } }
  return { status: 500, body: { error: { code: 'internal', message: 'something broke on our side; it has been logged' } } }
}
