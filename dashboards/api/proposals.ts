import { Type } from 'typebox'
import type { Shadow } from '../../core/backtest.ts'
import { Conflict, Invalid, NotFound, Unavailable } from '../../core/errors.ts'
import { proposalVerdicts, SHADOW_HOURS, type Proposal, type ProposalVerdict } from '../../core/proposal.ts'
import type { RecordEntry } from '../../core/record.ts'
import { IdSchema } from '../../core/registry.ts'
import { RuleBaseSchema } from '../../core/rule.ts'
import type { Caller } from '../access.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { Forbidden } from '../refusals.ts'
import { shortId } from '../short-id.ts'
import { checkSubjects, completed, isFor, namesOf } from './rules.ts'

const ByIdSchema = Type.Object({ id: IdSchema })
const ProposeSchema = Type.Object(
  {
    version: Type.Integer({ minimum: 0, description: 'the version you saw; 0 for a new rule', examples: [1] }),
    rule: Type.Object(
      { type: Type.String({ minLength: 1, maxLength: 40, examples: ['threshold'] }) },
      { description: 'as in PUT /rules/{id}' },
    ),
    reason: Type.String({ minLength: 1, maxLength: 2_000, pattern: '\\S', examples: ['steam raises it every morning'] }),
    shadow: Type.Optional(Type.Boolean({ description: 'judge it live from now on beside the version in force, silently' })),
    shadowHours: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 720, default: SHADOW_HOURS, description: 'for how long', examples: [72] }),
    ),
  },
  { additionalProperties: false },
)
const DecideSchema = Type.Object(
  { comment: Type.Optional(Type.String({ maxLength: 2_000, examples: ['agreed with the plant'] })) },
  { additionalProperties: false },
)
const ListSchema = Type.Object({
  state: Type.Optional(Type.Enum(['open', ...proposalVerdicts])),
  rule: Type.Optional(RuleBaseSchema.properties.id),
})

/** Decisions still open at once, so that nobody has to read more than can be read. */
const OPEN_AT_MOST = 200

