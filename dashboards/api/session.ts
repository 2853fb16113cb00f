import { Type } from 'typebox'
import { COOKIE, WALL_COOKIE } from '../access.ts'
import { askedOf, type Api, type Context } from '../context.ts'
import { checkOrigin } from '../access.ts'
import { isForeign } from '../access.ts'
import { Forbidden } from '../refusals.ts'
import type { Person } from '../people-database.ts'
import { within } from '../recorder.ts'

const LoginSchema = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 64, examples: ['admin'] }),
    password: Type.String({ minLength: 1, maxLength: 256, examples: ['correct horse battery staple'] }),
  },
  { additionalProperties: false },
)

type Shown = Pick<Person, 'id' | 'username' | 'role' | 'enterpriseId'>
const shown = ({ id, username, role, enterpriseId }: Shown): Shown => ({ id, username, role, enterpriseId })
const YEAR_S = 31_536_000
/** A login is recorded before it is answered, and the disk may be full. */
const LOGIN_MS = 10_000
const BODY_BYTES = 4_096

export function sessionCalls(app: Api, context: Context): void {
  const { people, access, loginLimit, config } = context
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict' as const, secure: config.tls !== null }

  app.post(
    '/session',
    {
      bodyLimit: BODY_BYTES,
      schema: { tags: ['session'], summary: 'Log in: a token, and the same as a cookie for pages', body: LoginSchema },
    },
    async (request, reply) => {
      const asked = askedOf(request)
      // Logging a visitor in as somebody else is an attack too.
      if (isForeign(asked)) throw new Forbidden('origin-refused', 'log in from our own pages, or from a program')
      const { username, password } = request.body
      const address = asked.remoteAddress ?? ''
      const attempt = loginLimit.begin(address, username)
      const { token, person } = await within(LOGIN_MS, people.logIn(username, password, address)).catch(
        (error: Error & { code?: string }) => {
          // Not the caller's fault, as far as can be told.
          if (error.code !== 'login-failed') attempt.right()
          throw error
        },
      )
      attempt.right()
      reply.setCookie(COOKIE, token, { ...cookie, maxAge: YEAR_S })
      return { token, user: shown(person) }
    },
  )

  app.get('/session', { schema: { tags: ['session'], summary: 'Who I am, and what this deployment is' } }, (request, reply) => {
    const caller = access.identify(askedOf(request))
    const wall = caller?.via === 'wall' ? context.pairedWalls.list().find(({ hash }) => hash === caller.session) : undefined
    // A browser drops a cookie after a year at the latest; a wall that stands on never notices.
    const token = request.cookies[WALL_COOKIE]
    if (wall && token !== undefined) reply.setCookie(WALL_COOKIE, token, { ...cookie, maxAge: YEAR_S })
    return {
      user: caller ? shown(caller) : null,
      // What a paired screen was set to.
      wall: wall ? { id: wall.id, name: wall.name, layout: wall.layout } : null,
      mode: config.mode,
      jurisdiction: config.jurisdiction,
      zone: config.zone,
      demo: context.demo !== undefined,
      version: config.version,
      mqttPort: config.mqttPort ?? null,
      // Grafana shows every enterprise's readings: not for people who may see one.
      grafanaUrl: caller?.enterpriseId === null ? (config.grafanaUrl ?? null) : null,
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
