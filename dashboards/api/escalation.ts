import { createHash } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { positions } from '../../core/contact.ts'
import { Conflict, Invalid, NotFound } from '../../core/errors.ts'
import type { Escalation } from '../../core/escalation.ts'
import { leavesDeployment, type Ladder } from '../../core/ladder.ts'
import { levels } from '../../core/level.ts'
import { EnterpriseSchema, IdSchema } from '../../core/registry.ts'
import { dutyRoles } from '../../core/roster.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { unarmedEnterprises } from '../escalation-notices.ts'

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
const SetSchema = Type.Object(
  {
    ...LadderSchema.properties,
    version: Type.Integer({ minimum: 0, description: 'the version you saw; 0 where the region has none' }),
    dryRun: Type.Optional(Type.String({ maxLength: 60, examples: ['lt-3k9'] })),
  },
  strict,
)
const AnswerSchema = Type.Object(
  {
    code: Type.Optional(
      Type.String({ pattern: '^[0-9]{6}$', description: 'as it stands in the message, for somebody who cannot log in' }),
    ),
  },
  strict,
)

/** Ladders, arming, answers: who is called about alarms, and that they can be reached. */
export function escalationCalls(app: Api, context: Context, escalation: Escalation): void {
  const { clock, journal, people, recorder, registry } = context
  const tags = ['duty']

  app.get(
    '/ladders',
    { schema: { tags, summary: 'Who is called when, by region, and whether that is in use' } },
    async (request) => {
      callerOf(context, request, 'read')
      const { hasChannels, leavesSomewhere, shipped, ladders, climbing } = await escalation.escalationFacts()
      const reasons = [...(hasChannels ? [] : ['no-channels']), ...(leavesSomewhere ? [] : ['outside-steps-off'])]
      const text =
        reasons.length === 0
          ? { zh: '升级已启用', en: 'Escalation is in use' }
          : { zh: '升级未启用', en: 'Escalation is not in use' }
      return { state: { enabled: reasons.length === 0, reasons, text }, shipped, ladders, climbing }
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
      const known = [...new Set(run.calls.flatMap(({ personIds }) => personIds))].flatMap((id) => people.person(id) ?? [])
      return { ...run, people: Object.fromEntries(known.map(({ id, username, contact }) => [id, contact.name ?? username])) }
    },
  )

  app.put('/ladders', { schema: { tags, summary: 'Put a ladder in force for a region', body: SetSchema } }, async (request) => {
    const caller = callerOf(context, request, 'tune')
    const { version, dryRun, ...given } = request.body
    checkSteps(given)
    return recorder.inTurn('ladders', async () => {
      const { ladders } = await escalation.escalationFacts()
      const before = ladders.find(({ region }) => region === given.region)
      if ((before?.version ?? 0) !== version)
        throw new Conflict('stale-version', `the ladder is at version ${before?.version ?? 0}, you saw ${version}`, {
          ladder: before ?? null,
        })
      const ladder = ladderOf(given, version + 1)
      const tried = ladder.leaves ? await triedRun(ladder, dryRun) : undefined
      await recorder.write([{ kind: 'ladder.set', ladder, by: caller.id, ...(tried !== undefined && { dryRun: tried }) }])
      return { ladder, dryRun: tried ?? null }
    })
  })

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
      steps[level].map(({ id, afterMs, to, channels, otherwise }) => ({
        id,
        afterMs,
        to,
        channels,
        ...(otherwise && { otherwise }),
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
