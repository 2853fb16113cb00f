import { Type, type Static } from 'typebox'
import { isUnacknowledged, type Alarm } from '../../core/alarm.ts'
import { Conflict, Invalid, NotFound } from '../../core/errors.ts'
import type { ActionDetails, AlarmAction } from '../../core/record.ts'
import { SHORTEST_REASON } from '../../core/shelving.ts'
import type { Caller } from '../access.ts'
import type { Actions } from '../actions.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { GroupAnswers, type GroupAnswer } from '../group-answers.ts'
import { Forbidden } from '../refusals.ts'
import { shortId } from '../short-id.ts'
import { alarmRowCalls } from './alarm-rows.ts'
import { IdempotencySchema } from './alarms.ts'

const AT_MOST = 500
const SeenSchema = Type.Array(
  Type.Object(
    { id: Type.String({ minLength: 1, maxLength: 200 }), version: Type.Integer({ minimum: 0 }) },
    { additionalProperties: false },
  ),
  { minItems: 1, maxItems: AT_MOST, description: 'every alarm that is meant, in the version you saw' },
)
const TextSchema = Type.Optional(Type.String({ maxLength: 2_000, examples: ['one leak, the patrol is there'] }))
const AcknowledgeSchema = Type.Object(
  { alarms: SeenSchema, reason: TextSchema, comment: TextSchema },
  { additionalProperties: false },
)
const DecideSchema = Type.Object({ alarms: SeenSchema, comment: TextSchema }, { additionalProperties: false })
const GroupSchema = Type.Object({ group: Type.String({ maxLength: 40 }) })
type Seen = Static<typeof SeenSchema>
type Decision = AlarmAction & ('confirm' | 'decline' | 'withdraw')

/**
 * Several alarms acknowledged with one act (ux.md B3). What is not listed stays out of it, and so does what has changed since it
 * was seen. Where a red is among them a second person, who sees the same list, agrees.
 */
