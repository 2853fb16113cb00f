import { Type } from 'typebox'
import type { Alarm } from '../../core/alarm.ts'
import { NotFound } from '../../core/errors.ts'
import { LevelSchema } from '../../core/rule.ts'
import { ModeSchema } from '../../core/mode.ts'
import { IdSchema } from '../../core/registry.ts'
import type { Caller } from '../access.ts'
import { Actions, supported } from '../actions.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { CursorSchema, DEFAULT_LIMIT, LimitSchema } from '../paging.ts'

const AlarmIdSchema = Type.String({ minLength: 1, maxLength: 200 })
const TimeSchema = Type.Optional(Type.Integer({ description: 'raised at, ms UTC: from ≤ t < to', examples: [1767225600000] }))
const ListSchema = Type.Object({
  open: Type.Optional(Type.Boolean({ description: 'true: every state but normal' })),
  device: Type.Optional(IdSchema),
  enterpriseId: Type.Optional(IdSchema),
  level: Type.Optional(LevelSchema),
  from: TimeSchema,
  to: TimeSchema,
  mode: Type.Optional(ModeSchema),
  limit: LimitSchema,
  cursor: CursorSchema,
})
const ActionSchema = Type.Object(
  {
    version: Type.Integer({ minimum: 0, description: 'the version of the alarm as you saw it', examples: [3] }),
    comment: Type.Optional(Type.Union([Type.String({ maxLength: 2_000 }), Type.Null()], { examples: ['sent a patrol'] })),
    reason: Type.Optional(Type.String({ maxLength: 2_000, description: 'shelve and out-of-service: why, kept as the comment' })),
    minutes: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 43_200, description: 'for how long: shelve at most 480', examples: [60] }),
    ),
    untilMs: Type.Optional(Type.Integer({ minimum: 0, description: 'until when instead, ms UTC', examples: [1767225600000] })),
  },
  { additionalProperties: false },
)
const ByIdSchema = Type.Object({ id: AlarmIdSchema })

export function alarmCalls(app: Api, context: Context): void {
  const { alarmBook, config, people } = context
  const actions = new Actions(context)

  const find = async (id: string, caller: Caller): Promise<Alarm> => {
    const alarm = await alarmBook.alarm(id)
    if (!alarm || !sees(caller, alarm.enterpriseId)) throw new NotFound(`there is no alarm ${id}`)
    return alarm
  }

  app.get('/alarms', { schema: { tags: ['alarms'], summary: 'Alarms, newest first', querystring: ListSchema } }, (request) => {
    const caller = callerOf(context, request, 'read')
    const { mode = config.mode, limit = DEFAULT_LIMIT, enterpriseId, ...query } = request.query
    const only = caller.enterpriseId ?? enterpriseId
    if (enterpriseId !== undefined && !sees(caller, enterpriseId)) return { alarms: [] }
    return alarmBook.alarms({ ...query, mode, limit, ...(only !== undefined && { enterpriseId: only }) })
  })

  app.get('/alarms/:id', { schema: { tags: ['alarms'], summary: 'One alarm', params: ByIdSchema } }, (request) =>
    find(request.params.id, callerOf(context, request, 'read')),
  )

  app.get(
    '/alarms/:id/timeline',
    { schema: { tags: ['alarms'], summary: 'Every change, push and action, with author and time', params: ByIdSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const { id } = await find(request.params.id, caller)
      const items = await alarmBook.timeline(id)
      if (caller.enterpriseId !== null) return { items }
      // Names stand only here: the record has ids, so that a person can be deleted from the one place that has both.
      const authors = new Set(items.map(({ entry }) => ('by' in entry ? entry.by : '')))
      const known = [...authors].map((author) => people.person(author)).filter((person) => person !== undefined)
      return { items, people: Object.fromEntries(known.map(({ id, username }) => [id, username])) }
    },
  )

  app.post(
    '/alarms/:id/:action',
    {
      schema: {
        tags: ['alarms'],
        summary: `Act on an alarm: ${supported.join(', ')}. 409 stale-version when it has changed since you saw it`,
        params: Type.Object({ id: AlarmIdSchema, action: Type.String({ maxLength: 40, examples: ['acknowledge'] }) }),
        headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: 200 })) }),
        body: ActionSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      const { id, action } = request.params
      const { version, comment, reason, minutes, untilMs } = request.body
      const wish = actions.wish(action, { version, comment: comment ?? reason ?? null, minutes, untilMs })
      await find(id, caller)
      return actions.take({ ...wish, alarmId: id, by: caller.id, idempotencyKey: request.headers['idempotency-key'] ?? null })
    },
  )
}
