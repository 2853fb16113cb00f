import { Type } from 'typebox'
import { Conflict, Invalid, NotFound } from '../../core/errors.ts'
import { awaitsReview, type RuleVersion } from '../../core/proposal.ts'
import type { RecordEntry } from '../../core/record.ts'
import { RuleBaseSchema, type Rule } from '../../core/rule.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { Forbidden } from '../refusals.ts'
import { checkSubjects, completed, isFor, namesOf } from './rules.ts'

const ByIdSchema = Type.Object({ id: RuleBaseSchema.properties.id })
const CheckSchema = Type.Object(
  { type: Type.String({ minLength: 1, maxLength: 40, examples: ['threshold'] }) },
  { description: 'as in PUT /rules/{id}' },
)
const ReviewedSchema = Type.Object(
  { version: Type.Integer({ minimum: 1, description: 'the version you looked at', examples: [4] }) },
  { additionalProperties: false },
)
const RollbackSchema = Type.Object(
  {
    version: Type.Integer({ minimum: 1, description: 'the version you saw in force', examples: [4] }),
    to: Type.Integer({ minimum: 1, description: 'the earlier version that shall stand again', examples: [3] }),
    reason: Type.Optional(Type.String({ maxLength: 2_000, examples: ['too many alarms at the tank farm'] })),
  },
  { additionalProperties: false },
)

/** What a rule was, what it may become, and back to what it was. */
export function ruleHistoryCalls(api: Api, context: Context): void {
  const { alarmBook, config, live, recorder, registry, ruleHistory } = context
  const tags = ['rules']

  api.get(
    '/rule-types',
    { schema: { tags, summary: 'What each type of rule takes, as JSON Schema: forms are made from it' } },
    async (request) => {
      callerOf(context, request, 'read')
      return { types: (await alarmBook.ruleTypes?.()) ?? [] }
    },
  )

  api.get(
    '/rules/:id/history',
    {
      schema: { tags, summary: 'Every version of a rule, newest first: who put it in force, when and why', params: ByIdSchema },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const { id } = request.params
      const versions = await ruleHistory.versions(id)
      const last = versions.findLast(({ rule }) => rule !== null)?.rule
      if (!last || !isFor(last, caller, registry)) throw new NotFound(`there is no rule ${id}`)
      const newestFirst = [...versions].reverse()
      const people = namesOf(context, caller, newestFirst)
      return { versions: newestFirst, awaitsReview: awaitsReview(versions), people }
    },
  )

  api.post(
    '/rules/:id/check',
    {
      schema: {
        tags,
        summary: 'What would be wrong with a version, or worth a look; nothing is changed',
        params: ByIdSchema,
        body: CheckSchema,
      },
    },
    async (request) => {
      callerOf(context, request, 'tune')
      const { id } = request.params
      const rule = completed(id, request.body, live.rules.get(id) ?? null)
      const fault = await alarmBook.checkRule(rule)
      return { fault, warnings: fault ? [] : ((await alarmBook.warningsIf?.(rule)) ?? []) }
    },
  )

  api.post(
    '/rules/:id/reviewed',
    {
      schema: {
        tags,
        summary: 'A second person has looked at what one put in force alone, and lets it stand',
        params: ByIdSchema,
        body: ReviewedSchema,
      },
    },
    (request) => {
      const caller = callerOf(context, request, 'tune')
      const { id } = request.params
      return recorder.inTurn(`rule ${id}`, async () => {
        const versions = await ruleHistory.versions(id)
        const current = versions.at(-1)
        if (!current) throw new NotFound(`there is no rule ${id}`)
        if (current.version !== request.body.version)
          throw new Conflict('stale-version', `the rule ${id} is at version ${current.version}`, { rule: current.rule })
        if (!awaitsReview(versions)) throw new Conflict('wrong-state', `version ${current.version} waits for nobody`)
        if (current.by === caller.id) throw new Forbidden('own-version', 'somebody else looks at it', { by: caller.id })
        await recorder.write([{ kind: 'rule.reviewed', ruleId: id, version: current.version, by: caller.id }])
        return { version: (await ruleHistory.versions(id)).at(-1) }
      })
    },
  )

  api.post(
    '/rules/:id/rollback',
    {
      schema: {
        tags,
        summary: 'Put an earlier version in force again, as a new version; one person is enough, it was in force before',
        params: ByIdSchema,
        body: RollbackSchema,
      },
    },
    (request) => {
      const caller = callerOf(context, request, 'tune')
      const { id } = request.params
      const { version, to, reason } = request.body
      return recorder.inTurn(`rule ${id}`, async () => {
        const versions = await ruleHistory.versions(id)
        const current = versions.at(-1)
        if (!current) throw new NotFound(`there is no rule ${id}`)
        if (current.version !== version) {
          throw new Conflict(
            'stale-version',
            `the rule ${id} has changed since you saw it: it is at version ${current.version}`,
            {
              rule: current.rule,
            },
          )
        }
        const target = versions.findLast((one) => one.version === to && one.rule !== null)?.rule
        if (!target || to >= current.version) throw new NotFound(`the rule ${id} had no version ${to} before`)
        if (config.rulesTwoPersons === true && to !== lastBefore(versions)) {
          throw new Forbidden('two-persons', 'alone you may go back by one version only; propose any other', { to })
        }
        const entry = entryOf(versions, target, current, caller.id, reason)
        if (entry.kind === 'rule.set') {
          const fault = await alarmBook.checkRule(entry.rule)
          if (fault) throw new Invalid('invalid', `${fault.path}: ${fault.message}`, { field: fault.path })
          checkSubjects(entry.rule, registry)
        }
        await recorder.write([entry])
        return { rule: live.rules.get(id) ?? null }
      })
    },
  )
}

/** The newest version before the present one that said something. */
const lastBefore = (versions: readonly RuleVersion[]): number | undefined =>
  versions.slice(0, -1).findLast(({ rule }) => rule !== null)?.version

/** Back to what its pack says is taking the person's version away: the pack's stands again and follows its file from there. */
function entryOf(
  versions: readonly RuleVersion[],
  target: Rule,
  current: RuleVersion,
  by: string,
  reason: string | undefined,
): Extract<RecordEntry, { kind: 'rule.set' | 'rule.removed' }> {
  const why = reason === undefined || reason.trim() === '' ? {} : { reason: reason.trim() }
  const version = current.version + 1
  const ofPack = versions.findLast(({ rule }) => rule?.origin === 'pack')
  if (current.rule?.origin === 'person' && ofPack?.version === target.version) {
    return { kind: 'rule.removed', ruleId: target.id, version, by, ...why }
  }
  return { kind: 'rule.set', rule: { ...target, version, origin: 'person' }, by, restores: target.version, ...why }
}
