import { Type, type Static } from 'typebox'
import { Invalid, NotFound } from '../../core/errors.ts'
import {
  hazardCategories,
  hazardLevels,
  hazardSources,
  hazardStates,
  hazardSteps,
  isHazardOver,
  listingLevels,
  type FiveFields,
  type Hazard,
  type HazardCategory,
  type HazardStep,
} from '../../core/hazard.ts'
import { hasNoOwner, isOverdue } from '../../core/hazard-steps.ts'
import { ModeSchema } from '../../core/mode.ts'
import type { RecordEntry } from '../../core/record.ts'
import { IdSchema } from '../../core/registry.ts'
import type { Caller } from '../access.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { hazardCsv, hazardLists } from '../hazard-lists.ts'
import { hazardPlace } from '../hazard-place.ts'
import { mayStep, seesHazard, shownHistory } from '../hazard-view.ts'
import { hazardAnswers } from '../hazard-answers.ts'
import { DEFAULT_LIMIT, LimitSchema } from '../paging.ts'
import { Forbidden } from '../refusals.ts'
import { may } from '../rights.ts'
import { AlarmIdSchema } from './alarms.ts'

const strict = { additionalProperties: false } as const
const MOST_LISTED = 10_000
const text = (maxLength: number, example: string) => Type.String({ minLength: 1, maxLength, examples: [example] })
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const ByIdSchema = Type.Object({ id: IdSchema })
const CategorySchema = Type.Enum(Object.keys(hazardCategories) as HazardCategory[])
const FieldsSchema = Type.Object(
  {
    responsible: Type.Optional(
      orNull(
        Type.Object({ unit: Type.Optional(orNull(text(200, '设备部'))), personId: Type.Optional(orNull(IdSchema)) }, strict),
      ),
    ),
    measures: Type.Optional(orNull(text(4_000, '更换探测器并校准'))),
    funds: Type.Optional(
      orNull(Type.Object({ yuan: Type.Number({ minimum: 0, maximum: 1e12 }), source: text(200, '企业安全费用') }, strict)),
    ),
    deadline: Type.Optional(orNull(Type.Integer({ description: 'ms UTC', examples: [1767225600000] }))),
    plan: Type.Optional(orNull(text(4_000, '治理期间专人值守'))),
  },
  { ...strict, description: '责任 措施 资金 时限 预案' },
)
const about = { category: CategorySchema, fields: Type.Optional(FieldsSchema) }
const CreateSchema = Type.Object(
  {
    source: Type.Enum(['inspection', 'self-check'] as const),
    enterpriseId: Type.Optional(orNull(IdSchema)),
    place: text(200, '2# 车间北门'),
    description: text(4_000, '消火栓被遮挡'),
    ...about,
  },
  strict,
)
const FromAlarmSchema = Type.Object(
  { ...about, place: Type.Optional(text(200, '2# 车间北门')), description: Type.Optional(text(4_000, '探测器反复误报')) },
  strict,
)
/** `register` of a tip */
const takenUpWith = {
  category: Type.Optional(CategorySchema),
  siteId: Type.Optional(IdSchema),
  zoneId: Type.Optional(IdSchema),
  place: Type.Optional({
    ...text(200, '北门'),
    description: 'only where the registry has no site and no zone of the enterprise',
  }),
}
const StepSchema = Type.Object(
  {
    version: Type.Integer({ minimum: 1 }),
    comment: Type.Optional(text(2_000, '现场已核实')),
    level: Type.Optional(Type.Enum([...hazardLevels], { description: 'of grade' })),
    fields: Type.Optional(FieldsSchema),
    evidence: Type.Optional(
      Type.Array(text(500, 'IMG-2041.jpg'), { maxItems: 20, description: 'numbers of photos and records, of report and verify' }),
    ),
    listing: Type.Optional(Type.Enum([...listingLevels], { description: 'of supervise' })),
    description: Type.Optional(text(4_000, '现场查实:消火栓被遮挡')),
    ...takenUpWith,
  },
  strict,
)
const FilterSchema = {
  mode: Type.Optional(ModeSchema),
  enterpriseId: Type.Optional(IdSchema),
  open: Type.Optional(Type.Boolean()),
  level: Type.Optional(Type.Enum([...hazardLevels])),
}
const ListSchema = Type.Object({
  ...FilterSchema,
  state: Type.Optional(Type.Enum([...hazardStates])),
  source: Type.Optional(Type.Enum([...hazardSources])),
  overdue: Type.Optional(Type.Boolean()),
  noOwner: Type.Optional(Type.Boolean({ description: 'true: nobody answers for it' })),
  limit: LimitSchema,
  cursor: Type.Optional(IdSchema),
})
const FileSchema = Type.Object({ ...FilterSchema, lang: Type.Optional(Type.Enum(['zh', 'en'] as const)) })