export function alarmGroupCalls(app: Api, context: Context, actions: Actions): void {
  const { live } = context
  const groups = new GroupAnswers(context.alarmBook)
  const keyOf = (request: { headers: { 'idempotency-key'?: string } }) => request.headers['idempotency-key'] ?? null
  const tags = ['alarms']
  alarmRowCalls(app, context)

  /** As they stand now; refused as a whole when one of them has changed. */
  const current = (seen: Seen, caller: Caller): Alarm[] => {
    if (new Set(seen.map(({ id }) => id)).size < seen.length) {
      throw new Invalid('invalid', 'alarms: each is named once', { field: 'alarms' })
    }
    const found = seen.map(({ id, version }) => ({ id, version, alarm: live.alarms.get(id) ?? null }))
    const stranger = found.find(({ alarm }) => alarm && !sees(caller, alarm.enterpriseId))
    if (stranger) throw new NotFound(`there is no alarm ${stranger.id}`)
    const changed = found.filter(({ alarm, version }) => alarm?.version !== version)
    if (changed.length > 0) {
      throw new Conflict('stale-version', `${changed.length} of ${seen.length} alarms have changed since: nothing was done`, {
        alarms: changed.map(({ id, alarm }) => ({ id, alarm })),
      })
    }
    return found.map(({ alarm }) => alarm!)
  }

  const actOnAll = async (
    alarms: Alarm[],
    action: AlarmAction,
    caller: Caller,
    comment: string | null,
    idempotencyKey: string | null,
    details?: ActionDetails,
  ) => {
    const wishes = alarms.map(({ id, version }) => ({
      ...{ alarmId: id, version, action, by: caller.id, comment, idempotencyKey },
      ...(details && { details }),
    }))
    const settled = await actions.takeAll(wishes)
    const done: Alarm[] = []
    const refused: { id: string; code: string; message: string; alarm: unknown }[] = []
    for (const [i, one] of settled.entries()) {
      if (one.status === 'fulfilled') done.push(one.value.alarm)
      else if (one.reason instanceof Conflict) {
        const { code, message, details } = one.reason
        refused.push({ id: alarms[i]!.id, code, message, alarm: details['alarm'] ?? null })
      } else throw one.reason
    }
    return { done, refused }
  }

  const acknowledge = async (seen: Seen, reason: string | null, key: string | null, caller: Caller) => {
    const alarms = current(seen, caller)
    const known = alarms.find((alarm) => !isUnacknowledged(alarm))
    if (known) throw new Conflict('wrong-state', `the alarm ${known.id} is ${known.state} already`, { alarm: known })
    const twoPersons = alarms.some(({ level }) => level === 'red')
    const first = alarms[0]!
    const isOne = alarms.every(({ enterpriseId }) => enterpriseId === first.enterpriseId)
    if (!isOne && !(twoPersons && alarms.every(({ ruleId }) => ruleId === first.ruleId))) {
      const may = twoPersons ? 'of one enterprise or of one cause (rule)' : 'of one enterprise'
      throw new Invalid('invalid', `alarms acknowledged together are ${may}`, { field: 'alarms' })
    }
    if (twoPersons && (reason?.length ?? 0) < SHORTEST_REASON) {
      throw new Invalid('invalid', `a group with a red alarm needs a reason of at least ${SHORTEST_REASON} characters`, {
        field: 'reason',
      })
    }
    const group = shortId('group', () => false)
    const details = { group, ...(twoPersons && { twoPersons }) }
    return { group, ...(await actOnAll(alarms, 'acknowledge', caller, reason, key, details)) }
  }

  const decide = async (
    ...[group, path, seen, comment, key, caller]: [string, Decision, Seen, string | null, string | null, Caller]
  ): Promise<GroupAnswer> => {
    const waiting = [...live.alarms.values()].filter(
      (alarm) => alarm.request?.details?.group === group && sees(caller, alarm.enterpriseId),
    )
    if (waiting.length === 0) throw new NotFound(`no alarm of ${group} waits for a second person`)
    const isOwn = waiting.some((alarm) => alarm.request!.by === caller.id)
    if (isOwn !== (path === 'withdraw')) {
      throw new Forbidden('two-persons', isOwn ? 'a second person decides: not who asked for it' : 'only who asked takes it back')
    }
    const alarms = current(seen, caller)
    const listed = new Set(alarms.map(({ id }) => id))
    if (alarms.length !== waiting.length || waiting.some(({ id }) => !listed.has(id))) {
      throw new Conflict('stale-version', 'the list is not what waits for a second person now', { alarms: waiting })
    }
    return { group, ...(await actOnAll(alarms, path, caller, comment, key)) }
  }

  app.post(
    '/alarms/acknowledge',
    {
      schema: {
        tags,
        summary: 'Acknowledge several alarms: of one enterprise; with a red among them a reason and a second person are needed',
        headers: IdempotencySchema,
        body: AcknowledgeSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      const reason = (request.body.reason ?? request.body.comment)?.trim() || null
      const key = keyOf(request)
      const asked = key === null ? null : { by: caller.id, key, alarms: request.body.alarms, said: reason }
      const { group, done, refused } = await groups.take(asked && { ...asked, action: 'acknowledge' }, () =>
        acknowledge(request.body.alarms, reason, key, caller),
      )
      return {
        group,
        acknowledged: done.filter(({ request }) => !request),
        requested: done.filter(({ request }) => request !== undefined),
        refused,
      }
    },
  )

  const decisions: [path: Decision, summary: string][] = [
    ['confirm', 'Agree, as a second person, to acknowledge a group: to exactly the alarms and versions listed'],
    ['decline', 'Refuse it, as a second person'],
    ['withdraw', 'Take back what you asked for yourself'],
  ]
  for (const [path, summary] of decisions) {
    app.post(
      `/alarms/acknowledge/:group/${path}`,
      { schema: { tags, summary, params: GroupSchema, headers: IdempotencySchema, body: DecideSchema } },
      async (request) => {
        const caller = callerOf(context, request, 'act')
        const { group } = request.params
        const comment = request.body.comment?.trim() || null
        const key = keyOf(request)
        const asked = key === null ? null : { by: caller.id, key, action: path, alarms: request.body.alarms, said: comment }
        const { done, refused } = await groups.take(asked, () => decide(group, path, request.body.alarms, comment, key, caller))
        return { group, alarms: done, refused }
      },
    )
  }
}
