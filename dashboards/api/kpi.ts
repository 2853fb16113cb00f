import { Type } from 'typebox'
import { NotFound } from '../../core/errors.ts'
import type { Measures } from '../../core/measures.ts'
import { ModeSchema } from '../../core/mode.ts'
import { IdSchema } from '../../core/registry.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'

const QuerySchema = Type.Object({
  day: Type.Optional(
    Type.String({
      pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
      description: 'a day of the deployment’s zone; default today, so far',
      examples: ['2026-01-31'],
    }),
  ),
  region: Type.Optional(
    Type.String({ pattern: '^[0-9]{2,12}$', description: 'a division code or a prefix of one', examples: ['330106'] }),
  ),
  sector: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })),
  enterpriseId: Type.Optional(IdSchema),
  mode: Type.Optional(ModeSchema),
})

export function kpiCalls(api: Api, context: Context, measures: Measures): void {
  const { config } = context

  api.get(
    '/kpi',
    {
      schema: {
        tags: ['kpi'],
        summary:
          'Rates of a day (入网率 上线率 数据合规率 投用率 接入率) with formula, population, target and source; null is not known, never 0',
        querystring: QuerySchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const { mode = config.mode, enterpriseId, ...asked } = request.query
      if (enterpriseId !== undefined && !sees(caller, enterpriseId)) throw new NotFound(`there is no enterprise ${enterpriseId}`)
      const only = caller.enterpriseId ?? enterpriseId
      return measures.kpi({ ...asked, mode, ...(only !== undefined && { enterpriseId: only }) })
    },
  )

  api.get(
    '/kpi/definitions',
    { schema: { tags: ['kpi'], summary: 'The rates in force: formula, population, dated targets, source' } },
    async (request) => {
      callerOf(context, request, 'read')
      return { definitions: await measures.kpiDefinitions() }
    },
  )
}
