import type { Mode } from '../../core/mode.ts'
import type { Device, Registry, RegistryRow } from '../../core/registry.ts'
import { DeviceChangeSchema, NewDeviceSchema, newDeviceId } from '../api/devices.ts'
import { faultyFields } from '../validation.ts'
import { deviceColumn, deviceColumns, kindOf, numberOf, type DeviceField } from './device-columns.ts'
import { PlacesDraft } from './places-draft.ts'
import { isBad, isExample, newPlan, type RowPlan } from './plan.ts'
import { PlacePlanner, type PlaceWish } from './plan-places.ts'
import { said, unfit } from './saying.ts'
import { turns, type SheetRow } from './sheet.ts'

const newFaults = faultyFields(NewDeviceSchema)
const changeFaults = faultyFields(DeviceChangeSchema)
/** Cells that are about a device; a row without any of them is about places only. */
const ofDevices = deviceColumns.map(({ field }) => field).slice(deviceColumns.findIndex(({ field }) => field === 'name'))
const columnOf = (field: string | null) =>
  deviceColumn(field === 'attributes' ? 'periodS' : (ofDevices.find((one) => one === field) ?? 'name'))

/** What each row comes to, with everything that is wrong with it. Nothing is written. */
export async function planDevices(
  rows: readonly SheetRow[],
  registry: Registry,
  regions: ReadonlyMap<string, string>,
  mode: Mode,
): Promise<RowPlan<PlaceWish>[]> {
  const draft = new PlacesDraft(registry)
  const places = new PlacePlanner(draft, regions)
  const rowOf = new Map<string, number>()
  const plans: RowPlan<PlaceWish>[] = []
  const turn = turns()
  for (const source of rows) {
    await turn()
    const { cells } = source
    const plan = newPlan<PlaceWish>(source, cells['name'] ?? cells['enterprise'] ?? '')
    plans.push(plan)
    if (isExample(source)) {
      Object.assign(plan, { state: 'skipped', faults: [] })
      continue
    }
    const puts: RegistryRow[] = []
    const enterprise = places.enterprise(plan, puts)
    const site = enterprise && places.site(plan, puts, enterprise.id)
    const zone = enterprise && places.zone(plan, puts, enterprise.id, site)
    const isAboutDevice = ofDevices.some((field) => cells[field] !== undefined)
    if (isAboutDevice)
      planDevice(plan, puts, { draft, rowOf, mode, enterpriseId: enterprise?.id ?? null, zoneId: zone?.id ?? null })
    if (isBad(plan)) continue
    places.keep(plan, puts)
    const about = isAboutDevice ? plan.wishes.filter(({ entity }) => entity === 'device') : plan.wishes
    if (plan.wishes.length > 0) plan.state = about.some(({ isNew }) => isNew) ? 'new' : 'changed'
  }
  return plans
}

type Around = {
  draft: PlacesDraft
  rowOf: Map<string, number>
  mode: Mode
  /** null: the row does not say which, so the device is checked alone */
  enterpriseId: string | null
  zoneId: string | null
}

