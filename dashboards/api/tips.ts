import { Type } from 'typebox'
import { Invalid, NotFound } from '../../core/errors.ts'
import type { Hazard } from '../../core/hazard.ts'
import { IdSchema } from '../../core/registry.ts'
import type { Caller } from '../access.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { seesHazard } from '../hazard-view.ts'
import { tipPoster } from '../poster.ts'
import { TipLimit } from '../tip-limit.ts'

/** Two megabytes of a photo as base64, and the words. */
const BODY_BYTES = 3 << 20
const strict = { additionalProperties: false } as const
const ByIdSchema = Type.Object({ id: IdSchema })
const TipSchema = Type.Object(
  {
    enterpriseId: Type.Optional(IdSchema),
    place: Type.String({ minLength: 1, maxLength: 200, examples: ['2# 车间北门'] }),
    text: Type.String({ minLength: 5, maxLength: 2_000, examples: ['安全出口被货物堵住'] }),
    contact: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'only if you want to be reached' })),
    photo: Type.Optional(Type.String({ maxLength: 2_900_000, description: 'JPEG of at most 2 MB, base64' })),
  },
  strict,
)
const CodeSchema = Type.Object({ code: Type.String({ minLength: 1, maxLength: 40, examples: ['k7xm-3bqt-w2np'] }) }, strict)

/** Tips of strangers (requirements S136): no login, nothing about who they are, a code to ask what became of it. */
export function tipCalls(app: Api, context: Context): void {
  const { clock, hazards, recorder, registry, tips } = context
  const tags = ['tips']
  const giving = new TipLimit(clock, { burst: 5, perHour: 10 }, { burst: 60, perHour: 120 })
  const asking = new TipLimit(clock, { burst: 20, perHour: 60 }, { burst: 600, perHour: 3_600 })
  /** Before the body is read: who comes too often costs us nothing. */
  const limited = (limit: TipLimit) => (request: { socket: { remoteAddress?: string | undefined } }) => {
    limit.take(request.socket.remoteAddress ?? '')
    return Promise.resolve()
  }

  app.get(
    '/tips/enterprises/:id',
    { schema: { tags, summary: 'What an enterprise on a poster is called', params: ByIdSchema }, onRequest: limited(asking) },
    (request) => {
      const enterprise = registry.enterprises.get(request.params.id)
      if (!enterprise || enterprise.retiredAt !== null) throw new NotFound('there is no such enterprise')
      return { name: enterprise.name }
    },
  )

  app.post(
    '/tips',
    {
      schema: { tags, summary: 'Report a hazard without a name', body: TipSchema },
      bodyLimit: BODY_BYTES,
      onRequest: limited(giving),
    },
    async (request, reply) => {
      const { enterpriseId = null, place, text, contact = null, photo } = request.body
      if (enterpriseId !== null && !registry.enterprises.has(enterpriseId)) throw new NotFound('there is no such enterprise')
      const bytes = photo === undefined ? null : Buffer.from(photo, 'base64')
      return reply.code(201).send(await tips.give({ enterpriseId, place, text, photo: bytes, contact }))
    },
  )

  app.post(
    '/tips/state',
    { schema: { tags, summary: 'What became of a tip, by its code', body: CodeSchema }, onRequest: limited(asking) },
    (request) => tips.ask(request.body.code),
  )

  const find = async (caller: Caller, id: string): Promise<Hazard> => {
    await hazards.known()
    const hazard = hazards.hazard(id)
    if (!hazard || hazard.source !== 'tip-off' || caller.enterpriseId !== null || !seesHazard(caller, hazard))
      throw new NotFound(`there is no tip ${id}`)
    return hazard
  }

  app.get(
    '/hazards/:id/photo',
    { schema: { tags, summary: 'The photo that came with a tip', params: ByIdSchema } },
    async (request, reply) => {
      const caller = callerOf(context, request, 'tips')
      const photo = await tips.photo(await find(caller, request.params.id))
      if (!photo) throw new NotFound('no photo came with it')
      return reply.type('image/jpeg').send(photo)
    },
  )

  app.get(
    '/hazards/:id/contact',
    { schema: { tags, summary: 'How whoever gave a tip can be reached; that it was read is recorded', params: ByIdSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'govern')
      const hazard = await find(caller, request.params.id)
      await recorder.append({ kind: 'tip.contact-read', hazardId: hazard.id, by: caller.id })
      return { contact: await tips.contact(hazard) }
    },
  )

  app.get(
    '/enterprises/:id/tip-qr',
    {
      schema: {
        tags,
        summary: 'A sheet with a code to hang up (SVG, A5). Ask for it by the address people’s phones will reach',
        params: ByIdSchema,
        querystring: Type.Object({ place: Type.Optional(Type.String({ minLength: 1, maxLength: 60, examples: ['北门'] })) }),
      },
    },
    (request, reply) => {
      const caller = callerOf(context, request, 'read')
      const { id } = request.params
      const enterprise = registry.enterprises.get(id)
      if (!enterprise || !sees(caller, id)) throw new NotFound(`there is no enterprise ${id}`)
      const { place } = request.query
      const query = new URLSearchParams({ e: id, ...(place !== undefined && { p: place }) })
      const poster = tipPoster(`${request.protocol}://${request.host}/tip?${query}`, enterprise.name, place ?? null)
      if (poster === null) throw new Invalid('invalid', 'too long for a code: name the place in fewer words', { field: 'place' })
      return reply.type('image/svg+xml; charset=utf-8').send(poster)
    },
  )
}
