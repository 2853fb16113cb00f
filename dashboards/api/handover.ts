import { Type } from 'typebox'
import { NotFound } from '../../core/errors.ts'
import { isRawTip } from '../../core/hazard.ts'
import { isOverdue } from '../../core/hazard-steps.ts'
import { HANDOVER_LATE_MS, HANDOVER_OPENS_MS, handoverSides, toConfirm, type HandoverReport } from '../../core/handover.ts'
import { toLocal } from '../../core/local-time.ts'
import { EnterpriseSchema, IdSchema } from '../../core/registry.ts'
import { peopleOf, upwards, type Shift } from '../../core/roster.ts'
import type { Caller } from '../access.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { composeHandover } from '../handover-report.ts'
import type { Handover } from '../handovers.ts'
import { may } from '../rights.ts'

const { region: RegionSchema } = EnterpriseSchema.properties
const ByIdSchema = Type.Object({ id: IdSchema })
const strict = { additionalProperties: false } as const
const MOST_NOTES = 4_000
const PAGE = 30
const MOST_HAZARDS = 2_000
const YEAR_MS = 366 * 86_400_000
const SignSchema = Type.Object(
  {
    side: Type.Enum([...handoverSides]),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'of the report that was read' }),
    notes: Type.Optional(Type.String({ maxLength: MOST_NOTES, examples: ['二号罐区标定未完成,明早继续'] })),
    confirmed: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
        maxItems: 20_000,
        description: 'incoming: ids of the red and orange alarms taken over one by one',
      }),
    ),
  },
  strict,
)

