import { Type } from 'typebox'
import { NotFound } from '../../core/errors.ts'
import { IdSchema } from '../../core/registry.ts'
import { checkOrigin, demandKnown, type Caller } from '../access.ts'
import { askedOf, callerOf, type Api, type Context } from '../context.ts'
import { Forbidden, NotLoggedIn } from '../refusals.ts'
import { may } from '../rights.ts'
import type { Session } from '../people-database.ts'

const CodeSchema = Type.String({ minLength: 6, maxLength: 20, examples: ['287082'] })
const PasswordSchema = Type.String({ minLength: 1, maxLength: 256, examples: ['correct horse battery staple'] })
const SESSION_ID = 16

/** What people do for themselves, also before they may do anything else; and the sessions of others, for administrators. */
export function ownCalls(app: Api, context: Context): void {
  const { people, secondFactor, loginLimit, access } = context
  const tags = ['session']

  /** Somebody with a login of their own; a change must come from our pages. */
  const self = (request: Parameters<typeof askedOf>[0]): Caller => {
    const asked = askedOf(request)
    const caller = demandKnown(access.identify(asked))
    if (caller.via === 'wall' || !people.person(caller.id)) throw new Forbidden('forbidden', 'this is for people with a login')
    if (request.method !== 'GET') checkOrigin(caller, asked)
    return caller
  }
  /** Guessing here is guessing all the same. */
  const guarded = async <T>(caller: Caller, address: string, work: () => Promise<T>): Promise<T> => {
    const attempt = loginLimit.begin(address, caller.username, people.knows(caller.username, address))
    const done = await work().catch((error: Error & { code?: string }) => {
      if (error.code !== 'login-failed' && error.code !== 'second-factor-failed' && error.code !== 'code-wrong') attempt.right()
      throw error
    })
    attempt.right()
    return done
  }

  app.post(
    '/me/password',
    {
      schema: {
        tags,
        summary: 'Choose another password; every other session of mine ends',
        body: Type.Object({ current: PasswordSchema, password: PasswordSchema }, { additionalProperties: false }),
      },
    },
    async (request) => {
      const caller = self(request)
      const { current, password } = request.body
      await guarded(caller, request.socket.remoteAddress ?? '', () =>
        people.choosePassword(caller.id, current, password, caller.session),
      )
      return { ok: true }
    },
  )

  app.post(
    '/me/second-factor',
    {
      schema: { tags, summary: 'Begin with a second factor: a secret, and the same as the address an app reads from a QR code' },
    },
    async (request) => {
      const caller = self(request)
      if (caller.due === 'password') throw new Forbidden('password-change-required', 'choose a password of your own first')
      return secondFactor.begin(caller.id, caller.username)
    },
  )

  app.post(
    '/me/second-factor/confirm',
    {
      schema: {
        tags,
        summary: 'Put it in force with a first code; gives ten recovery codes, shown this once',
        body: Type.Object({ code: CodeSchema }, { additionalProperties: false }),
      },
    },
    async (request) => {
      const caller = self(request)
      const address = request.socket.remoteAddress ?? ''
      return { recoveryCodes: await guarded(caller, address, () => secondFactor.confirm(caller.id, request.body.code)) }
    },
  )

  app.delete(
    '/me/second-factor',
    {
      schema: {
        tags,
        summary: 'Take my second factor off; takes a code of it',
        body: Type.Object({ code: CodeSchema }, { additionalProperties: false }),
      },
    },
    async (request) => {
      const caller = self(request)
      await guarded(caller, request.socket.remoteAddress ?? '', async () => {
        if (await secondFactor.take(caller.id, request.body.code)) return
        throw new NotLoggedIn('second-factor-failed', 'the code is wrong, or was used already')
      })
      await secondFactor.remove(caller.id, caller.id)
      return { ok: true }
    },
  )

  app.delete(
    '/users/:id/second-factor',
    {
      schema: {
        tags: ['users'],
        summary: 'Take the second factor of somebody who lost it',
        params: Type.Object({ id: IdSchema }),
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'govern')
      const { id } = request.params
      if (!people.person(id)) throw new NotFound(`there is no user ${id}`)
      await secondFactor.remove(id, caller.id)
      await people.revoke(
        id,
        people.sessions(id).map(({ hash }) => hash),
        request.socket.remoteAddress ?? '',
        caller.id,
      )
      return { ok: true }
    },
  )

  const shown = ({ hash, personId, createdAt, usedAt, from, device }: Session, caller: Caller) => ({
    id: hash.slice(0, SESSION_ID),
    ...{ personId, username: people.person(personId)?.username ?? personId, createdAt, usedAt, from, device },
    isThis: hash === caller.session,
  })
  /** Their own; those of anybody for who governs people. */
  const whose = (caller: Caller, personId: string | undefined): string | undefined => {
    if (may(caller.role, 'govern') && caller.due === null) return personId
    if (personId !== undefined && personId !== caller.id) throw new Forbidden('forbidden', 'these are the sessions of others')
    return caller.id
  }
  const PersonSchema = Type.Object({ person: Type.Optional(IdSchema) })

  app.get(
    '/sessions',
    { schema: { tags, summary: 'Open sessions: mine, or of anybody for administrators', querystring: PersonSchema } },
    (request) => {
      const caller = self(request)
      const all = people.sessions(whose(caller, request.query.person ?? (may(caller.role, 'govern') ? undefined : caller.id)))
      return { sessions: all.map((session) => shown(session, caller)) }
    },
  )

  app.delete(
    '/sessions',
    { schema: { tags, summary: 'End all of my sessions but this one, or all of somebody', querystring: PersonSchema } },
    async (request) => {
      const caller = self(request)
      const id = whose(caller, request.query.person ?? caller.id)!
      const hashes = people.sessions(id).flatMap(({ hash }) => (hash === caller.session ? [] : [hash]))
      await people.revoke(id, hashes, request.socket.remoteAddress ?? '', caller.id)
      return { ended: hashes.length }
    },
  )

  app.delete(
    '/sessions/:id',
    { schema: { tags, summary: 'End a session', params: Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{16}$' }) }) } },
    async (request) => {
      const caller = self(request)
      const found = people.sessions(whose(caller, undefined)).find(({ hash }) => hash.startsWith(request.params.id))
      if (!found) throw new NotFound('there is no such session')
      await people.revoke(found.personId, [found.hash], request.socket.remoteAddress ?? '', caller.id)
      return { ended: 1 }
    },
  )
}
