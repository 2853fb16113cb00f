import { Type } from 'typebox'
import { callResults, positions } from '../../core/contact.ts'
import { Invalid, NotFound } from '../../core/errors.ts'
import type { Alarm } from '../../core/alarm.ts'
import { IdSchema } from '../../core/registry.ts'
import type { Caller } from '../access.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { AlarmIdSchema, IdempotencySchema } from './alarms.ts'

const ByIdSchema = Type.Object({ id: AlarmIdSchema })
const CallSchema = Type.Object(
  {
    personId: Type.Optional(Type.Union([IdSchema, Type.Null()], { description: 'whom; null: somebody who is in no book here' })),
    result: Type.Enum([...callResults]),
    note: Type.Optional(Type.String({ maxLength: 500, description: 'what was said; no telephone numbers' })),
  },
  { additionalProperties: false },
)
const rank = (position: (typeof positions)[number] | null) => (position === null ? positions.length : positions.indexOf(position))

/** Whom to ring up about an alarm, and that somebody did. */
export function alarmContactCalls(app: Api, context: Context): void {
  const { alarmBook, people, recorder } = context
  const tags = ['alarms']
  const find = async (id: string, caller: Caller): Promise<Alarm> => {
    const alarm = await alarmBook.alarm(id)
    if (!alarm || !sees(caller, alarm.enterpriseId)) throw new NotFound(`there is no alarm ${id}`)
    return alarm
  }
  const at = ({ enterpriseId }: Alarm) =>
    enterpriseId === '' ? [] : people.list().filter((one) => one.enterpriseId === enterpriseId && !one.disabled)

  app.get(
    '/alarms/:id/contacts',
    {
      schema: {
        tags,
        summary: 'Who answers for the enterprise of an alarm, with telephone numbers; who asked is recorded',
        params: ByIdSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      const alarm = await find(request.params.id, caller)
      const contacts = at(alarm)
        .filter(({ contact }) => contact.position !== null || contact.phone !== null)
        .sort((a, b) => rank(a.contact.position) - rank(b.contact.position) || (a.username < b.username ? -1 : 1))
        .map(({ id, username, contact: { name, position, phone } }) => ({
          personId: id,
          name: name ?? username,
          position,
          phone,
        }))
      const personIds = contacts.map(({ personId }) => personId)
      if (personIds.length > 0) await recorder.append({ kind: 'personal-data.accessed', personIds, what: 'list', by: caller.id })
      return { contacts }
    },
  )

  app.post(
    '/alarms/:id/calls',
    {
      schema: {
        tags,
        summary: 'Says that somebody was rung up about an alarm and what came of it; it changes nothing else',
        params: ByIdSchema,
        headers: IdempotencySchema,
        body: CallSchema,
      },
    },
    async (request, reply) => {
      const caller = callerOf(context, request, 'act')
      const alarm = await find(request.params.id, caller)
      const { personId = null, result, note = '' } = request.body
      if (personId !== null && !at(alarm).some(({ id }) => id === personId))
        throw new Invalid('invalid', `${personId} is nobody of this enterprise`, { field: 'personId' })
      const said = note.trim()
      const key = request.headers['idempotency-key']
      await recorder.append(
        { kind: 'alarm.called', alarmId: alarm.id, personId, result, note: said === '' ? null : said, by: caller.id },
        key === undefined ? undefined : `called/${alarm.id}/${caller.id}/${key}`,
      )
      return reply.code(204).send()
    },
  )
}
