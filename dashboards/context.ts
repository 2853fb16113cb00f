import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { Clock } from '../core/clock.ts'
import type { Registry } from '../core/registry.ts'
import { checkOrigin, demand, type Access, type Asked, type Caller } from './access.ts'
import type { LiveState } from './live-state.ts'
import type { LoginLimit } from './login-limit.ts'
import type { DashboardsOptions } from './options.ts'
import type { People } from './people.ts'
import type { Recorder } from './recorder.ts'
import type { Right } from './rights.ts'
import type { RuleHistory } from './rule-history.ts'
import type { Verdicts } from './verdicts.ts'

/** What the calls of the API work with. */
export type Context = DashboardsOptions & {
  clock: Clock
  registry: Registry
  access: Access
  people: People
  loginLimit: LoginLimit
  live: LiveState
  recorder: Recorder
  verdicts: Verdicts
  ruleHistory: RuleHistory
}

export type Api = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>

export const askedOf = ({ headers, socket }: FastifyRequest): Asked => ({ headers, remoteAddress: socket.remoteAddress })

/**
 * Who is asking, when they may. A call that changes something names a right other than `read`, and is then also checked
 * for where it comes from.
 */
export function callerOf({ access }: Context, request: FastifyRequest, right: Right): Caller {
  const asked = askedOf(request)
  const caller = demand(access.identify(asked), right)
  if (request.method !== 'GET' && request.method !== 'HEAD') checkOrigin(caller, asked)
  return caller
}

/** Nobody's body is taken in before it is known whose it is: a stranger must not cost us memory. */
export function turnStrangersAway(api: Api, { access }: Context): void {
  api.addHook('onRequest', (request, _reply, done) => {
    const { url = '' } = request.routeOptions
    const isOpen = url.endsWith('/session') || url.endsWith('/telemetry')
    const brings = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
    try {
      if (brings && !isOpen) demand(access.identify(askedOf(request)), 'read')
      done()
    } catch (error) {
      done(error as Error)
    }
  })
}

/** Whether this belongs to what the person may see. What they may not see does not exist for them. */
export const sees = (caller: Caller, enterpriseId: string | null | undefined): boolean =>
  caller.enterpriseId === null || caller.enterpriseId === enterpriseId
