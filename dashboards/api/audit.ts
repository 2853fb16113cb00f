import { Type } from 'typebox'
import { IdSchema } from '../../core/registry.ts'
import { auditKinds, type AuditItem } from '../audit.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { DEFAULT_LIMIT, LimitSchema } from '../paging.ts'

const QuerySchema = Type.Object({
  person: Type.Optional(IdSchema),
  from: Type.Optional(Type.Integer({ minimum: 0, description: 'ms UTC' })),
  to: Type.Optional(Type.Integer({ minimum: 0, description: 'ms UTC, not included' })),
  kind: Type.Optional(Type.Enum([...auditKinds], { examples: ['rule.set'] })),
  cursor: Type.Optional(Type.Integer({ minimum: 1, description: '`next` of the answer before' })),
  limit: LimitSchema,
})

/** Who did what, when, from where, and what it was before. */
export function auditCalls(app: Api, context: Context): void {
  const { audit, people } = context

  const idsIn = ({ person, entry }: AuditItem): (string | null)[] => [
    person,
    ...(entry.kind === 'user.changed' ? [entry.personId] : []),
    ...(entry.kind === 'personal-data.accessed' ? entry.personIds : []),
  ]

  app.get(
    '/audit',
    { schema: { tags: ['audit'], summary: 'Every write of a person, newest first, from the record', querystring: QuerySchema } },
    async (request) => {
      callerOf(context, request, 'tune')
      const { cursor, limit = DEFAULT_LIMIT, ...query } = request.query
      const { items, next } = await audit.query({ ...query, limit, ...(cursor !== undefined && { before: cursor }) })
      const known = [...new Set(items.flatMap(idsIn))].map((id) => (id === null ? undefined : people.person(id)))
      const names = known.filter((person) => person !== undefined).map(({ id, username }) => [id, username])
      return { items, people: Object.fromEntries(names), ...(next !== undefined && { next }) }
    },
  )
}
