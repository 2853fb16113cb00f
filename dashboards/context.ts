import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { Alarm } from '../core/alarm.ts'
import type { Clock } from '../core/clock.ts'
import type { Registry } from '../core/registry.ts'
import type { Hazards } from './hazard-book.ts'
import type { HazardNotices } from './hazard-notices.ts'
import { checkOrigin, demand, demandKnown, type Access, type Asked, type Caller } from './access.ts'
import type { Handovers } from './handovers.ts'
import type { LiveState } from './live-state.ts'
import type { LoginLimit } from './login-limit.ts'
import type { DashboardsOptions } from './options.ts'
import type { PairedWalls } from './paired-walls.ts'
import type { People } from './people.ts'
import type { Recorder } from './recorder.ts'
import { Forbidden } from './refusals.ts'
import type { Right } from './rights.ts'
import type { Audit } from './audit.ts'
import type { Offices } from './offices.ts'
import type { SecondFactor } from './second-factor.ts'
import type { Roster } from './roster.ts'
import type { RuleHistory } from './rule-history.ts'
import type { Tips } from './tips.ts'
import type { Verdicts } from './verdicts.ts'
import type { Voice } from './voice.ts'
import type { Walls } from './walls.ts'

/** What the calls of the API work with. */
export type Context = DashboardsOptions & {
  clock: Clock
  registry: Registry
  access: Access
  people: People
  secondFactor: SecondFactor
  offices: Offices
  audit: Audit
  loginLimit: LoginLimit
  live: LiveState
  recorder: Recorder
  verdicts: Verdicts
  voice: Voice
  walls: Walls
  pairedWalls: PairedWalls
  ruleHistory: RuleHistory
  roster: Roster
  handovers: Handovers
  hazards: Hazards
  hazardNotices: HazardNotices
  tips: Tips
  /** How many walls were asked to show an alarm. */
  showOnWalls: (alarm: Alarm) => number
}

export type Api = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>

const forAll = new Set<Right>(['install', 'tune', 'govern'])

export const askedOf = ({ headers, socket }: FastifyRequest): Asked => ({ headers, remoteAddress: socket.remoteAddress })

/**
 * Who is asking, when they may. A call that changes something names a right other than `read`, and is then also checked
 * for where it comes from. What holds for everybody is for those who answer for everything, unless the call checks itself what part
 * it is about (`inPart`).
 */
export function callerOf({ access }: Context, request: FastifyRequest, right: Right, { inPart = false } = {}): Caller {
  const asked = askedOf(request)
  const caller = demand(access.identify(asked), right)
  if (forAll.has(right) && !caller.sight.isWhole && !inPart)
    throw new Forbidden('forbidden', 'this holds for the whole jurisdiction, and you answer for a part of it', { right })
  if (request.method === 'GET' || request.method === 'HEAD') return caller
  if (caller.via === 'wall') throw new Forbidden('forbidden', 'a wall shows and changes nothing', { right })
  checkOrigin(caller, asked)
  return caller
}

/** Nobody's body is taken in before it is known whose it is: a stranger must not cost us memory. */
export function turnStrangersAway(api: Api, { access }: Context): void {
  api.addHook('onRequest', (request, _reply, done) => {
    const { url = '' } = request.routeOptions
    // A callback is small and its signature is over its body.
    const isOpen =
      url.endsWith('/session') ||
      url.endsWith('/session/second-factor') ||
      url.endsWith('/telemetry') ||
      url.endsWith('/callbacks/:channel') ||
      url.endsWith('/tips') ||
      url.endsWith('/tips/state')
    const brings = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
    try {
      if (brings && !isOpen) demandKnown(access.identify(askedOf(request)))
      done()
    } catch (error) {
      done(error as Error)
    }
  })
}

/** Whether this belongs to what the person may see. What they may not see does not exist for them. */
export const sees = ({ sight }: Pick<Caller, 'sight'>, enterpriseId: string | null | undefined): boolean =>
  sight.covers(enterpriseId)

/** The part of a question to another thread that keeps the answer to what the person may see. */
export function onlySeen({ sight }: Caller, enterpriseId?: string): { enterpriseId?: string; enterpriseIds?: string[] } {
  if (enterpriseId !== undefined) return { enterpriseId }
  if (sight.enterpriseId !== null) return { enterpriseId: sight.enterpriseId }
  const enterpriseIds = sight.enterpriseIds()
  return enterpriseIds === null ? {} : { enterpriseIds }
}
