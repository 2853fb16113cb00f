import { createHash } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { positions } from '../../core/contact.ts'
import { Conflict, Invalid, NotFound } from '../../core/errors.ts'
import type { Escalation, LadderProposal, LadderVerdict } from '../../core/escalation.ts'
import { leavesDeployment, type Ladder } from '../../core/ladder.ts'
import { levels } from '../../core/level.ts'
import { EnterpriseSchema, IdSchema } from '../../core/registry.ts'
import { dutyRoles } from '../../core/roster.ts'
import { SHORTEST_REASON } from '../../core/shelving.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { Forbidden } from '../refusals.ts'
import { shortId } from '../short-id.ts'

const DAY = 86_400_000
const strict = { additionalProperties: false } as const
const { region: RegionSchema } = EnterpriseSchema.properties
const RoleSchema = Type.Enum([...dutyRoles])
const ChannelsSchema = Type.Array(Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }), {
  minItems: 1,
  maxItems: 8,
  examples: [['app', 'sms']],
})
const StepSchema = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,39}$', examples: ['r60-duty1'] }),
    afterMs: Type.Integer({ minimum: 0, maximum: 7 * DAY }),
    to: Type.Union([
      Type.Object({ duty: RoleSchema }, strict),
      Type.Object({ enterprise: Type.Enum([...positions]) }, strict),
      Type.Object({ superior: RoleSchema }, strict),
    ]),
    channels: ChannelsSchema,
    otherwise: Type.Optional(Type.Array(Type.String({ maxLength: 32 }), { maxItems: 8 })),
    report: Type.Optional(Type.Boolean({ description: 'the written report is drafted, and goes where the step goes' })),
  },
  strict,
)
const perLevel = <T extends Parameters<typeof Type.Array>[0]>(schema: T) =>
  Type.Object({ red: schema, orange: schema, yellow: schema, blue: schema }, strict)
const HourSchema = Type.Integer({ minimum: 0, maximum: 24 })
const LadderSchema = Type.Object(
  {
    region: Type.Union([RegionSchema, Type.Null()], { description: 'division code; null: everywhere without one of its own' }),
    steps: perLevel(Type.Array(StepSchema, { maxItems: 40 })),
    feedbackDueMs: perLevel(Type.Integer({ minimum: 60_000, maximum: 30 * DAY })),
    overdueAtMs: Type.Integer({ minimum: 0, maximum: DAY }),
    leaves: Type.Boolean({ description: 'steps that leave the deployment run; needs a dry run of these very steps' }),
    quiet: Type.Optional(Type.Union([Type.Object({ from: HourSchema, to: HourSchema }, strict), Type.Null()])),
  },
  strict,
)
const ProposeSchema = Type.Object(
  {
    ...LadderSchema.properties,
    version: Type.Integer({ minimum: 0, description: 'the version you saw; 0 where the region has none' }),
    reason: Type.String({
      minLength: SHORTEST_REASON,
      maxLength: 2_000,
      pattern: '\\S',
      examples: ['the night shift has one person'],
    }),
    dryRun: Type.Optional(Type.String({ maxLength: 60, examples: ['lt-3k9'] })),
  },
  strict,
)
const DecideSchema = Type.Object({ comment: Type.Optional(Type.String({ maxLength: 2_000 })) }, strict)
const ByIdSchema = Type.Object({ id: IdSchema })
/** Where nothing is called at all, where only what leaves the deployment is off, and where everything runs. */
const stateWords = {
  off: { zh: '升级未启用', en: 'Escalation is not in use' },
  inside: { zh: '上级升级未启用', en: 'Outside steps are not enabled' },
  on: { zh: '升级已启用', en: 'Escalation is in use' },
}
/** So many wait for a decision at most. */
const OPEN_AT_MOST = 50

