import { Type } from 'typebox'
import { checkOrigin, COOKIE, isForeign, WALL_COOKIE, type Caller } from '../access.ts'
import { askedOf, type Api, type Context } from '../context.ts'
import type { Person } from '../people-database.ts'
import { within } from '../recorder.ts'
import { Forbidden, NotLoggedIn } from '../refusals.ts'

const LoginSchema = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 64, examples: ['admin'] }),
    password: Type.String({ minLength: 1, maxLength: 256, examples: ['correct horse battery staple'] }),
  },
  { additionalProperties: false },
)
const SecondSchema = Type.Object(
  {
    ticket: Type.String({ minLength: 1, maxLength: 64 }),
    code: Type.String({
      minLength: 6,
      maxLength: 20,
      examples: ['287082'],
      description: 'of the authenticator, or a recovery code',
    }),
  },
  { additionalProperties: false },
)

type Shown = Pick<Person, 'id' | 'username' | 'role' | 'enterpriseId'>
const shown = ({ id, username, role, enterpriseId }: Shown): Shown => ({ id, username, role, enterpriseId })
/** What they answer for and must do, where there is anything. */
const besides = ({ sight: { regions, sectors }, due }: Caller) => ({
  ...(regions.length + sectors.length > 0 && { regions, sectors }),
  ...(due && { due }),
})
const YEAR_S = 31_536_000
/** A login is recorded before it is answered, and the disk may be full. */
const LOGIN_MS = 10_000
const BODY_BYTES = 4_096

export function sessionCalls(app: Api, context: Context): void {
  const { people, secondFactor, access, loginLimit, config } = context
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict' as const, secure: config.tls !== null }
  const guessed = new Set(['login-failed', 'second-factor-failed'])

  /** Counts as a failure until it is known to be none. */
  const attempt = async <T>(address: string, username: string, work: () => Promise<T>): Promise<T> => {
    const attempt = loginLimit.begin(address, username, people.knows(username, address))
    const done = await within(LOGIN_MS, work()).catch((error: Error & { code?: string }) => {
      // Not the caller's fault, as far as can be told.
      if (!guessed.has(error.code ?? '')) attempt.right()
      throw error
    })
    attempt.right()
    return done
  }
  const deviceOf = (agent: string | undefined) => (agent ?? '').slice(0, 200)

  const enter = async (id: string, address: string, agent: string | undefined) => {
    const { token, person } = await within(LOGIN_MS, people.enter(id, address, deviceOf(agent)))
    const { failedLogins, lastLoginAt } = person
    const due = people.due(person)
    return {
      token,
      user: { ...shown(person), ...(due && { due }) },
      // Somebody else may have tried: they alone can tell.
      ...(failedLogins > 0 && { sinceLastLogin: { failedLogins, lastLoginAt } }),
    }
  }

  app.post(
    '/session',
    {
      bodyLimit: BODY_BYTES,
      schema: {
        tags: ['session'],
        summary:
          'Log in: a token, and the same as a cookie for pages. 401 second-factor with a ticket where a code is asked for as well',
        body: LoginSchema,
      },
    },
    async (request, reply) => {
      const asked = askedOf(request)
      // Logging a visitor in as somebody else is an attack too.
      if (isForeign(asked)) throw new Forbidden('origin-refused', 'log in from our own pages, or from a program')
      const { username, password } = request.body
      const address = asked.remoteAddress ?? ''
      const answer = await attempt(address, username, async () => {
        const person = await people.prove(username, password, address)
        if (person.secondFactorSince === null) return enter(person.id, address, asked.headers['user-agent'])
        const ticket = secondFactor.ticket(person.id)
        throw new NotLoggedIn('second-factor', 'the password is right; a code is needed as well', { ticket })
      })
      reply.setCookie(COOKIE, answer.token, { ...cookie, maxAge: YEAR_S })
      return answer
    },
  )

  app.post(
    '/session/second-factor',
    {
      bodyLimit: BODY_BYTES,
      schema: { tags: ['session'], summary: 'The code a login asked for; each works once', body: SecondSchema },
    },
    async (request, reply) => {
      const asked = askedOf(request)
      if (isForeign(asked)) throw new Forbidden('origin-refused', 'log in from our own pages, or from a program')
      const { ticket, code } = request.body
      const address = asked.remoteAddress ?? ''
      const username = people.person(secondFactor.holder(ticket) ?? '')?.username ?? ''
      const answer = await attempt(address, username, async () => {
        const id = await secondFactor.redeem(ticket, code, address)
        if (people.person(id)?.disabled !== false) throw new NotLoggedIn('login-failed', 'this user is shut out')
        return enter(id, address, asked.headers['user-agent'])
      })
      reply.setCookie(COOKIE, answer.token, { ...cookie, maxAge: YEAR_S })
      return answer
    },
  )

  app.get('/session', { schema: { tags: ['session'], summary: 'Who I am, and what this deployment is' } }, (request, reply) => {
    const caller = access.identify(askedOf(request))
    const wall = caller?.via === 'wall' ? context.pairedWalls.list().find(({ hash }) => hash === caller.session) : undefined
    // A browser drops a cookie after a year at the latest; a wall that stands on never notices.
    const token = request.cookies[WALL_COOKIE]
    if (wall && token !== undefined) reply.setCookie(WALL_COOKIE, token, { ...cookie, maxAge: YEAR_S })
    return {
      user: caller ? { ...shown(caller), ...besides(caller) } : null,
      // What a paired screen was set to.
      wall: wall ? { id: wall.id, name: wall.name, layout: wall.layout } : null,
      mode: config.mode,
      jurisdiction: config.jurisdiction,
      zone: config.zone,
      demo: context.demo !== undefined,
      version: config.version,
      mqttPort: config.mqttPort ?? null,
      // Grafana shows every enterprise's readings: not for people who may see a part.
      grafanaUrl: caller?.sight.isWhole ? (config.grafanaUrl ?? null) : null,
    }
  })

  app.delete('/session', { schema: { tags: ['session'], summary: 'Log out' } }, async (request, reply) => {
    const asked = askedOf(request)
    const caller = access.identify(asked)
    if (caller) checkOrigin(caller, asked)
    if (caller?.session) await people.logOut(caller.session, asked.remoteAddress ?? '')
    reply.clearCookie(COOKIE, cookie)
    return { user: null }
  })
}
