import type { DeviceKind } from '../core/device-kind.ts'
import type { Device, Enterprise, Site, Zone } from '../core/registry.ts'
import type { StaticGrade } from '../core/risk.ts'
import { placeAt, roundOfTruck, type Point } from './roads.ts'

/** A device of the demo: its registry row without the hash of its token, and the token, which everybody knows. */
export type DemoDevice = {
  row: Omit<Device, 'tokenHash'>
  token: string
  /** the gateway that speaks for it; null when it has a connection of its own */
  via: string | null
  /** what its model needs beyond the attributes */
  model: Record<string, string | number>
  /** a device that nobody simulates: the reader's own */
  silent: boolean
}

export type District = { enterprises: Enterprise[]; sites: Site[]; zones: Zone[]; devices: DemoDevice[] }

/** No real division begins with 99 (GB/T 2260). */
export const REGION = '990101'
const INSTALLED_AT = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000

export const tokenOf = (deviceId: string): string => `wf_demo_${deviceId.toLowerCase().replaceAll('-', '_')}`

/** For the reader's own `mosquitto_pub` and `npm run send`: nobody else publishes for it. */
export const TRY_DEVICE = 'TRY-01'
export const TRY_TOKEN = tokenOf(TRY_DEVICE)

type Plant = {
  id: string
  name: string
  sector: string
  east: number
  north: number
  zones: string[]
  /** what each detector measures, in order; a substance for toxic gas */
  detectors: ('combustibleLel' | 'oxygenVol' | 'h2s' | 'co' | 'nh3')[]
  /** the gas that burns here */
  burns: string
}

const plants: Plant[] = [
  {
    id: 'A',
    name: '云汐石化（示例）',
    sector: '危险化学品',
    east: -1_350,
    north: 700,
    zones: ['储罐区', '装置区'],
    detectors: [
      'combustibleLel',
      'combustibleLel',
      'combustibleLel',
      'combustibleLel',
      'combustibleLel',
      'combustibleLel',
      'h2s',
      'oxygenVol',
    ],
    burns: 'propane',
  },
  {
    id: 'B',
    name: '禾霁化肥（示例）',
    sector: '危险化学品',
    east: 0,
    north: 800,
    zones: ['氨罐区', '合成车间'],
    detectors: ['nh3', 'nh3', 'nh3', 'nh3', 'combustibleLel', 'combustibleLel', 'oxygenVol'],
    burns: 'hydrogen',
  },
  {
    id: 'C',
    name: '赤澜钢铁（示例）',
    sector: '冶金',
    east: 1_350,
    north: 750,
    zones: ['煤气柜区', '转炉车间'],
    detectors: ['co', 'co', 'co', 'combustibleLel', 'oxygenVol'],
    burns: 'methane',
  },
]

const two = (n: number) => String(n).padStart(2, '0')
const toxic = new Set(['h2s', 'co', 'nh3'])
/** upper end of the scale, %LEL or ppm */
const ranges: Record<string, number> = { combustibleLel: 100, h2s: 100, co: 500, nh3: 100 }
const gasNames: Record<string, string> = {
  combustibleLel: '可燃气体',
  oxygenVol: '氧气',
  h2s: '硫化氢',
  co: '一氧化碳',
  nh3: '氨',
}

/** Trucks carry; hydrants and smoke alarms are numbered on from these. */
const HYDRANTS = 30
const HYDRANTS_ON_SECOND_GATEWAY = 12
const SMOKE_ALARMS = 40
const TRUCKS = 10

/** Places somebody has assessed; the others are not graded yet, as it would be. */
const graded: Record<string, StaticGrade> = {
  储罐区: 'major',
  氨罐区: 'major',
  煤气柜区: 'major',
  装置区: 'larger',
  合成车间: 'larger',
}

/**
 * The simulated district: a petrochemical plant, a fertiliser plant, a steel works, a water company, a market hall and a
 * haulier. None of them exists; the same rows and tokens come out every time.
 */