/** A version one person writes and another puts in force. `PUT /rules/{id}` stands beside it as it always did. */
export function proposalCalls(api: Api, context: Context): void {
  const { alarmBook, backtests, config, live, recorder, registry, ruleHistory } = context
  const tags = ['rules']
  const versionOf = async (ruleId: string) =>
    live.rules.get(ruleId)?.version ?? (await ruleHistory.versions(ruleId)).at(-1)?.version ?? 0
  /** `outdated`: the rule has changed since, so nobody can approve it any more. */
  const shown = async (proposal: Proposal) => ({
    ...proposal,
    outdated: proposal.state === 'open' && (await versionOf(proposal.ruleId)) !== proposal.base,
  })

  api.post(
    '/rules/:id/proposals',
    {
      schema: {
        tags,
        summary: 'Propose a version of a rule; it comes into force when another person approves',
        params: Type.Object({ id: RuleBaseSchema.properties.id }),
        body: ProposeSchema,
      },
    },
    (request, reply) => {
      const caller = callerOf(context, request, 'tune')
      const ruleId = request.params.id
      const { version, rule: given, reason, shadow = false, shadowHours = SHADOW_HOURS } = request.body
      return recorder.inTurn(`rule ${ruleId}`, async () => {
        const current = live.rules.get(ruleId) ?? null
        const standing = await versionOf(ruleId)
        if (version !== standing) throw stale(ruleId, standing, { rule: current })
        const rule = { ...completed(ruleId, given, current), version: standing + 1 }
        const fault = await alarmBook.checkRule(rule)
        if (fault) throw new Invalid('invalid', `${fault.path}: ${fault.message}`, { field: fault.path })
        checkSubjects(rule, registry)
        const all = await ruleHistory.proposals()
        if (all.filter(({ state }) => state === 'open').length >= OPEN_AT_MOST) {
          throw new Conflict('wrong-state', `${OPEN_AT_MOST} proposals wait for a decision already`)
        }
        const proposalId = shortId('rp', (id) => all.some((one) => one.id === id))
        const entry = {
          proposalId,
          base: standing,
          rule,
          reason: reason.trim(),
          shadow,
          ...(shadow && { shadowHours }),
          by: caller.id,
        }
        await recorder.write([{ kind: 'rule.proposed', ...entry }])
        const proposal = (await ruleHistory.proposal(proposalId))!
        // It begins now; the answer does not wait for it, and whoever looks hears how it is.
        if (shadow) void shadowOf(proposal).catch(() => undefined)
        return reply.code(201).send({ proposal: await shown(proposal) })
      })
    },
  )

  api.get(
    '/proposals',
    { schema: { tags, summary: 'Versions that were proposed, newest first', querystring: ListSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const { state, rule } = request.query
      const all = (await ruleHistory.proposals()).filter(
        (one) =>
          (state === undefined || one.state === state) &&
          (rule === undefined || one.ruleId === rule) &&
          isFor(one.rule, caller, registry),
      )
      return { proposals: await Promise.all(all.map(shown)), people: namesOf(context, caller, all) }
    },
  )

  const find = async (id: string, caller: Caller) => {
    const found = await ruleHistory.proposal(id)
    if (!found || !isFor(found.rule, caller, registry)) throw new NotFound(`there is no proposal ${id}`)
    return found
  }

  const shadowOf = (proposal: Proposal): Promise<Shadow | null> => {
    const { id, at, rule } = proposal
    if (!proposal.shadow || proposal.state !== 'open' || !backtests?.shadow) return Promise.resolve(null)
    const until = proposal.shadowUntil
    return backtests
      .shadow({ id, mode: config.mode, from: at, ...(until !== undefined && { until }), rule })
      .catch((error: unknown): Shadow => {
        // That too many run already is something to read beside the proposal, not a reason to hide it.
        if (error instanceof Unavailable) return { id, state: 'failed', reason: error.message }
        throw error
      })
  }

  api.get(
    '/proposals/:id',
    {
      schema: {
        tags,
        summary: 'One proposal, with what it would have raised since it runs in shadow',
        params: ByIdSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const proposal = await find(request.params.id, caller)
      const current = live.rules.get(proposal.ruleId) ?? null
      const base =
        (await ruleHistory.versions(proposal.ruleId)).findLast(({ version }) => version === proposal.base)?.rule ?? null
      // Like a backtest, it is about the whole deployment.
      const shadow = caller.sight.isWhole ? await shadowOf(proposal) : null
      return { proposal: await shown(proposal), base, current, shadow, people: namesOf(context, caller, [proposal]) }
    },
  )

  const decisions: [path: string, verdict: ProposalVerdict, summary: string][] = [
    ['approve', 'approved', 'Put a proposed version in force; never by who proposed it'],
    ['reject', 'rejected', 'Refuse a proposed version; never by who proposed it'],
    ['withdraw', 'withdrawn', 'Take back what you proposed yourself'],
  ]
  for (const [path, verdict, summary] of decisions) {
    api.post(`/proposals/:id/${path}`, { schema: { tags, summary, params: ByIdSchema, body: DecideSchema } }, async (request) => {
      const caller = callerOf(context, request, 'tune')
      const { id } = request.params
      const { ruleId } = await find(id, caller)
      return recorder.inTurn(`rule ${ruleId}`, async () => {
        const proposal = await find(id, caller)
        mayDecide(proposal, verdict, caller)
        const comment = request.body.comment?.trim() ?? ''
        const decided: RecordEntry = {
          ...{ kind: 'rule.decided', proposalId: id, ruleId, verdict },
          ...{ comment: comment === '' ? null : comment, by: caller.id },
        }
        await recorder.write(verdict === 'approved' ? [decided, await inForce(proposal, caller)] : [decided])
        if (proposal.shadow) void backtests?.endShadow?.(id).catch(() => undefined)
        return { proposal: await shown((await ruleHistory.proposal(id))!), rule: live.rules.get(ruleId) ?? null }
      })
    })
  }

  /** What was proposed, if the rule is still what it was proposed against and it still makes sense. */
  async function inForce({ id, ruleId, rule, base, reason }: Proposal, caller: Caller): Promise<RecordEntry> {
    const standing = await versionOf(ruleId)
    if (standing !== base) throw stale(ruleId, standing, { rule: live.rules.get(ruleId) ?? null })
    const fault = await alarmBook.checkRule(rule)
    if (fault) throw new Invalid('invalid', `${fault.path}: ${fault.message}`, { field: fault.path })
    checkSubjects(rule, registry)
    return { kind: 'rule.set', rule, by: caller.id, reason, proposalId: id }
  }
}

function mayDecide(proposal: Proposal, verdict: ProposalVerdict, caller: Caller): void {
  const isOwn = caller.id === proposal.by
  if (verdict === 'withdrawn' && !isOwn) {
    throw new Forbidden('own-proposal', 'only who proposed it takes it back: reject it instead', { by: proposal.by })
  }
  if (verdict !== 'withdrawn' && isOwn) {
    throw new Forbidden('own-proposal', 'a second person decides: nobody approves or rejects what they proposed', {
      by: proposal.by,
    })
  }
  if (proposal.state !== 'open') {
    throw new Conflict('wrong-state', `it has been ${proposal.state} already`, { proposal })
  }
}

const stale = (ruleId: string, version: number, details: Record<string, unknown>) =>
  new Conflict('stale-version', `the rule ${ruleId} has changed since: it is at version ${version} now`, details)
