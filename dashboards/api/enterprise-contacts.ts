import { Type } from 'typebox'
import { positions } from '../../core/contact.ts'
import { NotFound } from '../../core/errors.ts'
import type { Escalation } from '../../core/escalation.ts'
import { IdSchema } from '../../core/registry.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'

const rank = (position: (typeof positions)[number] | null) => (position === null ? positions.length : positions.indexOf(position))

/** Who of an enterprise is to be reached, and whether they ever answered. No number is in it: it is about reaching, not ringing. */
export function enterpriseContactCalls(app: Api, context: Context, escalation: Escalation): void {
  const { people, registry } = context

  app.get(
    '/enterprises/:id/contacts',
    {
      schema: {
        tags: ['duty'],
        summary: 'The contacts of an enterprise: position, whether a way to them is known, armed or not, the last test message',
        params: Type.Object({ id: IdSchema }),
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      const { id } = request.params
      if (!registry.enterprises.has(id) || !sees(caller, id)) throw new NotFound(`there is no enterprise ${id}`)
      const theirs = people
        .list()
        .filter(({ enterpriseId, disabled, contact }) => enterpriseId === id && !disabled && contact.position !== null)
        .sort((a, b) => rank(a.contact.position) - rank(b.contact.position) || (a.username < b.username ? -1 : 1))
      const contacts = await Promise.all(
        theirs.map(async ({ id: personId, username, contact }) => {
          const tests = (await escalation.myPushes(personId)).filter(({ message }) => message === 'test')
          // The newest sending, by every way it took.
          const newest = Math.max(...tests.map(({ at }) => at))
          return {
            personId,
            name: contact.name ?? username,
            position: contact.position,
            reachable: contact.phone !== null || contact.mail !== null || Object.keys(contact.addresses).length > 0,
            armedAt: contact.armedAt,
            tests: tests
              .filter(({ at }) => at === newest)
              .map(({ id: messageId, at, channel, receipt, answered }) => ({ messageId, at, channel, receipt, answered })),
          }
        }),
      )
      return { contacts }
    },
  )
}
