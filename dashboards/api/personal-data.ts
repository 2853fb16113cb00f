import { Type } from 'typebox'
import { Conflict, NotFound } from '../../core/errors.ts'
import { IdSchema } from '../../core/registry.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { Forbidden } from '../refusals.ts'
import { may } from '../rights.ts'

const ByIdSchema = Type.Object({ id: IdSchema })
const RECORD_LINES = 1_000

/** What is kept of a person, to take along or to have deleted; whoever else looks is recorded. */
export function personalDataCalls(app: Api, context: Context): void {
  const { people, offices, audit, recorder, config, clock } = context
  const tags = ['users']

  const known = (id: string) => {
    const person = people.person(id)
    if (!person) throw new NotFound(`there is no user ${id}`)
    return person
  }

  app.get(
    '/users/:id/personal-data',
    { schema: { tags, summary: 'Everything kept about a person: for themselves and for administrators', params: ByIdSchema } },
    async (request, reply) => {
      const caller = callerOf(context, request, 'read')
      const { id } = request.params
      if (caller.id !== id && !may(caller.role, 'govern'))
        throw new Forbidden('forbidden', 'this is about somebody else', { right: 'govern' })
      const person = known(id)
      if (caller.id !== id)
        await recorder.append({ kind: 'personal-data.accessed', personIds: [id], what: 'export', by: caller.id })
      await offices.known()
      const { items, next } = await audit.query({ person: id, limit: RECORD_LINES })
      reply.header('content-disposition', `attachment; filename="personal-data-${id}.json"`)
      return {
        at: clock.now(),
        person,
        sessions: people.sessions(id).map(({ createdAt, usedAt, from, device }) => ({ createdAt, usedAt, from, device })),
        departments: [...offices.book.departments.values()].filter(({ personIds }) => personIds.includes(id)).map(({ id }) => id),
        // By id only, and for ever: what was done cannot be undone by deleting who did it.
        record: { items: items.map(({ pos, at, kind }) => ({ pos, at, kind })), isWhole: next === undefined },
        deletedAfterDays: config.personalDataDays ?? null,
      }
    },
  )

  app.delete(
    '/users/:id/personal-data',
    {
      schema: {
        tags,
        summary: 'Delete name, contact, sessions and secrets of somebody who is shut out; their id stays in the record',
        params: ByIdSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'govern')
      const person = known(request.params.id)
      if (person.erasedAt !== null) return { id: person.id, erasedAt: person.erasedAt }
      if (!person.disabled) throw new Conflict('wrong-state', 'shut them out first: they can still log in')
      const { id, erasedAt } = await people.erase(person.id, caller.id)
      return { id, erasedAt }
    },
  )
}
