import { Type } from 'typebox'
import type { Alarm } from '../../core/alarm.ts'
import { isCaseOpen } from '../../core/case.ts'
import type { Department, Masters } from '../../core/department.ts'
import { NotFound } from '../../core/errors.ts'
import { LevelSchema } from '../../core/rule.ts'
import { ModeSchema } from '../../core/mode.ts'
import { alarmActions } from '../../core/record.ts'
import { IdSchema } from '../../core/registry.ts'
import type { Caller } from '../access.ts'
import { actionNamed, ActionSchema, wishOf } from '../action-wishes.ts'
import { Actions } from '../actions.ts'
import { callerOf, onlySeen, sees, type Api, type Context } from '../context.ts'
import { CursorSchema, DEFAULT_LIMIT, LimitSchema } from '../paging.ts'
import { may } from '../rights.ts'
import { alarmGroupCalls } from './alarm-groups.ts'

export const AlarmIdSchema = Type.String({ minLength: 1, maxLength: 200 })
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
const ByIdSchema = Type.Object({ id: AlarmIdSchema })
export const IdempotencySchema = Type.Object({ 'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: 200 })) })

/** Both who answer for it: null is a gap somebody has to see. */
function mastersOf({ sector, place }: Masters) {
  const shown = (one: Department | null) => one && { id: one.id, region: one.region, zh: one.zh, en: one.en }
  return { sector: shown(sector), place: shown(place) }
}

export function alarmCalls(app: Api, context: Context): void {
  const { alarmBook, clock, config, live, offices, people, registry } = context
  const actions = new Actions(context)
  const tags = ['alarms']

  const find = async (id: string, caller: Caller): Promise<Alarm> => {
    const alarm = await alarmBook.alarm(id)
    if (!alarm || !sees(caller, alarm.enterpriseId)) throw new NotFound(`there is no alarm ${id}`)
    return alarm
  }
  /** Who can be sent: everybody who may act. */
  const sendable = () => people.list().filter(({ disabled, role }) => !disabled && may(role, 'act'))
  const personId = (given: string) => sendable().find(({ id, username }) => id === given || username === given)?.id
  // Names stand only here: the record has ids, so that a person can be deleted from the one place that has both.
  const namesOf = (ids: Iterable<string>) => {
    const known = [...new Set(ids)].map((id) => people.person(id)).filter((person) => person !== undefined)
    return Object.fromEntries(known.map(({ id, username }) => [id, username]))
  }

  app.get('/alarms', { schema: { tags, summary: 'Alarms, newest first', querystring: ListSchema } }, (request) => {
    const caller = callerOf(context, request, 'read')
    const { mode = config.mode, limit = DEFAULT_LIMIT, enterpriseId, ...query } = request.query
    if (enterpriseId !== undefined && !sees(caller, enterpriseId)) return { alarms: [] }
    return alarmBook.alarms({ ...query, mode, limit, ...onlySeen(caller, enterpriseId) })
  })

  app.get(
    '/alarms/:id',
    {
      schema: { tags, summary: 'One alarm with its case, and how often its point was marked false lately', params: ByIdSchema },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const alarm = await find(request.params.id, caller)
      const falseAlarms = await alarmBook.falseAlarms?.(alarm, clock.now())
      await offices.known()
      const place = registry.enterprises.get(alarm.enterpriseId)
      const masters = place && mastersOf(offices.book.masters(place))
      return { ...alarm, ...(masters && { masters }), ...(falseAlarms && { falseAlarms }) }
    },
  )

  app.get(
    '/alarms/:id/timeline',
    { schema: { tags, summary: 'Every change, push and action, with author and time', params: ByIdSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const { id } = await find(request.params.id, caller)
      const items = await alarmBook.timeline(id)
      if (caller.enterpriseId !== null) return { items }
      const named = items.flatMap(({ entry }) => [
        'by' in entry ? entry.by : '',
        'personId' in entry ? (entry.personId ?? '') : '',
        ...(entry.kind === 'alarm.changed' ? peopleIn(entry.alarm) : []),
      ])
      return { items, people: namesOf(named) }
    },
  )

  app.get(
    '/cases',
    {
      schema: {
        tags,
        summary: 'Alarms whose case is not over or that wait for a second person, also those that have ended; oldest first',
        querystring: Type.Object({ mode: Type.Optional(ModeSchema) }),
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const { mode = config.mode } = request.query
      const over = (await alarmBook.openCases?.()) ?? []
      const known = new Map([...over, ...live.alarms.values()].map((alarm) => [alarm.id, alarm]))
      const alarms = [...known.values()].filter(
        (one) => one.mode === mode && sees(caller, one.enterpriseId) && (isCaseOpen(one.case) || one.request),
      )
      alarms.sort((a, b) => a.raisedAt - b.raisedAt)
      return { alarms, ...(caller.enterpriseId === null && { people: namesOf(alarms.flatMap(peopleIn)) }) }
    },
  )

  app.get('/dispatch/people', { schema: { tags, summary: 'Who can be sent to an alarm' } }, (request) => {
    callerOf(context, request, 'act')
    return { people: sendable().map(({ id, username, role }) => ({ id, username, role })) }
  })

  alarmGroupCalls(app, context, actions)

  app.post(
    '/alarms/:id/:action',
    {
      schema: {
        tags,
        summary: `Act on an alarm: ${alarmActions.join(', ')}. 409 stale-version when it has changed since you saw it`,
        params: Type.Object({ id: AlarmIdSchema, action: Type.String({ maxLength: 40, examples: ['acknowledge'] }) }),
        headers: IdempotencySchema,
        body: ActionSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      const { id, action: name } = request.params
      const action = actionNamed(name)
      const alarm = await find(id, caller)
      const wish = wishOf(action, request.body, { alarm, now: clock.now(), person: personId })
      return actions.take({ ...wish, alarmId: id, by: caller.id, idempotencyKey: request.headers['idempotency-key'] ?? null })
    },
  )
}

/** Everybody an alarm names. */
function peopleIn({ acknowledgedBy, case: known, request }: Alarm): string[] {
  const { dispatch, feedback, falseAlarm, closing } = known ?? {}
  const sent = dispatch && 'person' in dispatch.to ? dispatch.to.person : null
  const ids = [
    ...[acknowledgedBy, request?.by, dispatch?.by, sent, dispatch?.acceptedBy, feedback?.by],
    ...[falseAlarm?.by, falseAlarm?.confirmedBy, closing?.by, closing?.reviewedBy],
  ]
  return ids.filter((id) => typeof id === 'string')
}
