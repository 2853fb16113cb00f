import { Type } from 'typebox'
import { Conflict } from '../../core/errors.ts'
import type { Hazard } from '../../core/hazard.ts'
import { possibleNotices } from '../../core/notice-steps.ts'
import { noticeKinds, receiverCapacities, serviceWays, type NoticeKind } from '../../core/notice.ts'
import { IdSchema } from '../../core/registry.ts'
import { plainCode } from '../../core/roster.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { hazardAnswers } from '../hazard-answers.ts'
import { reviewOf, type NoticePlace } from '../hazard-notices.ts'
import { may } from '../rights.ts'

const strict = { additionalProperties: false } as const
const text = (maxLength: number, example: string) => Type.String({ minLength: 1, maxLength, pattern: '\\S', examples: [example] })
const ByIdSchema = Type.Object({ id: IdSchema })
const NoticeIdSchema = Type.Object({ id: IdSchema, noticeId: Type.String({ maxLength: 60, pattern: '^[a-z0-9-]+$' }) })
const version = Type.Integer({ minimum: 1, description: 'of the hazard, as you saw it' })
const IssueSchema = Type.Object(
  {
    version,
    kind: Type.Enum([...noticeKinds]),
    unit: text(100, '西湖区应急管理局'),
    verifier: Type.Optional(Type.String({ maxLength: 100, description: 'who looks at it when it is done; else the unit' })),
    clause: Type.Optional(Type.String({ maxLength: 500, examples: ['《中华人民共和国消防法》第十六条'] })),
  },
  strict,
)
const ServeSchema = Type.Object(
  {
    version,
    how: Type.Enum([...serviceWays], { description: 'signed for (直接送达), or left because nobody would sign (留置送达)' }),
    at: Type.Integer({ description: 'ms UTC' }),
    capacity: Type.Optional(Type.Enum([...receiverCapacities], { description: 'who signed; the name stands on the paper' })),
    personId: Type.Optional(IdSchema),
    comment: Type.Optional(Type.String({ maxLength: 500, description: 'of what was left: why, and that there were witnesses' })),
  },
  strict,
)
const WithdrawSchema = Type.Object({ version, comment: text(500, '企业名称有误') }, strict)

/** Written notices of hazards (责令限期整改指令书, 整改复查意见书, 挂牌督办通知书): numbered, recorded, printed, served. */
export function hazardNoticeCalls(app: Api, context: Context): void {
  const { hazards, hazardNotices, offices, people, registry } = context
  const { shown, asShown, find, namesFor, peopleIn } = hazardAnswers(context)
  const tags = ['hazards']

  const placeOf = (hazard: Hazard): NoticePlace => {
    const enterprise = registry.enterprises.get(hazard.enterpriseId ?? '')
    if (!enterprise) throw new Conflict('no-enterprise', 'a notice is written to an enterprise: nobody’s hazard has none', {})
    const county = plainCode(enterprise.region).slice(0, 6)
    return { enterprise: enterprise.name, region: county, regionName: offices.book.regions.get(county)?.zh ?? county }
  }
  const possible = (role: Parameters<typeof may>[0], hazard: Hazard): NoticeKind[] =>
    may(role, 'tune') ? possibleNotices(hazard, reviewOf(hazards.history(hazard.id))) : []

  app.get(
    '/hazards/:id/notices',
    { schema: { tags, summary: 'What was put in writing about a hazard, and what could be', params: ByIdSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const hazard = await find(caller, request.params.id)
      await Promise.all([hazardNotices.known(), offices.known()])
      const enterprise = registry.enterprises.get(hazard.enterpriseId ?? '')
      const masters = enterprise ? Object.values(offices.book.masters(enterprise)) : []
      const units = caller.enterpriseId === null ? masters.flatMap((one) => (one ? [one.zh] : [])) : []
      return {
        version: hazard.version,
        notices: hazardNotices.of(hazard),
        possible: possible(caller.role, hazard),
        units: [...new Set(units)],
        people: namesFor(caller, peopleIn(hazard)),
      }
    },
  )

  app.get(
    '/hazards/:id/notices/:noticeId',
    { schema: { tags, summary: 'A notice in the words it was issued with', params: NoticeIdSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const hazard = await find(caller, request.params.id)
      await hazardNotices.known()
      return hazardNotices.text(hazard, request.params.noticeId)
    },
  )

  app.post(
    '/hazards/:id/notices',
    {
      schema: {
        tags,
        summary: 'Issue a notice: it gets the next number of its county and year',
        params: ByIdSchema,
        body: IssueSchema,
      },
    },
    async (request, reply) => {
      const caller = callerOf(context, request, 'tune', { inPart: true })
      const hazard = await find(caller, request.params.id)
      await offices.known()
      const { version, kind, unit, verifier, clause } = request.body
      const wish = { kind, unit: unit.trim(), verifier: verifier?.trim() || unit.trim(), clause: clause?.trim() || null }
      const changed = await hazardNotices
        .issue(hazard.id, version, wish, placeOf(hazard), { by: caller.id, comment: null })
        .catch(asShown(caller))
      return reply.code(201).send({ hazard: shown(caller, changed), notice: hazardNotices.of(changed).at(-1) })
    },
  )

  app.post(
    '/hazards/:id/notices/:noticeId/serve',
    { schema: { tags, summary: 'It was signed for, or left there', params: NoticeIdSchema, body: ServeSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      const { id, noticeId } = request.params
      const hazard = await find(caller, id)
      const { version, how, at, capacity = null, personId, comment = null } = request.body
      const isTheirs = personId !== undefined && people.person(personId)?.enterpriseId === hazard.enterpriseId
      const service = { how, at, capacity: how === 'left' ? null : capacity, personId: isTheirs ? personId : null, note: comment }
      const changed = await hazardNotices.serve(id, version, noticeId, service, { by: caller.id, comment }).catch(asShown(caller))
      return { hazard: shown(caller, changed) }
    },
  )

  app.post(
    '/hazards/:id/notices/:noticeId/withdraw',
    { schema: { tags, summary: 'It holds no more; its number stays used (作废)', params: NoticeIdSchema, body: WithdrawSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'tune', { inPart: true })
      const { id, noticeId } = request.params
      await find(caller, id)
      const { version, comment } = request.body
      const changed = await hazardNotices.withdraw(id, version, noticeId, { by: caller.id, comment }).catch(asShown(caller))
      return { hazard: shown(caller, changed) }
    },
  )

  app.post(
    '/hazards/:id/notices/:noticeId/print',
    {
      schema: {
        tags,
        summary: 'It is being printed: 0 is the original, which leaves once; else the copy’s number',
        params: NoticeIdSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'declare')
      const hazard = await find(caller, request.params.id)
      const mayBeOriginal = may(caller.role, 'act')
      return { copy: await hazardNotices.print(hazard, request.params.noticeId, caller.id, mayBeOriginal) }
    },
  )
}
