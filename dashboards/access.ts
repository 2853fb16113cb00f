import type { IncomingHttpHeaders } from 'node:http'
import { Forbidden, NotLoggedIn } from './refusals.ts'
import { may, type Right, type Role } from './rights.ts'
import type { PairedWalls } from './paired-walls.ts'
import type { People } from './people.ts'
import type { Due } from './person.ts'
import { noLimits, Sight } from './sight.ts'
import type { Registry } from '../core/registry.ts'

export const COOKIE = 'watchfire_session'
export const WALL_COOKIE = 'watchfire_wall'

/** Who is asking, and how we know. */
export type Caller = {
  id: string
  username: string
  role: Role
  /** an `enterprise` person's own enterprise; null: they are no enterprise's */
  enterpriseId: string | null
  /** what they may see, and act on as far as their role goes */
  sight: Sight
  /** what they have to do before anything else */
  due: Due
  /** hash of the session, null without one */
  session: string | null
  via: 'bearer' | 'cookie' | 'loopback' | 'wall'
  /** the browser a wall's token is bound to; it says of no other that it is there */
  wall?: string
}

export type Asked = { headers: IncomingHttpHeaders; remoteAddress: string | undefined }

/** Which screen a wall's page says it is. */
export const wallOf = ({ headers }: Asked): string | undefined => {
  const said = headers['x-watchfire-wall']
  return typeof said === 'string' ? said : undefined
}

/** The demo's own person, for requests from this machine: no login, nothing of it kept. */
const demoPerson: Omit<Caller, 'sight'> = {
  id: 'demo',
  username: 'demo',
  role: 'admin',
  enterpriseId: null,
  due: null,
  session: null,
  via: 'loopback',
}

/** Tells who is asking: a bearer token, else the cookie, else (in the demo) anybody at this machine. */
export class Access {
  #people: People
  #walls: PairedWalls
  #openOnLoopback: boolean
  #registry: Registry

  constructor(people: People, walls: PairedWalls, openOnLoopback: boolean, registry: Registry) {
    this.#registry = registry
    this.#people = people
    this.#walls = walls
    this.#openOnLoopback = openOnLoopback
  }

  /** Null when nobody we know. A bearer token that is wrong does not fall back to anything weaker. */
  identify(asked: Asked, handshakeToken?: string, wall = wallOf(asked)): Caller | null {
    const bearer = handshakeToken ?? bearerToken(asked.headers)
    if (bearer !== undefined) return this.#bySession(bearer, 'bearer')
    // The wall's own page says which screen it is, and is then a wall whoever once logged in beside it.
    const byWall = wall === undefined ? null : this.#byWall(cookieOf(asked.headers, WALL_COOKIE), wall)
    if (byWall) return byWall
    const cookie = cookieOf(asked.headers, COOKIE)
    const byCookie = cookie === undefined ? null : this.#bySession(cookie, 'cookie')
    return (
      byCookie ??
      (this.#openOnLoopback && isFromHere(asked) ? { ...demoPerson, sight: new Sight(noLimits, this.#registry) } : null)
    )
  }

  #byWall(token: string | undefined, wall: string): Caller | null {
    const paired = token === undefined ? null : this.#walls.identify(token, wall)
    if (!paired) return null
    const { id, name, enterpriseId, hash } = paired
    const sight = new Sight({ ...noLimits, enterpriseId }, this.#registry)
    return { id: `wall:${id}`, username: name, role: 'viewer', enterpriseId, sight, due: null, session: hash, via: 'wall', wall }
  }

  #bySession(token: string, via: 'bearer' | 'cookie'): Caller | null {
    const known = this.#people.identify(token)
    if (!known) return null
    const { id, username, role, enterpriseId } = known.person
    const sight = new Sight(known.person, this.#registry)
    const due = this.#people.due(known.person)
    return { id, username, role, enterpriseId, sight, due, session: known.session, via }
  }
}

/** The caller, when we know them. */
export function demandKnown(caller: Caller | null): Caller {
  if (!caller)
    throw new NotLoggedIn('not-logged-in', 'log in first: POST /api/v1/session, then send the token as Authorization: Bearer')
  return caller
}

/** The caller, when they have the right; raises `NotLoggedIn` or `Forbidden` otherwise. */
export function demand(asking: Caller | null, right: Right): Caller {
  const caller = demandKnown(asking)
  if (caller.due === 'password')
    throw new Forbidden('password-change-required', 'choose a password of your own first: POST /api/v1/me/password')
  if (caller.due === 'second-factor')
    throw new Forbidden('second-factor-required', 'your role needs a second factor: POST /api/v1/me/second-factor')
  if (!may(caller.role, right))
    throw new Forbidden('forbidden', `the role ${caller.role} may not do this`, { role: caller.role, right })
  return caller
}

/**
 * A browser sends cookies, and reaches loopback, for whatever page asks; so what rides on them must come from our own
 * pages (semantics 25). A cookie needs an Origin; the demo also takes requests that come from no browser.
 */
export function checkOrigin(caller: Caller, { headers }: Asked): void {
  if (caller.via === 'bearer') return
  const { origin, host } = headers
  if (origin === undefined && caller.via === 'loopback' && !isCrossSite(headers)) return
  if (origin === undefined || !isOwnOrigin(origin, host)) {
    throw new Forbidden(
      'origin-refused',
      'a request with a cookie must come from our own pages; programs send Authorization: Bearer instead',
      { origin: origin ?? null },
    )
  }
}

/** A live handshake: a foreign page may not open one, whatever it carries. */
export const isForeign = ({ headers }: Asked): boolean =>
  headers.origin === undefined ? isCrossSite(headers) : !isOwnOrigin(headers.origin, headers.host)

const isCrossSite = (headers: IncomingHttpHeaders) => {
  const site = headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

function isOwnOrigin(origin: string, host: string | undefined): boolean {
  const url = URL.parse(origin)
  return url !== null && host !== undefined && url.host === normalHost(host, url.protocol)
}

/** `URL.host` leaves out the scheme's own port; so must what we compare it with. */
const normalHost = (host: string, protocol: string) => URL.parse(`${protocol}//${host}`)?.host

/**
 * From this machine, by a name of this machine (another name means a page elsewhere has pointed its own name at us), and
 * not through a proxy, which would make the whole world look local.
 */
export function isFromHere({ headers, remoteAddress }: Asked): boolean {
  const proxied = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'].some((name) => headers[name] !== undefined)
  const name = URL.parse(`http://${headers.host ?? ''}`)?.hostname ?? ''
  return (
    !proxied &&
    isLoopbackAddress(remoteAddress) &&
    (name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name))
  )
}

export const isLoopbackAddress = (address: string | undefined): boolean =>
  address !== undefined && (address === '::1' || /^(::ffff:)?127\./.test(address))

export const bearerToken = (headers: IncomingHttpHeaders): string | undefined =>
  /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]

function cookieOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  for (const part of (headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=')
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim()
  }
  return undefined
}