function planDevice(plan: RowPlan<PlaceWish>, puts: RegistryRow[], around: Around): void {
  const { draft, rowOf, mode, enterpriseId, zoneId } = around
  const { row, cells } = plan.source
  const before = enterpriseId === null ? undefined : deviceMeant(plan, draft, enterpriseId)
  if (before === null) return
  const given = givenOf(cells, zoneId)
  const wanted = before ? newsOf(given, before) : given
  // The id of an enterprise that could not be told is not what is wrong with the device.
  const wrong = before ? changeFaults(wanted) : newFaults({ enterpriseId: enterpriseId ?? 'unknown', ...given, ...idOf(cells) })
  for (const { field } of wrong) {
    const column = columnOf(field)
    const swapped =
      field === 'latitude' && Math.abs(Number(cells['latitude'])) <= 180 && Math.abs(Number(cells['longitude'])) <= 90
    const fault = unfit(column, cells[column.field])
    if (!plan.faults.some((one) => one.column === column.label))
      plan.faults.push(swapped ? { ...fault, fix: said('经度和纬度像是填反了', 'longitude and latitude look swapped') } : fault)
  }
  checkPeriod(plan, cells['periodS'])
  if (wrong.length > 0 || enterpriseId === null) return
  const id = before?.id ?? cells['id'] ?? newDeviceId(draft, given['kind'] as Device['kind'])
  const other = rowOf.get(id)
  if (other !== undefined) {
    plan.faults.push({
      column: null,
      says: said(`与第 ${other} 行是同一台设备`, `this is the same device as in row ${other}`),
      fix: said(
        '删除其中一行；若是另一台，填不同的设备编号或序列号',
        'delete one of the rows; if it is another device, give it its own id or serial',
      ),
    })
    return
  }
  if (plan.faults.length > 0) return
  rowOf.set(id, row)
  if (before && before.mode !== mode)
    plan.notes.push(
      said(`这台设备的模式是 ${before.mode}，一经设定不变`, `this device is in mode ${before.mode}, which never changes`),
    )
  if (!before && draft.devicesNamed(enterpriseId, cells['name']!).length > 0)
    plan.notes.push(
      said('该企业还有同名设备：网关须按编号上报', 'another device of the enterprise has this name: a gateway must send its id'),
    )
  if (before && Object.keys(wanted).length === 0) return
  const after = {
    ...(before ?? blank),
    ...wanted,
    id,
    enterpriseId,
    attributes: { ...before?.attributes, ...(wanted['attributes'] as object) },
  } as Device
  puts.push({ entity: 'device', row: after })
  plan.wishes.push({
    ...{ entity: 'device', id, isNew: !before },
    given: before ? wanted : { ...given, enterpriseId, mode },
  })
  if (!before) plan.changes.push({ what: said('设备', 'device'), adds: true, after: after.name })
  else plan.changes.push(...changesOf(wanted, before, (id) => (id === zoneId ? cells['zone'] : draft.zones.get(id)?.name) ?? id))
}

/** The device a row is about: by its id, else by its serial, else by its name; undefined: a new one; null: nobody can tell. */
function deviceMeant(plan: RowPlan<PlaceWish>, draft: PlacesDraft, enterpriseId: string): Device | undefined | null {
  const { id, serial, name } = plan.source.cells
  const fail = (field: DeviceField, zh: string, en: string, fixZh: string, fixEn: string) => {
    plan.faults.push({ column: deviceColumn(field).label, says: said(zh, en), fix: said(fixZh, fixEn) })
    return null
  }
  const known = id === undefined ? undefined : draft.devices.get(id)
  if (known && known.retiredAt !== null)
    return fail('id', `编号 ${id} 属于已停用的设备`, `${id} is the id of a retired device`, '换一个编号', 'choose another')
  if (known && known.enterpriseId !== enterpriseId) {
    const owner = draft.enterprises.get(known.enterpriseId)?.name ?? known.enterpriseId
    return fail(
      'id',
      `编号 ${id} 已被“${owner}”使用`,
      `${id} is a device of ${owner}`,
      '换一个编号，或改正企业',
      'choose another, or correct the enterprise',
    )
  }
  if (known) return known
  const alike = serial === undefined ? [] : draft.devicesOfSerial(enterpriseId, serial)
  if (alike.length > 1)
    return fail(
      'serial',
      `该企业有几台设备的序列号是“${serial}”`,
      `several devices have the serial "${serial}"`,
      '填设备编号',
      'give the id',
    )
  const [bySerial] = alike
  if (bySerial && id !== undefined)
    return fail(
      'id',
      `序列号“${serial}”的设备编号是 ${bySerial.id}`,
      `the device of serial "${serial}" has the id ${bySerial.id}`,
      '改正编号或序列号；编号一经设定不变',
      'correct one of them; an id never changes',
    )
  if (bySerial || id !== undefined || name === undefined) return bySerial
  const named = draft.devicesNamed(enterpriseId, name).filter((one) => serial === undefined || one.serial === null)
  if (named.length > 1)
    return fail(
      'name',
      `该企业有 ${named.length} 台设备都叫“${name}”`,
      `${named.length} devices are called "${name}"`,
      '填设备编号或序列号',
      'give the id or the serial',
    )
  return named[0]
}

