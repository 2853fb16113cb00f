import { Type, type Static } from 'typebox'
import { Conflict, Invalid, NotFound } from '../../core/errors.ts'
import { metricOf } from '../../core/metrics.ts'
import type { RecordEntry } from '../../core/record.ts'
import { IdSchema } from '../../core/registry.ts'
import {
  isBounded,
  isForRegulator,
  isTest,
  longestWindowMs,
  windowKinds,
  windowState,
  windowStates,
  type SuppressionWindow,
  type WindowState,
} from '../../core/window.ts'
import type { Caller } from '../access.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { Forbidden } from '../refusals.ts'
import { may } from '../rights.ts'
import { shortId } from '../short-id.ts'
import { refuseCrowded, secondReasonsFor } from '../window-bounds.ts'

const SHORTEST_REASON = 5
/** A clock beside ours may be a little behind. */
const PAST_MS = 60_000
/** Waiting or in force at once, so that somebody can still read the list; enterprises never take the room of the regulator. */
const OPEN_AT_MOST = 500
const OPEN_OF_ENTERPRISES = 400
const OPEN_OF_ONE = 50

const ReasonSchema = Type.String({
  maxLength: 2_000,
  pattern: `^\\s*\\S.{${SHORTEST_REASON - 2},}\\S\\s*$`,
  description: `at least ${SHORTEST_REASON} characters`,
  examples: ['span check of line 2'],
})
const DeclareSchema = Type.Object(
  {
    kind: Type.Enum([...windowKinds]),
    points: Type.Array(
      Type.Object(
        {
          device: IdSchema,
          metric: Type.Optional(
            Type.String({ maxLength: 128, description: 'absent: all the device says', examples: ['toxicPpm'] }),
          ),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 200 },
    ),
    rules: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
        maxItems: 50,
        description: 'maintenance and hot work: ids or types of the rules whose alarms are suppressed',
        examples: [['gas.combustible']],
      }),
    ),
    reason: ReasonSchema,
    from: Type.Optional(Type.Integer({ description: 'ms UTC; absent: now', examples: [1767225600000] })),
    until: Type.Integer({ description: 'ms UTC', examples: [1767232800000] }),
  },
  { additionalProperties: false },
)
const ByIdSchema = Type.Object({ id: IdSchema })
const WhySchema = Type.Object({ reason: ReasonSchema }, { additionalProperties: false })
const NothingSchema = Type.Object({}, { additionalProperties: false })
const ListSchema = Type.Object({
  state: Type.Optional(Type.Enum([...windowStates])),
  device: Type.Optional(IdSchema),
})

const order: WindowState[] = ['waiting', 'in-force', 'planned', 'lapsed', 'refused', 'ended', 'over']
const open: ReadonlySet<WindowState> = new Set(['waiting', 'planned', 'in-force'])

