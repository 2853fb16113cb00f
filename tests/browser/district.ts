import type { Alarm } from '../../core/alarm.ts'
import type { LiveDevice } from '../../core/live.ts'
import { GOOD, qualityCode } from '../../core/quality.ts'
import type { RiskColour, RiskState } from '../../core/risk.ts'
import type { FakePlatform } from './fake-platform.ts'

/** A small district for pages to show: three plants, hydrants, smoke alarms, vehicles; and the answers its API gives. */
export function furnish(platform: FakePlatform): void {
  platform.enterprises = [
    { id: 'binjiang', name: '滨江化工有限公司', region: '320114' },
    { id: 'huatai', name: '华泰涂料厂', region: '320114' },
    { id: 'donggang', name: '东港冷链物流', region: '320114' },
    { id: 'street', name: '江心洲街道办', region: '320114' },
  ]
  platform.zones = [
    { id: 'tank2', name: '二号罐区', enterpriseId: 'binjiang' },
    { id: 'load', name: '装卸区', enterpriseId: 'binjiang' },
    { id: 'paint', name: '喷涂车间', enterpriseId: 'huatai' },
    { id: 'cold', name: '制冷机房', enterpriseId: 'donggang' },
  ]
  const now = platform.now
  const add = (
    device: Partial<LiveDevice> & Pick<LiveDevice, 'id' | 'name' | 'kind'>,
    metric: string,
    value: number,
    ageMs = 1500,
  ) => {
    platform.devices.set(device.id, makeDevice({ lastReceivedAt: now - ageMs, ...device }))
    platform.readings.set(`${device.id}\n${metric}`, [device.id, metric, value, now - ageMs, now - ageMs, GOOD])
  }
  const gas = (n: number, enterpriseId: string, zoneId: string, value: number) =>
    add({ id: `GAS-${n}`, name: `可燃气体探测器 ${n}`, kind: 'gas-detector', enterpriseId, zoneId }, 'combustibleLel', value)
  for (let n = 1; n <= 8; n++) gas(n, 'binjiang', n < 6 ? 'tank2' : 'load', n / 10)
  for (let n = 9; n <= 14; n++) gas(n, 'huatai', 'paint', n / 20)
  for (let n = 15; n <= 20; n++) gas(n, 'donggang', 'cold', 0)
  for (let n = 1; n <= 30; n++) {
    add(
      { id: `HYD-${n}`, name: `消火栓 ${n}`, kind: 'hydrant', expectedPeriodMs: 300_000 },
      'pressureMpa',
      0.31 + (n % 7) / 100,
      n * 4000,
    )
  }
  for (let n = 1; n <= 40; n++) {
    const zoneId = n < 20 ? 'paint' : 'cold'
    const device = { id: `SMK-${n}`, name: `感烟报警器 ${n}`, kind: 'smoke-alarm', zoneId, expectedPeriodMs: 300_000 }
    add({ ...device, enterpriseId: n < 20 ? 'huatai' : 'donggang' }, 'smokeObscuration', (n % 5) / 100, n * 3000)
  }
  for (let n = 1; n <= 10; n++) {
    add(
      { id: `VEH-${n}`, name: `苏A·${1000 + n * 37}危`, kind: 'vehicle', expectedPeriodMs: 30_000 },
      'speedKmh',
      30 + n * 3,
      n * 500,
    )
    const place = (metric: string, value: number) =>
      platform.readings.set(`VEH-${n}\n${metric}`, [`VEH-${n}`, metric, value, now - n * 500, now - n * 500, GOOD])
    place('latitude', 32.02 + n * 0.004)
    place('longitude', 118.68 + n * 0.006)
  }
  platform.readings.set('GAS-7\ntoxicPpm#h2s', [
    'GAS-7',
    'toxicPpm#h2s',
    3.2,
    now - 900,
    now - 900,
    qualityCode('uncertain', 'clock'),
  ])
  let n = 0
  for (const [id, device] of platform.devices) {
    n++
    if (device.kind === 'vehicle' || n % 17 === 0) continue
    const centre = { binjiang: [32.05, 118.7], huatai: [32.03, 118.74], donggang: [32.06, 118.76], street: [32.04, 118.72] }
    const [latitude, longitude] = centre[device.enterpriseId as keyof typeof centre] as [number, number]
    const spread = device.enterpriseId === 'street' ? 0.03 : 0.004
    platform.devices.set(id, {
      ...device,
      latitude: latitude + Math.sin(n * 12.9898) * spread,
      longitude: longitude + Math.cos(n * 78.233) * spread,
    })
  }
  platform.risks = [
    makeRisk('zone:tank2', 'binjiang', 82, 'red'),
    makeRisk('zone:load', 'binjiang', 47, 'yellow'),
    makeRisk('zone:paint', 'huatai', null, 'unknown'),
    makeRisk('zone:cold', 'donggang', 12, 'blue'),
    makeRisk('enterprise:binjiang', 'binjiang', 82, 'red'),
  ]
  answers(platform)
}

