import { Type } from 'typebox'
import type { Alarm } from '../../core/alarm.ts'
import { ladderCallees, type Escalation } from '../../core/escalation.ts'
import { NotFound } from '../../core/errors.ts'
import { incidentReport, isOf, storyFrom, storyKinds } from '../../core/incident-report.ts'
import { SHORTEST_REASON } from '../../core/shelving.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import type { Caller } from '../access.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { AlarmIdSchema, IdempotencySchema } from './alarms.ts'

const ByIdSchema = Type.Object({ id: AlarmIdSchema })
const CallSchema = Type.Object(
  {
    version: Type.Integer({ minimum: 0, description: 'the version of the alarm as you saw it', examples: [3] }),
    to: Type.Enum([...ladderCallees], { description: 'next: the next rung of the ladder; else one role, whatever the time' }),
    reason: Type.String({ minLength: SHORTEST_REASON, maxLength: 2_000, examples: ['the fire spreads to the tank farm'] }),
  },
  { additionalProperties: false },
)

/** Up the ladder by hand, and what the authority above is told in writing. */
export function alarmLadderCalls(app: Api, context: Context, escalation: Escalation | null): void {
  const { alarmBook, clock, config, journal, offices, people, registry } = context
  const tags = ['alarms']
  const find = async (id: string, caller: Caller): Promise<Alarm> => {
    const alarm = await alarmBook.alarm(id)
    if (!alarm || !sees(caller, alarm.enterpriseId)) throw new NotFound(`there is no alarm ${id}`)
    return alarm
  }

  app.get(
    '/alarms/:id/report',
    {
      schema: {
        tags,
        summary: 'The written report to the authority above (警情信息快报): as it was drafted, and as it would be now',
        params: ByIdSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      const alarm = await find(request.params.id, caller)
      await offices.known()
      const first = (await alarmBook.timeline(alarm.id))[0]?.pos ?? Math.max(1, ...alarm.causes)
      const story = (await journal.readRecord(storyFrom(alarm, first), storyKinds)).flatMap((entry) => {
        const said = readRecordEntry(entry)
        return isOf(alarm.id, said) ? [{ pos: entry.pos, at: entry.receivedAt, entry: said }] : []
      })
      const drafted = story.flatMap(({ pos, at, entry }) => {
        if (entry.kind !== 'alarm.reported') return []
        const { step, to, text, alarmVersion } = entry
        const outcome = story.findLast((one) => isStepOf(one.entry, entry.round, step))?.entry
        return [{ pos, at, step, to, alarmVersion, text, outcome: outcome?.kind === 'ladder.step' ? outcome.outcome : null }]
      })
      const now = clock.now()
      // Names stand in what is read here only: what leaves has none.
      const text = incidentReport(alarm, story, now, {
        ...{ zone: config.zone, registry, region: (code: string) => offices.book.regions.get(code) ?? null },
        person: (id) => {
          const known = people.person(id)
          return known ? (known.contact.name ?? known.username) : null
        },
      })
      return { alarmId: alarm.id, version: alarm.version, drafted, now: { at: now, text } }
    },
  )

  if (!escalation) return
  app.post(
    '/alarms/:id/call',
    {
      schema: {
        tags,
        summary:
          'Call the next rung of the ladder, or one role, now. 409 stale-version when the alarm has changed since you saw it, ' +
          'outside-steps-off for what leaves the deployment where that is off, nobody-to-call when it would reach nobody',
        params: ByIdSchema,
        headers: IdempotencySchema,
        body: CallSchema,
      },
    },
    async (request, reply) => {
      const caller = callerOf(context, request, 'act')
      const { id } = await find(request.params.id, caller)
      const { version, to, reason } = request.body
      const idempotencyKey = request.headers['idempotency-key'] ?? null
      const { steps, alarm } = await escalation.askCall({
        ...{ alarmId: id, version, to, reason: reason.trim(), by: caller.id, idempotencyKey },
      })
      return reply.code(202).send({ steps, alarm })
    },
  )
}

const isStepOf = (entry: ReturnType<typeof readRecordEntry>, round: number, step: string): boolean =>
  entry.kind === 'ladder.step' && entry.round === round && entry.step === step
