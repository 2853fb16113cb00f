import { Type } from 'typebox'
import type { Backtests, Incident } from '../../core/backtest.ts'
import { Invalid, NotFound } from '../../core/errors.ts'
import { ModeSchema } from '../../core/mode.ts'
import { IdSchema } from '../../core/registry.ts'
import { RuleBaseSchema } from '../../core/rule.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { completed } from './rules.ts'

const TimeSchema = (description: string) => Type.Integer({ minimum: 0, description, examples: [1767225600000] })

const QuestionSchema = Type.Object({
  rule: Type.Optional(
    Type.Object(
      { id: RuleBaseSchema.properties.id, type: Type.String({ minLength: 1, maxLength: 40, examples: ['threshold'] }) },
      { description: 'as in PUT /rules/{id}, with its id; without a rule, the rules that were in force then are judged again' },
    ),
  ),
  from: TimeSchema('alarms raised from ≤ t, ms UTC'),
  to: TimeSchema('and t < to, in the past'),
  incidents: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String({ minLength: 1, maxLength: 200 }),
        from: Type.Optional(TimeSchema('when it began')),
        to: Type.Optional(TimeSchema('when it was over; an hour after `from` unless told')),
        at: Type.Optional(TimeSchema('`from`, for what happened at one moment')),
        deviceId: Type.Optional(IdSchema),
        zoneId: Type.Optional(IdSchema),
      }),
      { maxItems: 1_000, description: 'what really happened: the answer says which alarm noticed it, and how early' },
    ),
  ),
  mode: Type.Optional(ModeSchema),
})

export function backtestCalls(api: Api, context: Context, backtests: Backtests): void {
  const { alarmBook, config, live } = context

  api.post(
    '/backtests',
    {
      schema: {
        tags: ['rules'],
        summary: 'Try a rule on the past through the production engine; ask for the answer under the id this gives',
        body: QuestionSchema,
      },
    },
    async (request, reply) => {
      // Judging the whole deployment's past is for those who tune its rules, not for one enterprise.
      callerOf(context, request, 'tune')
      const { rule: given, from, to, incidents: told = [], mode = config.mode } = request.body
      const incidents = told.map(incidentOf)
      const rule = given === undefined ? null : completed(given.id, given, live.rules.get(given.id) ?? null)
      const fault = rule && (await alarmBook.checkRule(rule))
      if (fault) throw new Invalid('invalid', `rule${fault.path}: ${fault.message}`, { field: `rule${fault.path}` })
      const backtest = await backtests.startBacktest({ mode, from, to, rule, incidents })
      return reply.code(backtest.state === 'done' ? 200 : 202).send(backtest)
    },
  )

  api.get(
    '/backtests/:id',
    { schema: { tags: ['rules'], summary: 'How far a backtest is, or what it found', params: Type.Object({ id: IdSchema }) } },
    async (request) => {
      callerOf(context, request, 'tune')
      const backtest = await backtests.backtest(request.params.id)
      if (!backtest) throw new NotFound(`there is no backtest ${request.params.id}`)
      return backtest
    },
  )

  api.post(
    '/backtests/:id/cancel',
    {
      schema: {
        tags: ['rules'],
        summary: 'End a backtest that waits or runs; one that is done stays',
        params: Type.Object({ id: IdSchema }),
      },
    },
    async (request) => {
      callerOf(context, request, 'tune')
      const backtest = await backtests.cancelBacktest?.(request.params.id)
      if (!backtest) throw new NotFound(`there is no backtest ${request.params.id}`)
      return backtest
    },
  )
}

type Told = Omit<Incident, 'from'> & { from?: number; at?: number }

function incidentOf({ at, from = at, ...incident }: Told, i: number): Incident {
  if (from === undefined) throw new Invalid('invalid', `incidents/${i}: from is missing`, { field: `incidents/${i}/from` })
  if (incident.to !== undefined && incident.to < from) {
    throw new Invalid('invalid', `incidents/${i}: to lies before from`, { field: `incidents/${i}/to` })
  }
  return { ...incident, from }
}
