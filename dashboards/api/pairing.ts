import { Type } from 'typebox'
import { Invalid, NotFound } from '../../core/errors.ts'
import { IdSchema } from '../../core/registry.ts'
import { isForeign, WALL_COOKIE, wallOf } from '../access.ts'
import { askedOf, callerOf, sees, type Api, type Context } from '../context.ts'
import { PairingCodes } from '../pairing-codes.ts'
import type { PairedWall } from '../people-database.ts'
import { Forbidden } from '../refusals.ts'

const CodeSchema = Type.Object({ code: Type.String({ pattern: '^[0-9A-Za-z]{6}$', examples: ['7KQ4TX'] }) })
const LayoutSchema = Type.Object(
  {
    seams: Type.Array(Type.Integer({ minimum: 1, maximum: 20_000 }), { maxItems: 4, default: [] }),
    theme: Type.Enum(['auto', 'day', 'night'], { default: 'auto' }),
    locale: Type.Enum(['zh-CN', 'en'], { default: 'zh-CN' }),
    names: Type.Boolean({ default: true, description: 'names of persons on the wall' }),
  },
  { additionalProperties: false },
)
const ApproveSchema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 40, pattern: '\\S', examples: ['指挥大厅'] }),
    enterpriseId: Type.Optional(Type.Union([IdSchema, Type.Null()], { description: 'show this enterprise only' })),
    layout: Type.Optional(LayoutSchema),
  },
  { additionalProperties: false },
)
const wallId = /^[A-Za-z0-9-]{8,64}$/
const plainLayout = { seams: [], theme: 'auto', locale: 'zh-CN', names: true } as const

/** A screen asks with a code, a supervisor approves the code, and the secret the screen holds already is its token. */
export function pairingCalls(api: Api, context: Context): void {
  const { clock, config, pairedWalls, people, registry, walls } = context
  const codes = new PairingCodes(clock)
  const tags = ['wall']
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict' as const, secure: config.tls !== null, maxAge: 31_536_000 }

  api.post('/pairing', { schema: { tags, summary: 'A screen asks to become a wall: the code to show' } }, (request, reply) => {
    const asked = askedOf(request)
    if (isForeign(asked)) throw new Forbidden('origin-refused', 'a wall is paired from our own page')
    const wall = wallOf(asked)
    if (wall === undefined || !wallId.test(wall))
      throw new Invalid('invalid', 'the header x-watchfire-wall names the screen', { field: 'x-watchfire-wall' })
    const { asking, secret } = codes.ask(wall, asked.remoteAddress ?? '')
    reply.setCookie(WALL_COOKIE, secret, cookie)
    return { code: asking.code, expiresAt: asking.expiresAt, serverTs: clock.now() }
  })

  const find = (code: string) => {
    const asking = codes.find(code)
    if (!asking) throw new NotFound(`no screen shows the code ${code.toUpperCase()} now`)
    return asking
  }

  api.get('/pairing/:code', { schema: { tags, summary: 'Which screen shows this code', params: CodeSchema } }, (request) => {
    callerOf(context, request, 'tune')
    const { code, address, askedAt, expiresAt } = find(request.params.code)
    return { code, address, askedAt, expiresAt }
  })

  api.post(
    '/pairing/:code/approve',
    { schema: { tags, summary: 'Make the screen that shows this code a wall', params: CodeSchema, body: ApproveSchema } },
    async (request, reply) => {
      const caller = callerOf(context, request, 'tune')
      const { hash, wall, code } = find(request.params.code)
      const { name, enterpriseId = null, layout = plainLayout } = request.body
      if (enterpriseId !== null && (!registry.enterprises.has(enterpriseId) || !sees(caller, enterpriseId)))
        throw new Invalid('invalid', `enterpriseId: there is no enterprise ${enterpriseId}`, { field: 'enterpriseId' })
      codes.take(code)
      const given = { name: name.trim(), enterpriseId, layout: { ...plainLayout, ...layout, seams: [...layout.seams] } }
      const paired = await pairedWalls.add(hash, wall, given, caller.id)
      return reply.code(201).send({ wall: shown(paired) })
    },
  )

  const shown = ({ id, wall, name, enterpriseId, layout, createdAt, createdBy, usedAt }: PairedWall) => ({
    ...{ id, name, enterpriseId, layout, createdAt, usedAt, online: walls.isOnline(wall, clock.now()) },
    createdBy: people.person(createdBy)?.username ?? createdBy,
  })

  api.get('/walls', { schema: { tags, summary: 'Screens that are walls, and whether they are on' } }, (request) => {
    const caller = callerOf(context, request, 'tune')
    return {
      walls: pairedWalls
        .list()
        .filter(({ enterpriseId }) => sees(caller, enterpriseId))
        .map(shown),
    }
  })

  api.delete(
    '/walls/:id',
    {
      schema: {
        tags,
        summary: 'Take a wall its token: it ends at once and asks to be paired again',
        params: Type.Object({ id: IdSchema }),
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'tune')
      await pairedWalls.revoke(request.params.id, caller.id)
      return { ok: true }
    },
  )
}
