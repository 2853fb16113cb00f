import { Type } from 'typebox'
import { Conflict, Invalid, NotFound } from '../../core/errors.ts'
import { FenceFields, faultOfShape, type Fence, type FenceShape } from '../../core/fence.ts'
import { ModeSchema } from '../../core/mode.ts'
import { IdSchema } from '../../core/registry.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { fenceVersions } from '../fence-history.ts'
import { CursorSchema, DEFAULT_LIMIT, LimitSchema, OrderedRows } from '../paging.ts'
import { shortId } from '../short-id.ts'
import { namesOf } from './rules.ts'

const closed = { additionalProperties: false }
const tags = ['fences']
const ByIdSchema = Type.Object({ id: IdSchema })
const VersionSchema = Type.Integer({ minimum: 1, description: 'the version you saw', examples: [3] })
const ListSchema = Type.Object({
  mode: Type.Optional(ModeSchema),
  kind: Type.Optional(FenceFields.kind),
  tag: Type.Optional(Type.String({ maxLength: 40 })),
  retired: Type.Optional(Type.Boolean({ description: 'also those no longer in use' })),
  limit: LimitSchema,
  cursor: CursorSchema,
})

const { name, kind, shape } = FenceFields
const optional = {
  tags: Type.Optional({ ...FenceFields.tags, examples: [['school']] }),
  grade: Type.Optional({ ...FenceFields.grade, examples: ['major'] }),
  limitKmh: Type.Optional({ ...FenceFields.limitKmh, examples: [40] }),
}
const examples = {
  name: ['实验小学周边'],
  kind: ['no-go'],
  shape: [{ type: 'circle', center: [120.16, 30.21], radiusM: 300 }],
}
const NewSchema = Type.Object(
  {
    id: Type.Optional({ ...IdSchema, examples: ['f-7k3m9q'] }),
    name: { ...name, examples: examples.name },
    kind: { ...kind, examples: examples.kind },
    shape: { ...shape, examples: examples.shape },
    ...optional,
    mode: Type.Optional({ ...ModeSchema, description: 'fixed for good; default the mode of this deployment' }),
  },
  closed,
)
const ChangeSchema = Type.Object(
  {
    version: VersionSchema,
    name: Type.Optional({ ...name, examples: examples.name }),
    kind: Type.Optional({ ...kind, examples: examples.kind }),
    shape: Type.Optional({ ...shape, examples: examples.shape }),
    ...optional,
  },
  closed,
)

/** Places on the map that rules ask about. Nothing is ever erased: a retired one keeps its history and no rule sees it. */
export function fenceCalls(api: Api, context: Context): void {
  const { config, directory, journal, recorder } = context
  const { fences } = directory
  const ordered = new OrderedRows<Fence>(
    () => fences.all(),
    () => fences.version,
  )
  const find = (id: string): Fence => {
    const fence = fences.get(id)
    if (!fence) throw new NotFound(`there is no fence ${id}`)
    return fence
  }
  const record = async (fence: Fence, by: string) => {
    await recorder.write([{ kind: 'fence.set', fence, by }])
    return fence
  }
  const current = (id: string, version: number): Fence => {
    const fence = find(id)
    if (fence.version === version) return fence
    const message = `the fence ${id} has changed since you saw it: it is at version ${fence.version}`
    throw new Conflict('stale-version', message, { fence })
  }

  api.get(
    '/fences',
    { schema: { tags, summary: 'Places on the map that rules ask about', querystring: ListSchema } },
    (request) => {
      callerOf(context, request, 'read')
      const { mode = config.mode, kind, tag, retired, limit = DEFAULT_LIMIT, cursor } = request.query
      const { rows, next } = ordered.page(
        (fence) =>
          fence.mode === mode &&
          (retired === true || fence.retiredAt === null) &&
          (kind === undefined || fence.kind === kind) &&
          (tag === undefined || fence.tags.includes(tag)),
        limit,
        cursor,
      )
      return { fences: rows, ...(next !== undefined && { next }) }
    },
  )

  api.get('/fences/:id', { schema: { tags, summary: 'One fence', params: ByIdSchema } }, (request) => {
    callerOf(context, request, 'read')
    return find(request.params.id)
  })

  api.get(
    '/fences/:id/history',
    { schema: { tags, summary: 'Every version of a fence, newest first: who set it and when', params: ByIdSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const versions = await fenceVersions(journal, find(request.params.id).id)
      return { versions, people: namesOf(context, caller, versions) }
    },
  )

  api.post('/fences', { schema: { tags, summary: 'Draw a fence', body: NewSchema } }, (request, reply) => {
    const caller = callerOf(context, request, 'tune')
    const { id: wanted, ...given } = request.body
    const id = wanted ?? shortId('f', (taken) => fences.get(taken) !== undefined)
    return recorder.inTurn(`fence ${id}`, async () => {
      if (fences.get(id)) throw new Conflict('id-taken', `there is already a fence ${id}`, { field: 'id' })
      checkShape(given.shape)
      const fence: Fence = {
        ...{ id, version: 1, tags: [], grade: null, limitKmh: null, mode: config.mode },
        ...given,
        retiredAt: null,
      }
      return reply.code(201).send(await record(fence, caller.id))
    })
  })

  api.put(
    '/fences/:id',
    {
      schema: {
        tags,
        summary: 'Change a fence, as a new version; what is not named stays',
        params: ByIdSchema,
        body: ChangeSchema,
      },
    },
    (request) => {
      const caller = callerOf(context, request, 'tune')
      const { id } = request.params
      const { version, ...given } = request.body
      return recorder.inTurn(`fence ${id}`, async () => {
        const before = current(id, version)
        if (before.retiredAt !== null) throw new Conflict('already-retired', `the fence ${id} is retired`, { fence: before })
        if (given.shape) checkShape(given.shape)
        return record({ ...before, ...given, version: version + 1 }, caller.id)
      })
    },
  )

  api.post(
    '/fences/:id/retire',
    {
      schema: {
        tags,
        summary: 'Take a fence out of use; alarms about it end once its vehicles are heard again',
        params: ByIdSchema,
        body: Type.Object({ version: VersionSchema }, closed),
      },
    },
    (request) => {
      const caller = callerOf(context, request, 'tune')
      const { id } = request.params
      return recorder.inTurn(`fence ${id}`, async () => {
        const before = find(id)
        if (before.retiredAt !== null) return before
        const { version } = current(id, request.body.version)
        return record({ ...before, version: version + 1, retiredAt: journal.clock.now() }, caller.id)
      })
    },
  )
}

function checkShape(shape: FenceShape): void {
  const fault = faultOfShape(shape)
  if (fault) throw new Invalid('invalid', `shape: ${fault}`, { field: 'shape' })
}