export const makeRisk = (id: string, enterpriseId: string | null, index: number | null, colour: RiskColour): RiskState => ({
  id,
  subject: id.split(':')[0] as RiskState['subject'],
  mode: 'live',
  enterpriseId,
  index,
  colour,
  atLeast: false,
  since: 0,
  weightsVersion: 1,
})

export function makeDevice(given: Partial<LiveDevice> & Pick<LiveDevice, 'id' | 'name' | 'kind'>): LiveDevice {
  return {
    enterpriseId: 'street',
    zoneId: null,
    latitude: null,
    longitude: null,
    state: 'online',
    lastReceivedAt: null,
    expectedPeriodMs: 10_000,
    faults: [],
    ...given,
  }
}

let made = 0
export function makeAlarm(at: number, given: Partial<Alarm> = {}): Alarm {
  made++
  return {
    id: `alarm-${made}`,
    version: 1,
    mode: 'live',
    ruleId: 'gas.combustible',
    ruleVersion: 3,
    subject: 'GAS-2/combustibleLel',
    deviceId: 'GAS-2',
    enterpriseId: 'binjiang',
    zoneId: 'tank2',
    metric: 'combustibleLel',
    level: 'red',
    state: 'active',
    limitName: 'HH',
    limit: 50,
    limitSource: 'GB/T 50493-2019 第 5.5.2 条',
    value: 52.3,
    overRange: false,
    unit: '%LEL',
    latching: true,
    measuredAt: at,
    raisedAt: at,
    occurrences: 1,
    late: false,
    delayed: false,
    acknowledgedBy: null,
    acknowledgedAt: null,
    returnedAt: null,
    endedAt: null,
    message: { zh: '可燃气体浓度达到高高报', en: 'Combustible gas at HH' },
    guidance: [
      { zh: '通知现场撤离至上风向', en: 'Move people on site upwind' },
      { zh: '切断进料并关闭紧急切断阀', en: 'Stop the feed and close the emergency valve' },
      { zh: '联系企业技术负责人确认泄漏点', en: 'Call the technical lead to confirm the leak' },
    ],
    causes: [4711],
    ...given,
  }
}

const rule = {
  id: 'gas.combustible',
  type: 'threshold',
  metric: 'combustibleLel',
  applies: { kind: 'gas-detector' },
  latching: true,
  title: { zh: '可燃气体浓度', en: 'Combustible gas' },
  message: { zh: '可燃气体浓度达到{limitName}', en: 'Combustible gas at {limitName}' },
  source: 'GB/T 50493-2019 第 5.5.2 条',
  guidance: [],
  enabled: true,
  version: 3,
  origin: 'pack',
  limits: [
    { name: 'H', above: 25, level: 'yellow' },
    { name: 'HH', above: 50, level: 'red' },
  ],
  deadband: 2,
  onDelayMs: 0,
  offDelayMs: 30_000,
}

