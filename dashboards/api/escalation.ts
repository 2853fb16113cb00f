import { Type } from 'typebox'
import { Invalid, NotFound } from '../../core/errors.ts'
import type { Escalation } from '../../core/escalation.ts'
import { IdSchema } from '../../core/registry.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { unarmedEnterprises } from '../escalation-notices.ts'
import { enterpriseContactCalls } from './enterprise-contacts.ts'
import { ladderCalls } from './ladders.ts'
import { rollCallCalls } from './roll-call.ts'

const strict = { additionalProperties: false } as const
const AnswerSchema = Type.Object(
  {
    code: Type.Optional(
      Type.String({ pattern: '^[0-9]{6}$', description: 'as it stands in the message, for somebody who cannot log in' }),
    ),
  },
  strict,
)

/** Arming and answers: that whoever is called can be reached. Who is called when: api/ladders.ts. */
export function escalationCalls(app: Api, context: Context, escalation: Escalation): void {
  const { people, registry } = context
  ladderCalls(app, context, escalation)
  enterpriseContactCalls(app, context, escalation)
  rollCallCalls(app, context, escalation)
  const tags = ['duty']

  app.post(
    '/enterprises/:id/arm',
    {
      schema: {
        tags,
        summary: 'Send every contact of an enterprise a test message; who answers is armed',
        params: Type.Object({ id: IdSchema }),
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      const { id } = request.params
      if (!registry.enterprises.has(id) || !sees(caller, id)) throw new NotFound(`there is no enterprise ${id}`)
      const messages = await escalation.testContacts(id, caller.id)
      if (messages.length === 0)
        throw new Invalid('no-contacts', 'nobody of this enterprise holds a position and has an address', { enterpriseId: id })
      return { messages }
    },
  )

  app.get('/push/unarmed', { schema: { tags, summary: 'Enterprises to whose contacts nothing is pushed yet' } }, (request) => {
    const caller = callerOf(context, request, 'read')
    const enterprises = unarmedEnterprises(people).filter(({ enterpriseId }) => sees(caller, enterpriseId))
    return { count: enterprises.length, enterprises }
  })

  app.get('/push/mine', { schema: { tags, summary: 'Messages sent to me lately' } }, async (request) => {
    const caller = callerOf(context, request, 'read')
    return { messages: await escalation.myPushes(caller.id) }
  })

  app.post(
    '/push/:messageId/answer',
    {
      schema: {
        tags,
        summary: 'Answer a test message or a roll call that was sent to me, or a test by the code that stands in it',
        params: Type.Object({ messageId: Type.String({ maxLength: 300 }) }),
        body: AnswerSchema,
      },
    },
    async (request) => {
      // By code the duty room answers for somebody else.
      const { code } = request.body
      const caller = callerOf(context, request, code === undefined ? 'read' : 'act')
      return escalation.answerPush(request.params.messageId, caller.id, code ?? null)
    },
  )

  app.post(
    '/duty/roll-call/answer',
    { schema: { tags, summary: 'I am here: answers the roll call of my shift' } },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      return escalation.answerRollCall(caller.id)
    },
  )
}