export function district(): District {
  const made: District = { enterprises: [], sites: [], zones: [], devices: [] }

  const enterprise = (id: string, name: string, sector: string, centre: Point, zones: string[]) => {
    made.enterprises.push({ id, name, region: REGION, sector, retiredAt: null })
    made.sites.push({ id: `${id}-S1`, enterpriseId: id, name: `${name.replace('（示例）', '')}厂区`, ...centre, retiredAt: null })
    return zones.map((zone, i) => {
      const row: Zone = { id: `${id}-Z${i + 1}`, siteId: `${id}-S1`, enterpriseId: id, name: zone, retiredAt: null }
      if (zone in graded) row.riskGrade = graded[zone]!
      made.zones.push(row)
      return row.id
    })
  }

  const device = (
    kind: DeviceKind,
    id: string,
    name: string,
    enterpriseId: string,
    place: Point | null,
    more: Partial<Pick<DemoDevice, 'via' | 'model' | 'silent'>> & { zoneId?: string; attributes?: Device['attributes'] } = {},
  ) => {
    made.devices.push({
      row: {
        id,
        enterpriseId,
        kind,
        name,
        mode: 'simulated',
        zoneId: more.zoneId ?? null,
        latitude: place?.latitude ?? null,
        longitude: place?.longitude ?? null,
        attributes: more.attributes ?? {},
        terminalPhone: null,
        unitAddress: null,
        serial: `SIM-${id}`,
        demo: true,
        createdAt: INSTALLED_AT,
        retiredAt: null,
      },
      token: tokenOf(id),
      via: more.via ?? null,
      model: more.model ?? {},
      silent: more.silent ?? false,
    })
  }

  for (const plant of plants) {
    const id = `PLANT-${plant.id}`
    const zones = enterprise(id, plant.name, plant.sector, placeAt(plant.east, plant.north), plant.zones)
    const gatewayId = `GW-GAS-${plant.id}`
    device('gateway', gatewayId, `${plant.id} 厂气体网关`, id, placeAt(plant.east, plant.north - 120))
    plant.detectors.forEach((gas, i) => {
      // Two rows of detectors, 60 m apart, the second zone behind the first.
      const back = i >= Math.ceil(plant.detectors.length / 2)
      const along = back ? i - Math.ceil(plant.detectors.length / 2) : i
      device(
        'gas-detector',
        `GAS-${plant.id}${two(i + 1)}`,
        `${gasNames[gas]}探测器 ${plant.id}${two(i + 1)}`,
        id,
        placeAt(plant.east - 90 + along * 60, plant.north + (back ? 110 : 0)),
        {
          zoneId: zones[back ? 1 : 0]!,
          via: gatewayId,
          attributes:
            gas === 'oxygenVol' ? { range: 30 } : { substance: toxic.has(gas) ? gas : plant.burns, range: ranges[gas]! },
          model: { measures: toxic.has(gas) ? 'toxicPpm' : gas },
        },
      )
    })
  }

  const waterZones = enterprise('WATER', '清漪供水（示例）', '城镇供水', placeAt(-300, -300), ['西片管网', '东片管网'])
  device('gateway', 'GW-WATER-1', '供水网关 1（西片）', 'WATER', placeAt(-1_000, -200))
  // It and its hydrants are lost in the story; the short period makes their silence show within it.
  const short = { expectedPeriodMs: 10_000 }
  device('gateway', 'GW-WATER-2', '供水网关 2（东片）', 'WATER', placeAt(1_400, -200), { attributes: short })
  for (let i = 0; i < HYDRANTS; i++) {
    const second = i >= HYDRANTS - HYDRANTS_ON_SECOND_GATEWAY
    const n = second ? i - (HYDRANTS - HYDRANTS_ON_SECOND_GATEWAY) : i
    const place = second
      ? placeAt(820 + (n % 4) * 390, -1_480 + Math.floor(n / 4) * 740)
      : placeAt(-1_980 + (n % 6) * 500, -1_480 + Math.floor(n / 6) * 1_480)
    device('hydrant', `HYD-${two(i + 1)}`, `室外消火栓 ${two(i + 1)}`, 'WATER', place, {
      zoneId: waterZones[second ? 1 : 0]!,
      via: second ? 'GW-WATER-2' : 'GW-WATER-1',
      attributes: second ? short : { expectedPeriodMs: 60_000 },
    })
  }

  const floors = ['一层', '二层', '三层', '地下仓库']
  const marketZones = enterprise('MARKET', '望舒商贸城（示例）', '商贸', placeAt(200, -800), floors)
  device('gateway', 'GW-NB-1', '烟感物联网关', 'MARKET', placeAt(200, -800))
  for (let i = 0; i < SMOKE_ALARMS; i++) {
    const floor = Math.floor(i / 10)
    device(
      'smoke-alarm',
      `SMK-${two(i + 1)}`,
      `${floors[floor]}感烟报警器 ${two(i + 1)}`,
      'MARKET',
      placeAt(110 + (i % 10) * 20, -860 + floor * 40),
      {
        zoneId: marketZones[floor]!,
        via: 'GW-NB-1',
      },
    )
  }

  enterprise('HAUL', '远岫危化运输（示例）', '道路运输', placeAt(-2_000, -1_500), ['停车场'])
  for (let i = 0; i < TRUCKS; i++) {
    const round = roundOfTruck(i)
    device('vehicle', `VEH-${two(i + 1)}`, `危化品车 示例-${two(i + 1)}`, 'HAUL', round[0]!, {
      attributes: { cargo: i % 3 === 0 ? '液氨' : i % 3 === 1 ? '汽油' : '液化石油气' },
      model: { round: round.map(({ latitude, longitude }) => `${latitude},${longitude}`).join(' ') },
    })
  }

  enterprise('TRY', '试一试（示例）', '其他', placeAt(0, -100), ['试用点'])
  device('gas-detector', TRY_DEVICE, '试用气体探测器', 'TRY', placeAt(0, -100), {
    zoneId: 'TRY-Z1',
    attributes: { substance: 'methane', range: 100, expectedPeriodMs: DAY_MS },
    model: { measures: 'combustibleLel' },
    silent: true,
  })
  return made
}