function answers(platform: FakePlatform): void {
  const admin = { id: 'u1', username: 'admin', role: 'admin', enterpriseId: null }
  platform.route('GET', '/session', () => ({
    body: {
      user: admin,
      mode: platform.mode,
      jurisdiction: platform.jurisdiction,
      zone: 'Asia/Shanghai',
      demo: false,
      version: '0.1.0',
    },
  }))
  platform.route('GET', '/rules', () => ({
    body: {
      rules: [rule],
      faults: [{ file: 'alerts/packs/site.yaml', line: 14, reason: 'limits: expected a list', since: platform.now }],
    },
  }))
  platform.route('GET', '/readings', ({ query }) => {
    const device = query.get('device') ?? ''
    const metric = query.get('metric') ?? ''
    const points: [number, number, string, string][] = []
    for (let at = platform.now - 15 * 60_000; at < platform.now; at += 10_000) {
      const minute = (at - platform.now) / 60_000
      if (minute > -9 && minute < -7.5) continue
      const value = minute < -3 ? 1.2 + Math.sin(minute * 3) * 0.6 : 1.2 + (minute + 3) * 17
      points.push([at, Math.round(value * 10) / 10, 'good', 'none'])
    }
    return { body: { series: [{ device, metric, points }] } }
  })
  platform.route('GET', '/alarms', () => {
    const day = Array.from({ length: 60 }, (_, n) => makeAlarm(platform.now - ((n * n * 24_371_000) % 86_000_000)))
    return { body: { alarms: day } }
  })
  platform.route('GET', '/risk/:id/history', ({ params }) => ({
    body: {
      changes: params[0]!.includes('tank2')
        ? [{ pos: 1, at: platform.now - 1_200_000, index: 31, colour: 'yellow', weightsVersion: 1, contributions: [] }]
        : [],
    },
  }))
  platform.route('GET', '/kpi', () => ({ body: { day: '2026-11-22', kpis: [...kpis] } }))
  platform.route('GET', '/alarms/:id/timeline', ({ params }) => {
    const alarm = platform.alarms.get(params[0]!)
    if (!alarm) return { body: { items: [] } }
    const change = (kind: string, at: number, by: string, comment: string | null = null) => ({
      pos: at,
      at,
      type: 'change',
      entry: { kind: 'alarm.changed', change: kind, alarm, causePos: 1, at, by, comment },
    })
    const push = { kind: 'push.sent', alarmId: alarm.id, alarmVersion: 1, channel: 'webhook', attempt: 1, detail: '200' }
    const items: unknown[] = [
      change('raised', alarm.raisedAt, 'platform'),
      { pos: 2, at: alarm.raisedAt + 400, type: 'push', entry: push },
    ]
    if (alarm.acknowledgedAt) items.push(change('acknowledged', alarm.acknowledgedAt, alarm.acknowledgedBy ?? '', '已通知现场'))
    return { body: { items } }
  })
  platform.route('POST', '/alarms/:id/:action', ({ params, body }) => {
    const alarm = platform.alarms.get(params[0]!)
    if (!alarm) return { status: 404, body: { error: { code: 'not-found', message: 'no such alarm' } } }
    if (body['version'] !== alarm.version) {
      const error = { code: 'stale-version', message: 'the alarm has changed', details: { alarm } }
      return { status: 409, body: { error } }
    }
    const acknowledged = params[1] === 'acknowledge'
    const next: Alarm = acknowledged
      ? { ...alarm, version: alarm.version + 1, state: 'acknowledged', acknowledgedBy: 'admin', acknowledgedAt: platform.now }
      : { ...alarm, version: params[1] === 'comment' ? alarm.version : alarm.version + 1 }
    platform.alarm(next)
    return { body: { alarm: next } }
  })
  platform.route('GET', '/alarms/received', () => ({ body: { received: [], people: {} } }))
  platform.route('GET', '/alarms/:id/ladder', ({ params }) => ({
    body: { alarmId: params[0], phase: 'off', taken: [], next: null, feedbackDueAt: null },
  }))
  platform.route('GET', '/demo', () => ({
    body: {
      story: { name: '气体泄漏', state: 'running', startedAt: platform.now - 40_000, step: 3, stepName: '泄漏升至高高报' },
    },
  }))
  platform.route('GET', '/enterprises', () => ({
    body: { enterprises: platform.enterprises.map((one) => ({ ...one, sector: '化工', retiredAt: null })) },
  }))
  platform.route('GET', '/sites', () => ({
    body: {
      sites: [{ id: 's1', enterpriseId: 'binjiang', name: '滨江厂区', latitude: 32.05, longitude: 118.7, retiredAt: null }],
    },
  }))
  platform.route('GET', '/zones', () => ({
    body: { zones: platform.zones.map((one) => ({ ...one, siteId: null, retiredAt: null })) },
  }))
  platform.route('GET', '/users', () => ({
    body: {
      users: [
        { id: 'u1', username: 'admin', role: 'admin', enterpriseId: null, disabled: false },
        { id: 'u2', username: 'zhangsan', role: 'duty', enterpriseId: null, disabled: false },
        { id: 'u3', username: 'lisi', role: 'viewer', enterpriseId: null, disabled: true },
      ],
    },
  }))
  platform.route('GET', '/devices', () => ({
    body: {
      devices: [...platform.devices.values()].map((device) => ({
        ...device,
        mode: 'live',
        attributes: device.kind === 'gas-detector' ? { substance: 'ch4' } : {},
        terminalPhone: null,
        unitAddress: null,
        serial: null,
        demo: false,
        createdAt: 0,
        retiredAt: null,
        readings: [],
      })),
    },
  }))
  platform.route('POST', '/devices', ({ body }) =>
    body['name'] === '坏'
      ? { status: 400, body: { error: { code: 'invalid', message: 'latitude must be ≤ 90', details: { field: 'latitude' } } } }
      : { body: { id: 'dev-new', token: 'wf_3nXyQe7bK1tR9uVw', ...body } },
  )
  platform.route('GET', '/quarantine', () => ({
    body: {
      total: 2,
      entries: [
        quarantined(1, platform.now, 'not-json', '{"combustibleLel":12.5,,"x":1}', 23, 'expected a key'),
        quarantined(2, platform.now - 60_000, 'not-utf8', '\u0000\u0001<img src=x onerror=alert(1)>\u00ff', 2, 'not UTF-8'),
      ],
    },
  }))
}

