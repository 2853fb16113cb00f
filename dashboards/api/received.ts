import { Type } from 'typebox'
import { Conflict, NotFound } from '../../core/errors.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { ReceivedBook } from '../received.ts'
import { Forbidden } from '../refusals.ts'
import { AlarmIdSchema } from './alarms.ts'

/** The enterprise's own word about an alarm of theirs. It is shown, and ends nobody else's duty. */
export function receivedCalls(app: Api, context: Context): void {
  const { alarmBook, config, journal, live, people } = context
  const book = new ReceivedBook(journal, people, (id) => alarmBook.timeline(id))
  const nameOf = (id: string) => people.person(id)?.username
  const tags = ['alarms']

  app.get(
    '/alarms/received',
    { schema: { tags, summary: 'Open alarms the enterprise itself says it has received (企业已接警)' } },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const open = [...live.alarms.values()].filter(
        ({ mode, enterpriseId }) => mode === config.mode && sees(caller, enterpriseId),
      )
      const received = await book.of(open)
      const names = received.flatMap(({ personId }) => [[personId, nameOf(personId)] as const])
      return { received, people: Object.fromEntries(names.filter(([, name]) => name !== undefined)) }
    },
  )

  app.post(
    '/alarms/:id/received',
    {
      schema: {
        tags,
        summary:
          'We have received this alarm of ours and are acting (企业已接警): for persons of the enterprise. ' +
          'The ladder of the regulator goes on. 409 already-received when a colleague was first',
        params: Type.Object({ id: AlarmIdSchema }),
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'receive')
      const alarm = await alarmBook.alarm(request.params.id)
      if (!alarm || !sees(caller, alarm.enterpriseId)) throw new NotFound(`there is no alarm ${request.params.id}`)
      if (people.person(caller.id)?.enterpriseId !== alarm.enterpriseId)
        throw new Forbidden('forbidden', 'only a person of the enterprise itself says so', { right: 'receive' })
      if (alarm.state === 'normal') throw new Conflict('wrong-state', 'the alarm is over', { why: 'over', alarm })
      const received = await book.receive(alarm, caller.id)
      if (received.personId !== caller.id) {
        const name = nameOf(received.personId)
        throw new Conflict('already-received', `${name ?? 'a colleague'} was first`, { received, name: name ?? null })
      }
      return { received }
    },
  )
}
