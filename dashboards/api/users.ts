import { Type } from 'typebox'
import { positions } from '../../core/contact.ts'
import { Invalid } from '../../core/errors.ts'
import { IdSchema } from '../../core/registry.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import type { Person } from '../people-database.ts'
import { hasPersonalData, maskContact } from '../masking.ts'
import { may, roles } from '../rights.ts'

const RoleSchema = Type.Enum([...roles], { examples: ['duty'] })
const PasswordSchema = Type.String({ minLength: 1, maxLength: 256, examples: ['correct horse battery staple'] })
const limits = {
  regions: Type.Optional(
    Type.Array(Type.String({ pattern: '^[0-9]{6,12}$' }), {
      maxItems: 100,
      examples: [['330106']],
      description: 'division codes they answer for; with no sectors either, everything',
    }),
  ),
  sectors: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 60 }), {
      maxItems: 100,
      examples: [['chemical']],
      description: 'or these sectors',
    }),
  ),
}
export const NewUserSchema = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 64, pattern: '^\\S(.*\\S)?$', examples: ['li.lei'] }),
    password: PasswordSchema,
    role: RoleSchema,
    enterpriseId: Type.Optional(Type.Union([IdSchema, Type.Null()], { examples: ['e-4k2m9p'] })),
    ...limits,
    mustChangePassword: Type.Optional(Type.Boolean({ description: 'they choose their own at the first login' })),
  },
  { additionalProperties: false },
)
const text = (maxLength: number, examples: string[]) =>
  Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength }), Type.Null()], { examples }))
export const ContactSchema = Type.Object(
  {
    name: text(60, ['王伟']),
    phone: Type.Optional(
      Type.Union([Type.String({ pattern: '^\\+?[0-9][0-9 -]{4,19}$' }), Type.Null()], { examples: ['+8613800000000'] }),
    ),
    mail: Type.Optional(
      Type.Union([Type.String({ maxLength: 200, pattern: '^[^@\\s]+@[^@\\s]+$' }), Type.Null()], {
        examples: ['wang@example.org'],
      }),
    ),
    position: Type.Optional(Type.Union([Type.Enum([...positions]), Type.Null()], { description: 'at their enterprise' })),
    addresses: Type.Optional(
      Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }), Type.String({ minLength: 1, maxLength: 300 }), {
        description: 'further addresses by name of the channel',
      }),
    ),
  },
  { additionalProperties: false },
)
const UserChangeSchema = Type.Object(
  {
    role: Type.Optional(RoleSchema),
    password: Type.Optional(PasswordSchema),
    disabled: Type.Optional(Type.Boolean({ examples: [true] })),
    ...limits,
    contact: Type.Optional(ContactSchema),
  },
  { additionalProperties: false },
)
const ByIdSchema = Type.Object({ id: IdSchema })

const shown = (person: Person) => {
  const { id, username, role, enterpriseId, disabled, createdAt, contact, views: _theirs, ...account } = person
  return {
    id,
    username,
    role,
    enterpriseId,
    disabled,
    createdAt,
    contact,
    ...account,
  }
}

export function userCalls(app: Api, context: Context): void {
  const { people, recorder, registry } = context

  app.get(
    '/users',
    { schema: { tags: ['users'], summary: 'Everybody who may log in; telephone numbers whole for administrators only' } },
    async (request) => {
      // Who makes rosters and departments must know whom there is.
      const caller = callerOf(context, request, 'tune', { inPart: true })
      const all = people.list()
      if (!may(caller.role, 'govern'))
        return { users: all.map((person) => ({ ...shown(person), contact: maskContact(person.contact) })) }
      const seen = all.filter((person) => person.id !== caller.id && hasPersonalData(person)).map(({ id }) => id)
      if (seen.length > 0) await recorder.append({ kind: 'personal-data.accessed', personIds: seen, what: 'list', by: caller.id })
      return { users: all.map(shown) }
    },
  )

  app.post('/users', { schema: { tags: ['users'], summary: 'Add a user', body: NewUserSchema } }, async (request, reply) => {
    const caller = callerOf(context, request, 'govern')
    const { enterpriseId = null, ...wanted } = request.body
    const { role } = wanted
    if ((role === 'enterprise') !== (enterpriseId !== null)) {
      throw new Invalid('invalid', 'enterpriseId goes with the role enterprise, and only with it', { field: 'enterpriseId' })
    }
    if (enterpriseId !== null && !registry.enterprises.has(enterpriseId)) {
      throw new Invalid('invalid', `enterpriseId: there is no enterprise ${enterpriseId}`, { field: 'enterpriseId' })
    }
    const person = await people.add({ ...wanted, enterpriseId }, caller.id)
    return reply.code(201).send(shown(person))
  })

  app.patch(
    '/users/:id',
    { schema: { tags: ['users'], summary: 'Change role or password, or shut out', params: ByIdSchema, body: UserChangeSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'govern')
      return shown(await people.change(request.params.id, request.body, caller.id))
    },
  )
}