/** Handing over a shift (ux.md B5). */
export function handoverCalls(app: Api, context: Context): void {
  const { alarmBook, clock, config, handovers, hazards, live, measures, people, registry, roster, ruleHistory } = context
  const tags = ['duty']

  app.get(
    '/handover',
    {
      schema: {
        tags,
        summary: 'What the shift of a region leaves to the next, from 15 minutes before its end; and who has signed',
        querystring: Type.Object({ region: Type.Optional(RegionSchema) }),
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      await known()
      const regions = roster.book
        .regions()
        .filter((region) => caller.sight.coversRegion(region))
        .sort(widestFirst)
      const wanted = request.query.region
      const region = wanted === undefined ? regions[0] : upwards(wanted).find((place) => regions.includes(place))
      const shift = region === undefined ? null : handovers.due(region, clock.now())
      return { regions, ...(shift ? await shown(shift, caller) : { shift: null }) }
    },
  )

  app.get(
    '/handover/archive',
    {
      schema: {
        tags,
        summary: 'Shifts of a region that are over, newest first, and who signed them over',
        querystring: Type.Object({ region: RegionSchema, before: Type.Optional(Type.Integer({ description: 'ms UTC' })) }),
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      await known()
      const { region, before = clock.now() } = request.query
      if (!caller.sight.coversRegion(region)) throw new NotFound(`there is no roster in ${region}`)
      const over = roster.book
        .shifts(region, before - YEAR_MS, before)
        .filter(({ to }) => to <= before)
        .reverse()
      const page = over.slice(0, PAGE)
      const rows = page.map((shift) => ({ shift: brief(shift), ...signaturesOf(handovers.of(shift.id)) }))
      const ids = rows.flatMap(({ outgoing, incoming }) => [outgoing?.by, incoming?.by].filter((id) => id !== undefined))
      return { handovers: rows, people: namesOf(ids), ...(over.length > PAGE && { next: page.at(-1)!.to - 1 }) }
    },
  )

  app.get(
    '/handover/:id',
    { schema: { tags, summary: 'The handover of one shift, as it was signed if it was', params: ByIdSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      return shown(await find(request.params.id, caller), caller)
    },
  )

  app.get(
    '/handover/:id/report',
    { schema: { tags, summary: 'The bytes of a signed report; their SHA-256 is what was signed', params: ByIdSchema } },
    async (request, reply) => {
      const caller = callerOf(context, request, 'act')
      const handover = handovers.of((await find(request.params.id, caller)).id)
      if (!handover) throw new NotFound('nobody has signed this handover yet')
      return reply
        .type('application/json; charset=utf-8')
        .header('content-disposition', `attachment; filename="handover-${handover.shiftId}.json"`)
        .header('x-content-type-options', 'nosniff')
        .send(Buffer.from(await handovers.signedText(handover)))
    },
  )

  app.post(
    '/handover/:id/sign',
    {
      schema: {
        tags,
        summary: 'Sign a handover: the outgoing shift first, then the incoming one',
        params: ByIdSchema,
        body: SignSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      const shift = await find(request.params.id, caller)
      const { side, sha256, notes = '', confirmed = [] } = request.body
      const mayStandIn = may(caller.role, 'tune')
      await handovers.sign(shift.id, clock.now(), { side, sha256, notes: notes.trim(), confirmed, by: caller.id, mayStandIn })
      return shown(shift, caller)
    },
  )

  const known = async () => {
    await roster.known()
    await handovers.known()
  }

  async function find(id: string, caller: Caller): Promise<Shift> {
    await known()
    const shift = roster.book.shift(id)
    if (!shift || !caller.sight.coversRegion(shift.region)) throw new NotFound(`there is no shift ${id}`)
    return shift
  }

  async function shown(shift: Shift, caller: Caller) {
    const now = clock.now()
    const handover = handovers.of(shift.id)
    const next = handovers.next(shift)
    const { report, sha256 } = await reportOf(shift, handover, now)
    const known = new Set(report ? [...report.open, ...report.setAside].map(({ id }) => id) : [])
    const signatures = signaturesOf(handover)
    return {
      ...{ shift: brief(shift), next: next && brief(next), ...signatures, report, sha256 },
      opensAt: shift.to - HANDOVER_OPENS_MS,
      late: signatures.incoming === null && now >= shift.to + HANDOVER_LATE_MS,
      toConfirm: report ? toConfirm(report) : [],
      // What has come since the report was made is nobody's surprise.
      since: report
        ? [...live.alarms.values()]
            .filter((one) => one.mode === config.mode && watches(shift.region)(one.enterpriseId) && !known.has(one.id))
            .map(({ id, level, message, raisedAt }) => ({ id, level, message, raisedAt }))
        : [],
      may: {
        outgoing: !handover && Object.values(peopleOf(shift)).includes(caller.id),
        incoming:
          handover !== null &&
          handover.incoming === null &&
          handover.outgoing.by !== caller.id &&
          (next ? Object.values(peopleOf(next)).includes(caller.id) : may(caller.role, 'tune')),
      },
      people: namesOf(idsIn(report, shift, next, handover)),
    }
  }

  async function reportOf(shift: Shift, handover: Handover | null, now: number) {
    if (handover) {
      const report = JSON.parse(await handovers.signedText(handover)) as HandoverReport
      return { report, sha256: handover.sha256 }
    }
    if (now < shift.to - HANDOVER_OPENS_MS) return { report: null, sha256: null }
    return handovers.draft(shift, now, () => compose(shift, now))
  }

  async function compose(shift: Shift, now: number): Promise<HandoverReport> {
    const { mode, zone } = config
    const watched = watches(shift.region)
    const shifts = [
      ...new Set([shift.from, shift.to].map((at) => new Date(toLocal(at, zone)).toISOString().slice(11, 16))),
    ].sort()
    await hazards.known()
    const [openCases, changes, performance] = await Promise.all([
      alarmBook.openCases?.() ?? [],
      ruleHistory.changes(shift.from, now),
      measures?.alarmPerformance({
        ...{ mode, by: 'shift' as const, shifts, from: shift.from, to: Math.min(now, shift.to) },
        enterpriseIds: ['', ...[...registry.enterprises.keys()].filter(watched)],
      }) ?? null,
    ])
    const ruleTitle = (id: string) => live.rules.get(id)?.title ?? null
    return composeHandover({
      ...{ mode, shift, at: now, watches: watched, alarms: live.alarms.values(), openCases, performance, ruleTitle },
      next: handovers.next(shift),
      windows: live.windows.all(),
      devices: [...live.deviceIds()].flatMap((id) => (live.deviceRow(id)?.mode === mode ? [live.device(id)!] : [])),
      ruleChanges: changes.map(({ rule, ruleId, version, at, by, reason }) => {
        return { ruleId, version, title: rule?.title ?? ruleTitle(ruleId), at, by, reason }
      }),
      hazards: hazards
        .page(
          (one) => one.mode === mode && isOverdue(one, now) && !isRawTip(one) && watched(one.enterpriseId ?? ''),
          MOST_HAZARDS,
        )
        .hazards.map(({ id, description, place, dueAt }) => ({ id, description, place, dueAt: dueAt! })),
      deviceName: (id) => registry.devices.get(id)?.name ?? id,
      enterpriseName: (id) => registry.enterprises.get(id)?.name ?? id,
    })
  }

  /** Whose alarms a region hands over: what lies in it, the platform's own, and what no roster watches at all. */
  function watches(region: string): (enterpriseId: string) => boolean {
    const rosters = roster.book.regions()
    return (enterpriseId) => {
      const enterprise = registry.enterprises.get(enterpriseId)
      if (!enterprise) return true
      const places = upwards(enterprise.region)
      return places.includes(region) || !rosters.some((one) => places.includes(one))
    }
  }

  function namesOf(ids: Iterable<string>): Record<string, string> {
    const found = [...new Set(ids)].map((id) => people.person(id)).filter((person) => person !== undefined)
    return Object.fromEntries(found.map(({ id, username, contact }) => [id, contact.name ?? username]))
  }
}

const widestFirst = (a: string, b: string) => a.length - b.length || (a < b ? -1 : 1)
const brief = (shift: Shift) => ({ id: shift.id, region: shift.region, from: shift.from, to: shift.to, people: peopleOf(shift) })

const signaturesOf = (handover: Handover | null) => ({
  outgoing: handover?.outgoing ?? null,
  incoming: handover?.incoming ?? null,
  signedSha256: handover?.sha256 ?? null,
})

/** Everybody a handover speaks of. */
function idsIn(report: HandoverReport | null, shift: Shift, next: Shift | null, handover: Handover | null): string[] {
  const signers = [handover?.outgoing.by, handover?.incoming?.by]
  const inReport = report
    ? [
        ...[...report.open, ...report.setAside].flatMap(({ acknowledgedBy, by }) => [acknowledgedBy, by]),
        ...report.cases.map(({ to }) => (to && 'person' in to ? to.person : null)),
        ...report.rules.map(({ by }) => by),
        ...[report.shift, ...(report.next ? [report.next] : [])].flatMap((one) => Object.values(one.people)),
      ]
    : []
  const onShifts = [shift, ...(next ? [next] : [])].flatMap((one) => Object.values(peopleOf(one)))
  return [...signers, ...inReport, ...onShifts].filter((id) => id !== null && id !== undefined)
}
