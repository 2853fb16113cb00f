import { Type } from 'typebox'
import type { GroupFigures } from '../../core/alarm-group.ts'
import { NotFound } from '../../core/errors.ts'
import { worse } from '../../core/level.ts'
import { ModeSchema } from '../../core/mode.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'

const AT_MOST = 1_000
const ListSchema = Type.Object({
  mode: Type.Optional(ModeSchema),
  key: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'one group: its devices are listed too' })),
})

/** Open alarms that are not set aside, by enterprise, zone and device: kept with every change, so a flood costs no more to show. */
export function alarmRowCalls(app: Api, context: Context): void {
  const { config, live, registry } = context

  app.get(
    '/alarms/groups',
    {
      schema: {
        tags: ['alarms'],
        summary: 'Open alarms by enterprise, zone and device: worst level, counts, first and last, what is acknowledged, causes',
        querystring: ListSchema,
      },
    },
    (request) => {
      const caller = callerOf(context, request, 'read')
      const { mode = config.mode, key } = request.query
      const book = live.groups.get(mode)!
      if (key !== undefined) {
        const group = book.group(key)
        if (!group || !sees(caller, group.enterpriseId)) throw new NotFound(`there is no group ${key}`)
        const devices = book.devices(key)
        const named = devices
          .slice(0, AT_MOST)
          .map((one) => ({ ...one, device: registry.devices.get(one.deviceId)?.name ?? null }))
        return { group: withNames(group), devices: named, of: devices.length }
      }
      const groups = book.groups().filter(({ enterpriseId }) => sees(caller, enterpriseId))
      return {
        enterprises: byEnterprise(groups).slice(0, AT_MOST),
        groups: groups.slice(0, AT_MOST).map(withNames),
        of: groups.length,
      }
    },
  )

  function withNames(group: GroupFigures) {
    const { enterpriseId, zoneId } = group
    const enterprise = registry.enterprises.get(enterpriseId)?.name ?? null
    return { ...group, enterprise, zone: zoneId === null ? null : (registry.zones.get(zoneId)?.name ?? null) }
  }

  function byEnterprise(groups: readonly GroupFigures[]) {
    const found = new Map<string, ReturnType<typeof rowOf>>()
    for (const group of groups) {
      const before = found.get(group.enterpriseId)
      if (!before) found.set(group.enterpriseId, rowOf(group))
      else {
        before.level = worse(before.level, group.level)
        before.groups++
        before.alarms += group.alarms
        before.acknowledged += group.acknowledged
        before.firstAt = Math.min(before.firstAt, group.firstAt)
        before.lastAt = Math.max(before.lastAt, group.lastAt)
      }
    }
    return [...found.values()]
  }

  function rowOf({ enterpriseId, level, alarms, acknowledged, firstAt, lastAt }: GroupFigures) {
    const enterprise = registry.enterprises.get(enterpriseId)?.name ?? null
    return { ...{ enterpriseId, enterprise, level, groups: 1 }, ...{ alarms, acknowledged, firstAt, lastAt } }
  }
}