function givenOf(cells: Record<string, string>, zoneId: string | null): Record<string, unknown> {
  const attributes = {
    ...(cells['substance'] !== undefined && {
      substance: /^[\x20-\x7e]+$/.test(cells['substance']) ? cells['substance'].toLowerCase() : cells['substance'],
    }),
    ...(cells['range'] !== undefined && { range: numberOf(cells['range']) }),
    ...(cells['periodS'] !== undefined && { expectedPeriodMs: Math.round(Number(cells['periodS']) * 1_000) }),
  }
  return {
    ...(cells['name'] !== undefined && { name: cells['name'] }),
    ...(cells['kind'] !== undefined && { kind: kindOf(cells['kind']) }),
    ...(zoneId !== null && { zoneId }),
    ...(cells['latitude'] !== undefined && { latitude: numberOf(cells['latitude']) }),
    ...(cells['longitude'] !== undefined && { longitude: numberOf(cells['longitude']) }),
    ...(cells['serial'] !== undefined && { serial: cells['serial'] }),
    ...(cells['terminalPhone'] !== undefined && { terminalPhone: cells['terminalPhone'] }),
    ...(cells['unitAddress'] !== undefined && { unitAddress: cells['unitAddress'] }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  }
}
const idOf = (cells: Record<string, string>) => (cells['id'] === undefined ? {} : { id: cells['id'] })
/** What a device has that nobody has said more of; enough for the draft. */
const blank = { zoneId: null, serial: null, retiredAt: null }

/** A sheet leaves alone what it does not say. */
function newsOf({ attributes, ...given }: Record<string, unknown>, before: Device): Record<string, unknown> {
  const differs =
    (was: Record<string, unknown>) =>
    ([field, value]: [string, unknown]) =>
      was[field] !== value
  const news = Object.fromEntries(Object.entries(given).filter(differs(before)))
  const said = Object.entries((attributes ?? {}) as Record<string, unknown>).filter(differs(before.attributes))
  return { ...news, ...(said.length > 0 && { attributes: Object.fromEntries(said) }) }
}

function changesOf({ attributes, ...news }: Record<string, unknown>, before: Device, zoneName: (id: string) => string) {
  const text = (value: unknown) => (value === null || value === undefined ? null : String(value))
  const zone = (id: unknown) => (typeof id === 'string' ? zoneName(id) : null)
  const column = { zoneId: 'zone', expectedPeriodMs: 'periodS' } as Record<string, DeviceField>
  const one = (field: string, was: unknown, now: unknown) => {
    const shown =
      field === 'zoneId'
        ? zone
        : field === 'expectedPeriodMs'
          ? (ms: unknown) => (ms === undefined ? null : text(Number(ms) / 1_000))
          : text
    return { what: deviceColumn(column[field] ?? (field as DeviceField)).label, before: shown(was), after: shown(now) }
  }
  return [
    ...Object.entries(news).map(([field, value]) => one(field, (before as Record<string, unknown>)[field], value)),
    ...Object.entries((attributes ?? {}) as object).map(([field, value]) => one(field, before.attributes[field], value)),
  ]
}

function checkPeriod(plan: RowPlan<PlaceWish>, period: string | undefined): void {
  const column = deviceColumn('periodS')
  if (plan.faults.some((one) => one.column === column.label)) return
  if (period === undefined || (Number(period) >= 0.1 && Number(period) <= 86_400)) return
  plan.faults.push(unfit(column, period))
}