/** Who is called when, by region. What one person proposes another puts in force. */
export function ladderCalls(app: Api, context: Context, escalation: Escalation): void {
  const { clock, journal, people, recorder, registry, roster } = context
  const tags = ['duty']
  const namesOf = (ids: string[]): Record<string, string> => {
    const known = [...new Set(ids)].flatMap((id) => people.person(id) ?? [])
    return Object.fromEntries(known.map(({ id, username, contact }) => [id, contact.name ?? username]))
  }

  app.get(
    '/ladders',
    { schema: { tags, summary: 'Who is called when, by region, and whether that is in use' } },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      const { hasChannels, leavesSomewhere, shipped, ladders, climbing } = await escalation.escalationFacts()
      const reasons = [...(hasChannels ? [] : ['no-channels']), ...(leavesSomewhere ? [] : ['outside-steps-off'])]
      const text = !hasChannels ? stateWords.off : leavesSomewhere ? stateWords.on : stateWords.inside
      await roster.known()
      const places = [...registry.enterprises.values()].filter(({ retiredAt }) => retiredAt === null).map(({ region }) => region)
      const known = [...places, ...roster.book.regions(), ...ladders.flatMap(({ region }) => region ?? [])]
      const divisions = [...new Set(known)].filter((region) => caller.sight.coversRegion(region)).sort()
      return { state: { enabled: reasons.length === 0, reasons, text }, shipped, ladders, divisions, climbing }
    },
  )

  app.post(
    '/ladders/dry-run',
    {
      schema: {
        tags,
        summary: "Whom the last week's alarms would have called by this ladder; nothing is sent",
        body: LadderSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'tune')
      const run = await escalation.tryLadder(ladderOf(request.body, 0), caller.id)
      return { ...run, people: namesOf(run.calls.flatMap(({ personIds }) => personIds)) }
    },
  )

  /** Every proposal with what became of it, newest first. */
  const proposals = async (): Promise<LadderProposal[]> => {
    const found = new Map<string, LadderProposal>()
    const runs = new Map<string, NonNullable<LadderProposal['tried']>>()
    for (const entry of await journal.readRecord(1, ['ladder.tried', 'ladder.proposed', 'ladder.decided'])) {
      const said = readRecordEntry(entry)
      if (said.kind === 'ladder.tried') {
        const { id, from, to, alarms, calls } = said
        runs.set(id, { from, to, alarms, calls })
      } else if (said.kind === 'ladder.proposed') {
        const { proposalId: id, base, ladder, reason, dryRun, by } = said
        found.set(id, {
          id,
          base,
          ladder,
          reason,
          dryRun: dryRun ?? null,
          tried: (dryRun !== undefined && runs.get(dryRun)) || null,
          by,
          at: entry.receivedAt,
          state: 'open',
          decision: null,
        })
      } else if (said.kind === 'ladder.decided') {
        const known = found.get(said.proposalId)
        const { verdict, comment, by } = said
        if (known) found.set(said.proposalId, { ...known, state: verdict, decision: { by, at: entry.receivedAt, comment } })
      }
    }
    return [...found.values()].reverse()
  }
  const standing = async (region: string | null): Promise<Ladder | null> =>
    (await escalation.escalationFacts()).ladders.find((one) => one.region === region) ?? null
  const mustFollow = async ({ region }: Pick<Ladder, 'region'>, base: number): Promise<void> => {
    const before = await standing(region)
    if ((before?.version ?? 0) !== base)
      throw new Conflict('stale-version', `the ladder is at version ${before?.version ?? 0}, this was for ${base}`, {
        ladder: before,
      })
  }

  app.get(
    '/ladders/proposals',
    { schema: { tags, summary: 'Ladders that were proposed, newest first, and who decided' } },
    async (request) => {
      callerOf(context, request, 'act')
      const all = await proposals()
      return { proposals: all, people: namesOf(all.flatMap(({ by, decision }) => [by, ...(decision ? [decision.by] : [])])) }
    },
  )

  app.post(
    '/ladders/proposals',
    {
      schema: {
        tags,
        summary: 'Propose a ladder for a region: it is in force once another person approves. Steps that leave need a dry run',
        body: ProposeSchema,
      },
    },
    async (request, reply) => {
      const caller = callerOf(context, request, 'tune')
      const { version, dryRun, reason, ...given } = request.body
      checkSteps(given)
      return recorder.inTurn('ladders', async () => {
        await mustFollow(given, version)
        const all = await proposals()
        if (all.filter(({ state }) => state === 'open').length >= OPEN_AT_MOST)
          throw new Conflict('wrong-state', `${OPEN_AT_MOST} proposals wait for a decision already`)
        const ladder = ladderOf(given, version + 1)
        const tried = ladder.leaves ? await triedRun(ladder, dryRun) : undefined
        const proposalId = shortId('lp', (id) => all.some((one) => one.id === id))
        const proposed = { proposalId, base: version, ladder, reason: reason.trim(), by: caller.id }
        await recorder.write([{ kind: 'ladder.proposed', ...proposed, ...(tried !== undefined && { dryRun: tried }) }])
        return reply.code(201).send({ proposal: (await proposals()).find(({ id }) => id === proposalId)! })
      })
    },
  )

  const decisions: [path: string, verdict: LadderVerdict, summary: string][] = [
    ['approve', 'approved', 'Put a proposed ladder in force; never by who proposed it'],
    ['reject', 'rejected', 'Refuse a proposed ladder; never by who proposed it'],
    ['withdraw', 'withdrawn', 'Take back what you proposed yourself'],
  ]
  for (const [path, verdict, summary] of decisions) {
    app.post(
      `/ladders/proposals/:id/${path}`,
      { schema: { tags, summary, params: ByIdSchema, body: DecideSchema } },
      (request) => {
        const caller = callerOf(context, request, 'tune')
        const { id } = request.params
        return recorder.inTurn('ladders', async () => {
          const proposal = (await proposals()).find((one) => one.id === id)
          if (!proposal) throw new NotFound(`there is no proposal ${id}`)
          mayDecide(proposal, verdict, caller.id)
          const comment = request.body.comment?.trim() ?? ''
          const decided = {
            kind: 'ladder.decided',
            proposalId: id,
            verdict,
            comment: comment === '' ? null : comment,
            by: caller.id,
          } as const
          if (verdict !== 'approved') await recorder.write([decided])
          else {
            const { ladder, base, dryRun, by: proposedBy } = proposal
            await mustFollow(ladder, base)
            const tried = ladder.leaves ? await triedRun(ladder, dryRun ?? undefined) : undefined
            const set = { kind: 'ladder.set', ladder, by: caller.id, proposedBy, proposalId: id } as const
            await recorder.write([decided, { ...set, ...(tried !== undefined && { dryRun: tried }) }])
          }
          return { proposal: (await proposals()).find((one) => one.id === id)! }
        })
      },
    )
  }

  /** What leaves the deployment was looked at first: these very steps, not long ago. */
  async function triedRun(ladder: Ladder, id: string | undefined): Promise<string> {
    const refuse = (message: string) => new Conflict('dry-run-needed', message, { region: ladder.region })
    if (id === undefined) throw refuse('steps that leave the deployment need a dry run first: POST /ladders/dry-run')
    const steps = createHash('sha256').update(JSON.stringify(ladder.steps)).digest('hex').slice(0, 32)
    for (const entry of await journal.readRecord(1, ['ladder.tried'])) {
      const said = readRecordEntry(entry)
      if (said.kind !== 'ladder.tried' || said.id !== id) continue
      if (said.region !== ladder.region || said.steps !== steps) throw refuse('the dry run was of other steps')
      if (clock.now() - said.to > DAY) throw refuse('the dry run is more than a day old')
      return id
    }
    throw refuse(`there is no dry run ${id}`)
  }
}

