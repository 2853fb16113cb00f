import { Type, type Static, type TSchema } from 'typebox'
import { Conflict, Invalid, NotFound } from '../../core/errors.ts'
import type { LiveDevice } from '../../core/live.ts'
import { metricOf } from '../../core/metrics.ts'
import { ModeSchema } from '../../core/mode.ts'
import { qualityOf, reasonOf } from '../../core/quality.ts'
import { DeviceSchema, IdSchema, type Device, type Registry } from '../../core/registry.ts'
import { isOutByTwo, isUnfinished } from '../../core/unfinished.ts'
import type { Caller } from '../access.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { CursorSchema, DEFAULT_LIMIT, LimitSchema, OrderedRows } from '../paging.ts'
import { deviceToken, sha256, shortId } from '../short-id.ts'
import { checkPlace } from './places.ts'

const { properties } = DeviceSchema
const withExample = <T extends TSchema>(schema: T, example: unknown): T => ({ ...schema, examples: [example] })
const fields = {
  name: withExample(properties.name, '二号罐区可燃气体 GAS-01'),
  kind: withExample(properties.kind, 'gas-detector'),
  zoneId: Type.Optional(withExample(properties.zoneId, 'z-5n8c2t')),
  latitude: Type.Optional(withExample(properties.latitude, 30.2101)),
  longitude: Type.Optional(withExample(properties.longitude, 120.1502)),
  attributes: Type.Optional(withExample(properties.attributes, { substance: 'ch4', expectedPeriodMs: 10_000 })),
  terminalPhone: Type.Optional(withExample(properties.terminalPhone, '013800001234')),
  unitAddress: Type.Optional(withExample(properties.unitAddress, '33010600000001')),
  serial: Type.Optional(withExample(properties.serial, 'SN-2041-0093')),
}
export const NewDeviceSchema = Type.Object(
  {
    id: Type.Optional(withExample(IdSchema, 'gas-7k3m9q')),
    enterpriseId: withExample(IdSchema, 'e-4k2m9p'),
    ...fields,
    mode: Type.Optional(ModeSchema),
  },
  { additionalProperties: false },
)
export const DeviceChangeSchema = Type.Object(
  { ...fields, name: Type.Optional(fields.name), kind: Type.Optional(fields.kind) },
  { additionalProperties: false },
)
const ReplaceSchema = Type.Optional(
  Type.Union([
    Type.Object({ serial: Type.Optional(withExample(properties.serial, 'SN-2041-0094')) }, { additionalProperties: false }),
    Type.Undefined(),
  ]),
)
const ByIdSchema = Type.Object({ id: IdSchema })
const ListSchema = Type.Object({
  mode: Type.Optional(ModeSchema),
  enterpriseId: Type.Optional(IdSchema),
  zoneId: Type.Optional(IdSchema),
  kind: Type.Optional(properties.kind),
  state: Type.Optional(Type.Enum(['online', 'stale', 'offline', 'never'])),
  retired: Type.Optional(Type.Boolean({ description: 'also those no longer in use' })),
  limit: LimitSchema,
  cursor: CursorSchema,
})

/** `gas-detector` → `gas`: the start of a made-up id. */
export const newDeviceId = (registry: Pick<Registry, 'devices'>, kind: Device['kind']): string =>
  shortId(kind.split('-')[0]!, (taken) => registry.devices.has(taken))

/** A device that was not there; its token is in this answer and nowhere else. */
export function addDevice(
  { registry, recorder, journal }: Context,
  by: string,
  id: string,
  { mode = 'live', ...given }: Omit<Static<typeof NewDeviceSchema>, 'id'>,
): Promise<{ device: Device; token: string }> {
  return recorder.inTurn(`device ${id}`, async () => {
    if (registry.devices.has(id)) throw new Conflict('id-taken', `there is already a device ${id}`, { field: 'id' })
    checkPlace(registry, given)
    const token = deviceToken()
    const device: Device = {
      zoneId: null,
      latitude: null,
      longitude: null,
      terminalPhone: null,
      unitAddress: null,
      serial: null,
      ...given,
      id,
      attributes: withoutNulls(given.attributes ?? {}),
      mode,
      tokenHash: sha256(token),
      demo: false,
      createdAt: journal.clock.now(),
      retiredAt: null,
    }
    await recorder.write([{ kind: 'registry.changed', by, before: null, entity: 'device', row: device }])
    return { device, token }
  })
}

