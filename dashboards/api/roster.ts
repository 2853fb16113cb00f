import { Type } from 'typebox'
import { dayIn } from '../../core/calendar.ts'
import { Invalid } from '../../core/errors.ts'
import { chinaHolidays } from '../../core/holidays.ts'
import { dayOf } from '../../core/local-time.ts'
import { EnterpriseSchema, IdSchema } from '../../core/registry.ts'
import { dutyRoles, peopleOf, type Shift } from '../../core/roster.ts'
import type { Caller } from '../access.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { Forbidden } from '../refusals.ts'

const DAY = 86_400_000
const LONGEST_MS = 366 * DAY
const MOST_SHIFTS = 400
const { region: RegionSchema } = EnterpriseSchema.properties
const strict = { additionalProperties: false } as const
const TimeSchema = Type.Integer({ description: 'ms UTC', examples: [1767225600000] })
const ReasonSchema = Type.String({ minLength: 2, maxLength: 200, examples: ['病假'] })
const VersionSchema = Type.Integer({ minimum: 1 })
const ByIdSchema = Type.Object({ id: IdSchema })
const NewShiftsSchema = Type.Object(
  {
    shifts: Type.Array(
      Type.Object(
        {
          region: RegionSchema,
          from: TimeSchema,
          to: TimeSchema,
          people: Type.Object(
            { duty1: IdSchema, duty2: IdSchema, shiftLeader: IdSchema, dutyLeader: IdSchema },
            { ...strict, description: 'ids of persons with a telephone number' },
          ),
        },
        strict,
      ),
      { minItems: 1, maxItems: MOST_SHIFTS, description: 'all of them or none' },
    ),
  },
  strict,
)
const SubstituteSchema = Type.Object(
  { version: VersionSchema, role: Type.Enum([...dutyRoles]), personId: IdSchema, reason: ReasonSchema },
  strict,
)
const CancelSchema = Type.Object({ version: VersionSchema, reason: ReasonSchema }, strict)
const RangeSchema = Type.Object({
  region: Type.Optional(RegionSchema),
  from: Type.Optional(TimeSchema),
  to: Type.Optional(Type.Integer({ description: 'ms UTC; default a week later' })),
})

/** Who is on duty when (ux.md B5). */
export function rosterCalls(app: Api, context: Context): void {
  const { clock, people, roster, config, recorder } = context
  const tags = ['duty']
  const namesOf = (ids: Iterable<string>) => {
    const known = [...new Set(ids)].map((id) => people.person(id)).filter((person) => person !== undefined)
    return Object.fromEntries(known.map(({ id, username, contact }) => [id, contact.name ?? username]))
  }
  const everybodyIn = (shifts: Shift[]) =>
    shifts.flatMap((shift) => [...Object.values(shift.people), ...Object.values(peopleOf(shift))])

  app.get(
    '/roster',
    { schema: { tags, summary: 'Shifts that touch a time, and when nobody watches', querystring: RangeSchema } },
    async (request) => {
      callerOf(context, request, 'act')
      const { region, from = clock.now(), to = from + 7 * DAY } = request.query
      if (!(to > from && to - from <= LONGEST_MS))
        throw new Invalid('invalid', 'to is after from and at most a year later', { field: 'to' })
      await roster.known()
      const regions = region === undefined ? roster.book.regions().sort() : [region]
      const shifts = regions.flatMap((one) => roster.book.shifts(one, from, to))
      const gaps = regions.flatMap((one) => roster.book.gaps(one, from, to))
      const days = []
      for (let at = from; at < to && days.length < 62; at += DAY) {
        const day = dayOf(at, config.zone)
        days.push({ day, ...dayIn(chinaHolidays, day) })
      }
      return { regions, shifts, gaps, days, people: namesOf(everybodyIn(shifts)) }
    },
  )

  app.get(
    '/duty/now',
    {
      schema: {
        tags,
        summary: 'Who is on duty now, in a region or in the one above it that has a roster',
        querystring: Type.Object({ region: Type.Optional(RegionSchema) }),
      },
    },
    async (request) => {
      callerOf(context, request, 'read')
      await roster.known()
      const now = clock.now()
      const widest = roster.book.regions().sort((a, b) => a.length - b.length || (a < b ? -1 : 1))[0]
      const region = request.query.region ?? widest
      if (region === undefined) return { duty: null, hasRoster: false, people: {} }
      const duty = roster.book.onDuty(region, now)
      return { duty, hasRoster: true, people: namesOf(duty ? Object.values(duty.people) : []) }
    },
  )

  app.get(
    '/duty/contacts',
    {
      schema: {
        tags,
        summary: 'Telephone numbers of who is on duty now; who asked is recorded',
        querystring: Type.Object({ region: RegionSchema }),
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      await roster.known()
      const duty = caller.sight.coversRegion(request.query.region) ? roster.book.onDuty(request.query.region, clock.now()) : null
      const personIds = [...new Set(duty ? Object.values(duty.people) : [])]
      const others = personIds.filter((id) => id !== caller.id)
      if (others.length > 0)
        await recorder.append({ kind: 'personal-data.accessed', personIds: others, what: 'list', by: caller.id })
      return { phones: Object.fromEntries(personIds.map((id) => [id, people.person(id)?.contact.phone ?? null])) }
    },
  )

  app.get('/duty/people', { schema: { tags, summary: 'Who can be put on duty' } }, (request) => {
    callerOf(context, request, 'tune', { inPart: true })
    const able = people.list().filter(({ disabled, role }) => !disabled && ['admin', 'supervisor', 'duty'].includes(role))
    return {
      people: able.map(({ id, username, role, contact }) => ({
        id,
        role,
        name: contact.name ?? username,
        reachable: contact.phone !== null,
      })),
    }
  })

  app.post(
    '/roster',
    { schema: { tags, summary: 'Put shifts in the roster', body: NewShiftsSchema } },
    async (request, reply) => {
      const caller = callerOf(context, request, 'tune', { inPart: true })
      for (const { region } of request.body.shifts) mustAnswerFor(caller, region)
      const shifts = await roster.add(request.body.shifts, caller.id)
      return reply.code(201).send({ shifts, people: namesOf(everybodyIn(shifts)) })
    },
  )

  app.post(
    '/roster/:id/substitute',
    { schema: { tags, summary: 'Somebody stands in for one of the shift', params: ByIdSchema, body: SubstituteSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'tune', { inPart: true })
      const { version, ...stand } = request.body
      await roster.known()
      mustAnswerFor(caller, roster.book.shift(request.params.id)?.region)
      const shift = await roster.substitute(request.params.id, version, stand, caller.id)
      return { shift, people: namesOf(everybodyIn([shift])) }
    },
  )

  app.post(
    '/roster/:id/cancel',
    { schema: { tags, summary: 'Take a shift out of the roster', params: ByIdSchema, body: CancelSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'tune', { inPart: true })
      const { version, reason } = request.body
      await roster.known()
      mustAnswerFor(caller, roster.book.shift(request.params.id)?.region)
      return { shift: await roster.cancel(request.params.id, version, reason, caller.id) }
    },
  )
}

/** Whose place it is makes its roster. */
function mustAnswerFor({ sight }: Caller, region: string | undefined): void {
  if (region === undefined || sight.coversRegion(region)) return
  throw new Forbidden('forbidden', `you do not answer for ${region}`, { region })
}