/** In one order of fields, so that the same steps have the same hash. */
function ladderOf(
  { region, steps, feedbackDueMs, overdueAtMs, leaves, quiet }: Static<typeof LadderSchema>,
  version: number,
): Ladder {
  const ordered = Object.fromEntries(
    levels.map((level) => [
      level,
      steps[level].map(({ id, afterMs, to, channels, otherwise, report }) => ({
        id,
        afterMs,
        to,
        channels,
        ...(otherwise && { otherwise }),
        ...(report && { report }),
      })),
    ]),
  ) as Ladder['steps']
  return { region, version, steps: ordered, feedbackDueMs, overdueAtMs, leaves, ...(quiet !== undefined && { quiet }) }
}

function checkSteps({ steps, leaves }: Pick<Ladder, 'steps' | 'leaves'>): void {
  for (const level of levels) {
    const ids = steps[level].map(({ id }) => id)
    const twice = ids.find((id, i) => ids.indexOf(id) !== i)
    if (twice !== undefined)
      throw new Invalid('invalid', `steps.${level}: ${twice} stands there twice`, { field: `steps.${level}` })
  }
  const [first] = steps.red.toSorted((a, b) => a.afterMs - b.afterMs)
  if (!first || first.afterMs > 60_000 || !steps.red.some((step) => 'duty' in step.to && step.afterMs <= 60_000))
    throw new Invalid('invalid', 'a red calls somebody on duty within a minute', { field: 'steps.red' })
  if (leaves && !levels.some((level) => steps[level].some(leavesDeployment)))
    throw new Invalid('invalid', 'no step leaves the deployment', { field: 'leaves' })
}

function mayDecide({ by, state }: LadderProposal, verdict: LadderVerdict, personId: string): void {
  const isOwn = by === personId
  if (isOwn !== (verdict === 'withdrawn'))
    throw new Forbidden(
      'two-persons',
      isOwn ? 'a second person decides: nobody approves or rejects what they proposed' : 'only who proposed it takes it back',
      { by },
    )
  if (state !== 'open') throw new Conflict('wrong-state', `it has been ${state} already`)
}