/** What a person says of a device that is there; attributes are merged. */
export const changeDevice = (context: Context, caller: Caller, id: string, change: Static<typeof DeviceChangeSchema>) =>
  rewrite(context, caller, id, (before) => {
    const { attributes, ...given } = change
    inUse(before)
    checkPlace(context.registry, { ...given, enterpriseId: before.enterpriseId })
    const after = { ...before, ...given, attributes: withoutNulls({ ...before.attributes, ...attributes }) }
    if (judgedBy(after) !== judgedBy(before)) mustBeCalm(context, id, 'another kind, zone or attribute')
    return after
  })

/** What decides which rules judge a device, and with which limits. */
const judgedBy = ({ kind, zoneId, attributes }: Device): string =>
  JSON.stringify([kind, zoneId, Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))])

/** Nobody makes an orange or red go away by what it is about: people are done with it first, or two of them have taken it out of service. */
function mustBeCalm({ live }: Context, deviceId: string, what: string): void {
  const open = [...live.alarms.values()].filter(
    (alarm) => alarm.deviceId === deviceId && isUnfinished(alarm) && !isOutByTwo(alarm),
  )
  if (open.length === 0) return
  const listed = open.slice(0, 5).map(({ id, level, ruleId, state }) => `${id} (${level}, ${ruleId}, ${state})`)
  throw new Conflict(
    'open-alarms',
    `${deviceId} has ${open.length} orange or red that people are not done with: ${listed.join(', ')}; acknowledge and reset them, or take them out of service by two persons, and then ask for ${what}`,
    { alarms: open.map(({ id, level, ruleId, state }) => ({ id, level, ruleId, state })) },
  )
}

function find({ registry }: Context, id: string, caller: Caller): Device {
  const device = registry.devices.get(id)
  if (!device || !sees(caller, device.enterpriseId)) throw new NotFound(`there is no device ${id}`)
  return device
}

function inUse(device: Device): void {
  if (device.retiredAt !== null) throw new Conflict('already-retired', `the device ${device.id} is retired`)
}

/** Reads the device in turn with other changes of it, records what `next` makes of it. */
const rewrite = (context: Context, caller: Caller, id: string, next: (before: Device) => Device) =>
  context.recorder.inTurn(`device ${id}`, async () => {
    const before = find(context, id, caller)
    const after = next(before)
    if (after !== before)
      await context.recorder.write([{ kind: 'registry.changed', by: caller.id, before, entity: 'device', row: after }])
    return after
  })