const kpi = (id: string, zh: string, en: string, value: number | null, of: number, atLeast: number | null) => ({
  id,
  name: { zh, en },
  says: { zh, en },
  formula: id.split('.')[1],
  value,
  numerator: value === null ? null : Math.round(value * of),
  denominator: value === null ? null : of,
  unknown: value === null ? { zh: '当日无数据', en: 'nothing known' } : null,
  target: atLeast === null ? null : { atLeast, from: '2026-01-01', source: '示例' },
  met: value === null || atLeast === null ? null : value >= atLeast,
  missing: [],
  missingCount: 0,
  source: '示例',
})
export const kpis = [
  kpi('device.online', '设备上线率', 'Devices online', 0.964, 100, 0.95),
  kpi('vehicle.valid', '车辆数据合规率', 'Valid vehicle data', 0.87, 10, 0.9),
  kpi('device.entered', '设备入网率', 'Devices entered', 1, 100, 0.98),
  kpi('enterprise.connected', '企业接入率', 'Enterprises connected', null, 4, 0.95),
]

const quarantined = (id: number, receivedAt: number, code: string, payload: string, position: number, message: string) => ({
  id,
  receivedAt,
  deviceId: 'GAS-2',
  enterpriseId: 'binjiang',
  source: 'device GAS-2',
  topic: 'v1/devices/me/telemetry',
  code,
  message,
  position,
  key: null,
  bytes: payload.length,
  payload: Buffer.from(payload, 'latin1').toString('base64'),
})
