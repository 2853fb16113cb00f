import { Type } from 'typebox'
import { NotFound } from '../../core/errors.ts'
import { IdSchema } from '../../core/registry.ts'
import { callerOf, onlySeen, sees, type Api, type Context } from '../context.ts'
import { CursorSchema, DEFAULT_LIMIT, LimitSchema } from '../paging.ts'

const ListSchema = Type.Object({
  device: Type.Optional(IdSchema),
  enterpriseId: Type.Optional(IdSchema),
  limit: LimitSchema,
  cursor: CursorSchema,
})

export function quarantineCalls(app: Api, context: Context): void {
  const { history, journal, registry } = context

  app.get(
    '/quarantine',
    {
      schema: {
        tags: ['quarantine'],
        summary: 'What could not be used, newest first: bytes (base64), code, position, what was expected',
        querystring: ListSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const throughPos = journal.head()
      const { device, enterpriseId, limit = DEFAULT_LIMIT, cursor } = request.query
      if (device !== undefined) {
        const row = registry.devices.get(device)
        if (!row || !sees(caller, row.enterpriseId)) throw new NotFound(`there is no device ${device}`)
      }
      if (enterpriseId !== undefined && !sees(caller, enterpriseId)) throw new NotFound(`there is no enterprise ${enterpriseId}`)
      return history.quarantine({
        limit,
        throughPos,
        ...(device !== undefined && { device }),
        ...onlySeen(caller, enterpriseId),
        ...(cursor !== undefined && { cursor }),
      })
    },
  )
}