export function deviceCalls(app: Api, context: Context): void {
  const { registry, live, journal, config } = context
  const ordered = new OrderedRows<Device>(
    () => registry.devices.values(),
    () => live.registryVersion,
  )

  const change = (id: string, caller: Caller, next: (before: Device) => Device) => rewrite(context, caller, id, next)

  app.get(
    '/devices',
    {
      schema: {
        tags: ['devices'],
        summary: 'Devices with their newest readings, age, quality and whether they are heard',
        querystring: ListSchema,
      },
    },
    (request) => {
      const caller = callerOf(context, request, 'read')
      const { mode = config.mode, enterpriseId, zoneId, kind, state, retired, limit = DEFAULT_LIMIT, cursor } = request.query
      const { rows, next } = ordered.page(
        (device) =>
          device.mode === mode &&
          sees(caller, device.enterpriseId) &&
          (retired || device.retiredAt === null) &&
          (enterpriseId === undefined || device.enterpriseId === enterpriseId) &&
          (zoneId === undefined || device.zoneId === zoneId) &&
          (kind === undefined || device.kind === kind) &&
          (state === undefined || live.device(device.id)?.state === state),
        limit,
        cursor,
      )
      return { devices: rows.map((device) => shown(context, device)), ...(next !== undefined && { next }) }
    },
  )

  app.get('/devices/:id', { schema: { tags: ['devices'], summary: 'One device', params: ByIdSchema } }, (request) =>
    shown(context, find(context, request.params.id, callerOf(context, request, 'read'))),
  )

  app.post(
    '/devices',
    { schema: { tags: ['devices'], summary: 'Add a device; its token is shown this once', body: NewDeviceSchema } },
    async (request, reply) => {
      const caller = callerOf(context, request, 'install')
      const { id = newDeviceId(registry, request.body.kind), ...given } = request.body
      const { device, token } = await addDevice(context, caller.id, id, given)
      return reply.code(201).send({ ...shown(context, device), token })
    },
  )

  app.patch(
    '/devices/:id',
    {
      // Said in words of its own: the mode is not an unknown field, it is one that never changes.
      preValidation: (request, _reply, done) => {
        const body = (request.body ?? {}) as Record<string, unknown>
        for (const field of ['mode', 'enterpriseId']) {
          if (Object.hasOwn(body, field))
            return done(new Invalid('invalid', `${field} is fixed for a device's life: retire it and add another`, { field }))
        }
        done()
      },
      schema: {
        tags: ['devices'],
        summary: 'Change a device; attributes are merged, null removes one',
        params: ByIdSchema,
        body: DeviceChangeSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'install')
      return shown(context, await changeDevice(context, caller, request.params.id, request.body))
    },
  )

  app.post(
    '/devices/:id/retire',
    { schema: { tags: ['devices'], summary: 'Take a device out of use; its token dies, its history stays', params: ByIdSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'install')
      const device = await change(request.params.id, caller, (before) => {
        if (before.retiredAt !== null) return before
        mustBeCalm(context, before.id, 'its retirement')
        return { ...before, retiredAt: journal.clock.now() }
      })
      return shown(context, device)
    },
  )

  app.post(
    '/devices/:id/replace',
    {
      schema: {
        tags: ['devices'],
        summary: 'New hardware at the same place: new serial and token, same history and limits',
        params: ByIdSchema,
        body: ReplaceSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'install')
      const token = deviceToken()
      const serial = (request.body as { serial?: string | null } | undefined)?.serial ?? null
      const { id } = await change(request.params.id, caller, (before) => {
        inUse(before)
        return { ...before, serial, tokenHash: sha256(token), demo: false }
      })
      return { id, token }
    },
  )

  app.post(
    '/devices/:id/token',
    { schema: { tags: ['devices'], summary: 'A new token; the old one dies', params: ByIdSchema } },
    async (request) => {
      const caller = callerOf(context, request, 'install')
      const token = deviceToken()
      const { id } = await change(request.params.id, caller, (before) => {
        inUse(before)
        return { ...before, tokenHash: sha256(token), demo: false }
      })
      return { id, token }
    },
  )
}

const withoutNulls = (attributes: Device['attributes']) =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null)) as Device['attributes']

/** A device as the API shows it: its registry row without the token's hash, and how it is doing. */
function shown({ live, clock }: Context, { tokenHash: _, ...device }: Device) {
  const now = clock.now()
  const { state = 'never', faults = [], expectedPeriodMs = null, test } = live.device(device.id) ?? ({} as Partial<LiveDevice>)
  const series = live.newest.sender(device.id)?.series ?? []
  const readings = series.map((number) => {
    const [, metric, value, measuredAt, receivedAt, quality] = live.newest.reading(number)
    return {
      metric,
      value,
      unit: metricOf(metric)?.unit ?? null,
      measuredAt,
      receivedAt,
      ageMs: Math.max(0, now - measuredAt),
      quality: qualityOf(quality),
      reason: reasonOf(quality),
    }
  })
  return {
    ...device,
    state,
    lastReceivedAt: live.newest.lastReceivedAt(device.id),
    expectedPeriodMs,
    faults,
    readings,
    ...(test && { test }),
  }
}
