import { Type } from 'typebox'
import { Conflict, Invalid, NotFound } from '../../core/errors.ts'
import { RuleBaseSchema, type Rule } from '../../core/rule.ts'
import type { Registry } from '../../core/registry.ts'
import type { Caller } from '../access.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { Forbidden } from '../refusals.ts'

const ByIdSchema = Type.Object({ id: RuleBaseSchema.properties.id })
const PutSchema = Type.Object(
  {
    type: Type.String({ minLength: 1, maxLength: 40, examples: ['threshold'] }),
    version: Type.Optional(
      Type.Integer({ minimum: 0, description: 'the version you saw; 0 or absent for a new rule', examples: [1] }),
    ),
    reason: Type.Optional(Type.String({ maxLength: 2_000, description: 'why, for the record' })),
  },
  {
    description:
      'The options of the type stand beside these. What a rule says to people is kept from the rule it changes when left out.',
    examples: [
      {
        type: 'threshold',
        metric: 'combustibleLel',
        applies: { kind: 'gas-detector' },
        limits: [
          { name: 'H', above: 25, level: 'yellow' },
          { name: 'HH', above: 50, level: 'red' },
        ],
        deadband: 2,
        onDelayMs: 0,
        offDelayMs: 10_000,
        version: 1,
      },
    ],
  },
)

export function ruleCalls(app: Api, context: Context): void {
  const { alarmBook, live, recorder, registry, ruleHistory } = context

  app.get(
    '/rules',
    {
      schema: {
        tags: ['rules'],
        summary: 'Rules in force, pack files that could not be loaded, and what a person should look at',
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const { rules: inForce, faults, warnings = [], learning = [] } = await alarmBook.rules()
      const rules = inForce.filter((rule) => isFor(rule, caller, registry))
      const isPlatforms = caller.enterpriseId === null
      const unreviewed = isPlatforms ? ruleHistory.unreviewed() : []
      return {
        rules: rules.sort((a, b) => (a.id < b.id ? -1 : 1)),
        faults: isPlatforms ? faults : [],
        warnings: isPlatforms ? warnings : warnings.filter(({ ruleId }) => rules.some(({ id }) => id === ruleId)),
        learning: isPlatforms ? learning : [],
        twoPersons: context.config.rulesTwoPersons === true,
        unreviewed,
        people: namesOf(context, caller, unreviewed),
      }
    },
  )

  app.put(
    '/rules/:id',
    {
      schema: {
        tags: ['rules'],
        summary: 'Put a rule in force; it judges every reading acknowledged after the answer',
        params: ByIdSchema,
        body: PutSchema,
      },
    },
    (request) => {
      const caller = callerOf(context, request, 'tune')
      const { id } = request.params
      demandSecondPerson(context)
      return recorder.inTurn(`rule ${id}`, async () => {
        const current = live.rules.get(id) ?? null
        type Body = Record<string, unknown> & { type: string; version?: number; reason?: string }
        const { version = 0, reason = '', ...body } = request.body as Body
        const why = reason.trim() === '' ? {} : { reason: reason.trim() }
        if (version !== (current?.version ?? 0)) {
          const says = current
            ? `it is at version ${current.version} now`
            : 'there is no such rule yet, so version must be 0 or left out'
          throw new Conflict('stale-version', `the rule ${id} has changed since you saw it: ${says}`, { rule: current })
        }
        const rule = completed(id, body, current)
        const fault = await alarmBook.checkRule(rule)
        if (fault) throw new Invalid('invalid', `${fault.path ? `${fault.path}: ` : ''}${fault.message}`, { field: fault.path })
        checkSubjects(rule, registry)
        await recorder.write([{ kind: 'rule.set', rule, by: caller.id, ...why }])
        // It is recorded: an answer about it must not fail because the alarms are busy.
        const { warnings = [] } = await alarmBook.rules().catch(() => ({ warnings: [] }))
        return { rule, warnings: warnings.filter(({ ruleId }) => ruleId === id) }
      })
    },
  )

  app.delete(
    '/rules/:id',
    { schema: { tags: ['rules'], summary: "Take a person's rule back: the pack's stands again", params: ByIdSchema } },
    (request) => {
      const caller = callerOf(context, request, 'tune')
      const { id } = request.params
      demandSecondPerson(context)
      return recorder.inTurn(`rule ${id}`, async () => {
        const rule = live.rules.get(id)
        if (!rule) throw new NotFound(`there is no rule ${id}`)
        if (rule.origin === 'pack') {
          throw new Conflict('pack-rule', `the rule ${id} is the pack's: PUT it with enabled: false to switch it off`, { rule })
        }
        await recorder.write([{ kind: 'rule.removed', ruleId: id, version: rule.version + 1, by: caller.id }])
        return { removed: id }
      })
    },
  )
}

/** What stands for people in every rule is kept from the rule before, so that changing a limit is one number. */
export function completed(id: string, body: Record<string, unknown> & { type: string }, current: Rule | null): Rule {
  const words = {
    applies: current?.applies ?? {},
    latching: current?.latching ?? false,
    title: current?.title ?? { zh: id, en: id },
    message: current?.message ?? { zh: '{device} {metric} {value} {unit}', en: '{device} {metric} {value} {unit}' },
    source: current?.origin === 'person' ? current.source : `set by a person${current ? `, in place of: ${current.source}` : ''}`,
    guidance: current?.guidance ?? [],
    enabled: current?.enabled ?? true,
    ...(current?.metric !== undefined && current.type === body.type && { metric: current.metric }),
  }
  return { ...words, ...body, id, version: (current?.version ?? 0) + 1, origin: 'person' } as Rule
}

export function checkSubjects({ applies }: Rule, registry: Registry): void {
  const known = { deviceId: registry.devices, enterpriseId: registry.enterprises, zoneId: registry.zones }
  for (const [field, rows] of Object.entries(known) as [keyof typeof known, Map<string, unknown>][]) {
    const id = applies[field]
    if (id !== undefined && !rows.has(id)) {
      throw new Invalid('invalid', `applies.${field}: there is no ${field.slice(0, -2)} ${id}`, { field: `applies.${field}` })
    }
  }
}

/** People see the rules that may be about it, not those that name somebody else. */
export function isFor({ applies }: Rule, caller: Caller, registry: Registry): boolean {
  const named = [
    applies.enterpriseId,
    applies.deviceId && registry.devices.get(applies.deviceId)?.enterpriseId,
    applies.zoneId && registry.zones.get(applies.zoneId)?.enterpriseId,
  ].filter((id) => id !== undefined)
  return named.every((id) => sees(caller, id))
}

function demandSecondPerson({ config }: Context): void {
  if (config.rulesTwoPersons !== true) return
  throw new Forbidden('two-persons', 'here a rule changes only when a second person approves: POST /rules/{id}/proposals')
}

/** Names stand only here: the record has ids. An enterprise is not told them. */
export function namesOf(
  { people }: Context,
  caller: Caller,
  said: readonly { by: string; proposedBy?: string | null; decidedBy?: string | null; reviewedBy?: string | null }[],
): Record<string, string> {
  if (caller.enterpriseId !== null) return {}
  const ids = new Set(said.flatMap(({ by, proposedBy, decidedBy, reviewedBy }) => [by, proposedBy, decidedBy, reviewedBy]))
  const known = [...ids].map((id) => (id ? people.person(id) : undefined)).filter((person) => person !== undefined)
  return Object.fromEntries(known.map(({ id, username }) => [id, username]))
}