/** The hazard ledger (隐患): found, graded, treated, verified by another, written off (core/hazard.ts). */
export function hazardCalls(app: Api, context: Context): void {
  const { alarmBook, clock, config, hazards, people, registry } = context
  const tags = ['hazards']
  const { beginning, shown, asShown, find, nameOf, namesFor, peopleIn } = hazardAnswers(context)
  /** Who can be made responsible: of the enterprise, or of those who act. */
  const able = (caller: Caller, enterpriseId: string | null) =>
    people
      .list()
      .filter(({ disabled }) => !disabled)
      .filter((one) =>
        one.enterpriseId === null ? caller.enterpriseId === null && may(one.role, 'act') : one.enterpriseId === enterpriseId,
      )
  const fieldsOf = (caller: Caller, given: Static<typeof FieldsSchema> | undefined, enterpriseId: string | null) => {
    if (given === undefined) return {}
    const { responsible } = given
    const personId = responsible?.personId ?? null
    if (personId !== null && !able(caller, enterpriseId).some(({ id }) => id === personId))
      throw new Invalid('invalid', `${personId} is nobody who can be made responsible`, { field: 'responsible.personId' })
    const { responsible: _, ...rest } = given
    const fields: Partial<FiveFields> = rest
    return {
      ...fields,
      ...(responsible !== undefined && { responsible: responsible && { unit: responsible.unit ?? null, personId } }),
    }
  }

  app.get('/hazards', { schema: { tags, summary: 'Hazards, newest first', querystring: ListSchema } }, async (request) => {
    const caller = callerOf(context, request, 'read')
    await hazards.known()
    const { limit = DEFAULT_LIMIT, cursor, overdue, noOwner, state, source, ...filter } = request.query
    const now = clock.now()
    const fits = filterOf(caller, filter, config.mode)
    const page = hazards.page(
      (one) =>
        fits(one) &&
        (overdue === undefined || isOverdue(one, now) === overdue) &&
        (noOwner === undefined || hasNoOwner(one) === noOwner) &&
        (state === undefined || one.state === state) &&
        (source === undefined || shown(caller, one).source === source),
      limit,
      cursor,
    )
    const found = page.hazards.map((one) => shown(caller, one))
    return { ...page, hazards: found, people: namesFor(caller, found.flatMap(peopleIn)) }
  })

  app.get(
    '/hazards/overdue',
    {
      schema: {
        tags,
        summary: 'What is overdue with the dated steps that follow from it, and how much of each enterprise’s',
        querystring: Type.Object({ mode: FilterSchema.mode }),
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      await hazards.known()
      const { mode = config.mode } = request.query
      const now = clock.now()
      const fits = filterOf(caller, { mode }, mode)
      const found = hazards
        .page((one) => fits(one) && isOverdue(one, now), MOST_LISTED)
        .hazards.sort((a, b) => a.dueAt! - b.dueAt!)
      const enterprises = hazards.overdueShares(fits, now)
      return { hazards: found.map((one) => shown(caller, one)), enterprises }
    },
  )

  app.get(
    '/hazards/people',
    {
      schema: {
        tags,
        summary: 'Who can be made responsible',
        querystring: Type.Object({ enterpriseId: Type.Optional(IdSchema) }),
      },
    },
    (request) => {
      const caller = callerOf(context, request, 'declare')
      const whose = caller.enterpriseId ?? request.query.enterpriseId ?? null
      if (whose !== null && !sees(caller, whose)) return { people: [] }
      return { people: able(caller, whose).map(({ id, enterpriseId }) => ({ id, name: nameOf(id), enterpriseId })) }
    },
  )

  app.get(
    '/hazards/lists/:list',
    {
      schema: {
        tags,
        summary: 'The two lists (两个清单) as CSV: problems, measures',
        params: Type.Object({ list: Type.Enum([...hazardLists]) }),
        querystring: FileSchema,
      },
    },
    async (request, reply) => {
      const caller = callerOf(context, request, 'read')
      await hazards.known()
      const { lang = 'zh', open = true, ...filter } = request.query
      const found = hazards
        .page(filterOf(caller, { ...filter, open }, config.mode), MOST_LISTED)
        .hazards.map((one) => shown(caller, one))
      const names = namesFor(caller, found.flatMap(peopleIn))
      const csv = hazardCsv(request.params.list, found, {
        lang,
        zone: config.zone,
        enterprise: (id) => registry.enterprises.get(id)?.name ?? id,
        person: (id) => names[id] ?? id,
      })
      const { list } = request.params
      return reply
        .header('content-disposition', `attachment; filename="hazards-${list}.csv"`)
        .type('text/csv; charset=utf-8')
        .send(csv)
    },
  )

  app.get(
    '/hazards/:id',
    { schema: { tags, summary: 'One hazard with everything that was done to it', params: ByIdSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const hazard = await find(caller, request.params.id)
      const history = shownHistory(caller, hazard, hazards.history(hazard.id), beginning(hazard), hazards.time)
      const told = shown(caller, hazard)
      return { hazard: told, history, people: namesFor(caller, [...peopleIn(told), ...history.map(({ by }) => by)]) }
    },
  )

  app.get(
    '/alarms/:id/hazards',
    { schema: { tags, summary: 'What an alarm was made a hazard of', params: Type.Object({ id: AlarmIdSchema }) } },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      await hazards.known()
      const found = hazards.ofAlarm(request.params.id).filter((one) => seesHazard(caller, one))
      return { hazards: found.map((one) => shown(caller, one)) }
    },
  )

  app.post(
    '/alarms/:id/hazard',
    {
      schema: {
        tags,
        summary: 'Make an alarm a hazard (转隐患): the alarm closes on its own, the hazard stays until it is put right',
        params: Type.Object({ id: AlarmIdSchema }),
        body: FromAlarmSchema,
      },
    },
    async (request, reply) => {
      const caller = callerOf(context, request, 'act')
      const alarm = await alarmBook.alarm(request.params.id)
      if (!alarm || !sees(caller, alarm.enterpriseId)) throw new NotFound(`there is no alarm ${request.params.id}`)
      const { category, place, description, fields } = request.body
      const enterpriseId = alarm.enterpriseId === '' ? null : alarm.enterpriseId
      const device = registry.devices.get(alarm.deviceId)
      // The alarm's own story tells it too, as long as it has one.
      const said = (hazard: Hazard): RecordEntry[] =>
        alarm.state === 'normal'
          ? []
          : [
              {
                ...{ kind: 'action', alarmId: alarm.id, action: 'comment', version: alarm.version, by: caller.id },
                ...{ comment: `转隐患 ${hazard.id}`, idempotencyKey: null },
              },
            ]
      const hazard = await hazards.create(
        {
          ...{ mode: alarm.mode, source: 'alarm', alarmId: alarm.id, enterpriseId, category },
          place: place ?? device?.name ?? alarm.deviceId,
          description: description ?? alarm.message.zh,
          fields: fieldsOf(caller, fields, enterpriseId),
        },
        { by: caller.id, comment: null },
        said,
      )
      return reply.code(201).send({ hazard: shown(caller, hazard) })
    },
  )

  app.post(
    '/hazards',
    { schema: { tags, summary: 'Enter a hazard: from an inspection, or an enterprise’s self-check', body: CreateSchema } },
    async (request, reply) => {
      const caller = callerOf(context, request, 'declare')
      const { source, place, description, category, fields } = request.body
      const enterpriseId = request.body.enterpriseId ?? caller.enterpriseId
      if (caller.enterpriseId !== null && source !== 'self-check')
        throw new Forbidden('forbidden', 'an enterprise enters what it found in its self-check', { source })
      if (enterpriseId !== null && (!registry.enterprises.has(enterpriseId) || !sees(caller, enterpriseId)))
        throw new NotFound(`there is no enterprise ${enterpriseId}`)
      if (source === 'self-check' && enterpriseId === null)
        throw new Invalid('invalid', 'a self-check is an enterprise’s: say which', { field: 'enterpriseId' })
      const hazard = await hazards.create(
        {
          ...{ mode: config.mode, source, alarmId: null, enterpriseId, place, description, category },
          fields: fieldsOf(caller, fields, enterpriseId),
        },
        { by: caller.id, comment: null },
      )
      return reply.code(201).send({ hazard: shown(caller, hazard) })
    },
  )

  app.post(
    '/hazards/:id/:step',
    {
      schema: {
        tags,
        summary: `Take a hazard on: ${hazardSteps.join(', ')}. 409 stale-version when it has changed since you saw it`,
        params: Type.Object({ id: IdSchema, step: Type.Enum([...hazardSteps]) }),
        body: StepSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'declare')
      const { id } = request.params
      const step: HazardStep = request.params.step
      const hazard = await find(caller, id)
      if (!mayStep(caller, step, hazard)) throw new Forbidden('forbidden', `your role may not ${step} a hazard`, { step })
      const { version, comment = null, fields, siteId, zoneId, place, ...details } = request.body
      const where = hazardPlace(registry, hazard.enterpriseId, { siteId, zoneId, place })
      const changed = await hazards
        .step(
          id,
          version,
          step,
          {
            ...details,
            ...(fields && { fields: fieldsOf(caller, fields, hazard.enterpriseId) }),
            ...(where !== undefined && { place: where }),
          },
          { by: caller.id, comment },
        )
        .catch(asShown(caller))
      return { hazard: shown(caller, changed) }
    },
  )
}

type Filter = { mode?: string; enterpriseId?: string; open?: boolean; level?: string }
const filterOf =
  (caller: Caller, { mode, enterpriseId, open, level }: Filter, own: string) =>
  (one: Hazard): boolean =>
    one.mode === (mode ?? own) &&
    (enterpriseId === undefined || one.enterpriseId === enterpriseId) &&
    (open === undefined || isHazardOver(one.state) !== open) &&
    (level === undefined || one.level === level) &&
    seesHazard(caller, one)