/** Windows in which nobody is called for named points (core/window.ts): declared, confirmed by a second person, refused, ended early. */
export function windowCalls(api: Api, context: Context): void {
  const { clock, live, people, recorder } = context
  const { windows } = live
  const tags = ['windows']
  const shown = (window: SuppressionWindow) => ({ ...window, state: windowState(window, clock.now()) })

  api.get(
    '/windows',
    {
      schema: { tags, summary: 'Suppression windows of the last 30 days: waiting first, newest first', querystring: ListSchema },
    },
    (request) => {
      const caller = callerOf(context, request, 'read')
      const { state, device } = request.query
      const all = windows
        .all()
        .filter((window) => sees(caller, window.enterpriseId))
        .filter(({ points }) => device === undefined || points.some((point) => point.device === device))
        .map(shown)
        .filter((window) => state === undefined || window.state === state)
        .sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || b.declaredAt - a.declaredAt || (a.id < b.id ? -1 : 1))
      return { windows: all, people: namesOf(all) }
    },
  )

  api.post(
    '/windows',
    {
      schema: {
        tags,
        summary:
          'Declare a window; a test, any an enterprise declares, and what is more than one person answers for (`secondFor`) is in force once a second person has confirmed it',
        body: DeclareSchema,
      },
    },
    (request, reply) => {
      const caller = callerOf(context, request, 'declare')
      return recorder.inTurn('windows', async () => {
        const now = clock.now()
        const asked = { ...checked(context, caller, request.body, now), byEnterprise: caller.enterpriseId !== null }
        const known = { rules: live.rules, registry: context.registry, windows: windows.all() }
        const declared = { ...asked, secondFor: secondReasonsFor(asked, known, caller.id) }
        refuseCrowded({ id: '', ...declared }, known.windows, now)
        refuseTooMany(caller, now)
        const id = shortId('w', (taken) => windows.get(taken) !== undefined)
        await recorder.write([{ kind: 'window.declared', window: { id, ...declared }, by: caller.id }])
        return reply.code(201).send({ window: shown(windows.get(id)!) })
      })
    },
  )

  function refuseTooMany({ enterpriseId }: Caller, now: number): void {
    const standing = windows.all().filter((window) => open.has(windowState(window, now)))
    const ofEnterprises = standing.filter(({ byEnterprise }) => byEnterprise)
    const own = ofEnterprises.filter((window) => window.enterpriseId === enterpriseId)
    if (enterpriseId !== null && own.length >= OPEN_OF_ONE)
      throw new Conflict(
        'wrong-state',
        `${OPEN_OF_ONE} windows of this enterprise are waiting or in force already: end one first`,
      )
    if (standing.length >= OPEN_AT_MOST || (enterpriseId !== null && ofEnterprises.length >= OPEN_OF_ENTERPRISES))
      throw new Conflict('wrong-state', `${standing.length} windows are waiting or in force already`)
  }

  /** Writes what was decided about a window that is not over. */
  const decide = (id: string, caller: Caller, entry: (window: SuppressionWindow) => RecordEntry) =>
    recorder.inTurn('windows', async () => {
      const window = windows.get(id)
      if (!window || !sees(caller, window.enterpriseId)) throw new NotFound(`there is no window ${id}`)
      const state = windowState(window, clock.now())
      if (!open.has(state)) throw new Conflict('window-over', `the window is ${state}`, { window: shown(window) })
      await recorder.write([entry(window)])
      return { window: shown(windows.get(id)!) }
    })

  api.post(
    '/windows/:id/confirm',
    {
      schema: {
        tags,
        summary:
          'Confirm a window as the second person: never your own; what is not a test, and a test of many points, is for the regulator to confirm',
        params: ByIdSchema,
        body: NothingSchema,
      },
    },
    (request) => {
      const caller = callerOf(context, request, 'declare')
      return decide(request.params.id, caller, (window) => {
        if (window.declaredBy === caller.id) {
          throw new Forbidden('own-window', 'a second person confirms: nobody confirms the window they declared', {
            by: caller.id,
          })
        }
        if (isForRegulator(window) && !may(caller.role, 'act')) {
          const what = isTest(window.kind) ? `a ${window.kind} of so many points` : window.kind
          throw new Forbidden('forbidden', `the role ${caller.role} may not confirm ${what}`, { role: caller.role })
        }
        if (window.confirmedAt !== null)
          throw new Conflict('wrong-state', 'it has been confirmed already', { window: shown(window) })
        if (isBounded(window)) refuseCrowded(window, windows.all(), clock.now())
        return { kind: 'window.confirmed', windowId: window.id, by: caller.id }
      })
    },
  )

  api.post(
    '/windows/:id/refuse',
    { schema: { tags, summary: 'Refuse a window, before or while it is in force', params: ByIdSchema, body: WhySchema } },
    (request) => {
      const caller = callerOf(context, request, 'act')
      const reason = request.body.reason.trim()
      return decide(request.params.id, caller, ({ id }) => ({ kind: 'window.refused', windowId: id, by: caller.id, reason }))
    },
  )

  api.post(
    '/windows/:id/end',
    { schema: { tags, summary: 'End a window before its time', params: ByIdSchema, body: NothingSchema } },
    (request) => {
      const caller = callerOf(context, request, 'declare')
      return decide(request.params.id, caller, ({ id }) => ({ kind: 'window.ended', windowId: id, by: caller.id, reason: null }))
    },
  )

  // Names stand only here: the record has ids.
  function namesOf(all: SuppressionWindow[]): Record<string, string> {
    const ids = new Set(
      all.flatMap(({ declaredBy, confirmedBy, refusedBy, endedBy }) => [declaredBy, confirmedBy, refusedBy, endedBy]),
    )
    const known = [...ids].flatMap((id) => (id === null ? [] : (people.person(id) ?? [])))
    return Object.fromEntries(known.map(({ id, username }) => [id, username]))
  }
}

type Asked = Static<typeof DeclareSchema>

/** What was asked for, if it makes sense: each refusal names the field. */
function checked({ live, registry }: Context, caller: Caller, asked: Asked, now: number) {
  const refuse = (field: string, code: string, message: string, details: Record<string, unknown> = {}): never => {
    throw new Invalid(code, `${field}: ${message}`, { field, ...details })
  }
  const { kind, reason, until, rules = [] } = asked
  const points = asked.points.map(({ device, metric = null }) => ({ device, metric }))
  const enterprises = new Set<string>()
  for (const { device, metric } of points) {
    const row = registry.devices.get(device)
    if (!row || row.retiredAt !== null || !sees(caller, row.enterpriseId)) throw new NotFound(`there is no device ${device}`)
    if (metric !== null && !metricOf(metric)) refuse('points', 'window-point', `no quantity is called ${metric}`, { metric })
    if (kind === 'panel-test' && row.kind !== 'fire-panel') {
      refuse('points', 'window-panel', `${device} is not a fire panel`, { device })
    }
    enterprises.add(row.enterpriseId)
  }
  const [enterpriseId, another] = enterprises
  if (another !== undefined) refuse('points', 'window-enterprises', 'all points belong to one enterprise')
  if (isTest(kind) && rules.length > 0) refuse('rules', 'window-rules', 'a test is about everything its points say')
  if (!isTest(kind) && rules.length === 0) refuse('rules', 'window-rules', `${kind} names the alarms it suppresses`)
  const types = new Set([...live.rules.values()].map(({ type }) => type))
  const unknown = rules.find((rule) => !live.rules.has(rule) && !types.has(rule))
  if (unknown !== undefined) refuse('rules', 'window-rules', `no rule in force is ${unknown} or of that type`, { rule: unknown })
  const from = asked.from === undefined || (asked.from < now && asked.from >= now - PAST_MS) ? now : asked.from
  if (from < now) refuse('from', 'window-times', 'a window does not begin in the past')
  const longest = longestWindowMs[kind]
  if (!(until > from)) refuse('until', 'window-times', 'it ends after it begins')
  if (until - from > longest) {
    const minutes = longest / 60_000
    refuse('until', 'window-too-long', `${kind} lasts ${minutes} minutes at most`, { minutes })
  }
  return { kind, enterpriseId: enterpriseId!, points, rules, reason: reason.trim(), from, until }
}
