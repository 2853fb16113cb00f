import { randomBytes } from 'node:crypto'
import { fromLocal, toLocal } from '../core/local-time.ts'
import type { Log } from '../core/log.ts'
import { REGION } from './district.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const SHIFT_MS = 8 * HOUR_MS
const ROSTER_DAYS = 8

type Office = { url: string; log: Log; zone: string; now?: () => number }
type Named = { username: string; name: string; role: string; enterpriseId?: string; position?: string }

/** No telephone number begins with 990101: whoever copies one from the demo reaches nobody. */
const phone = (n: number) => `990101${String(n).padStart(4, '0')}`

const people: Named[] = [
  { username: 'shen.ning', name: '沈宁', role: 'duty' },
  { username: 'lu.shou', name: '陆守', role: 'duty' },
  { username: 'he.wang', name: '何望', role: 'duty' },
  { username: 'gu.ming', name: '顾明', role: 'duty' },
  { username: 'cheng.li', name: '程立', role: 'supervisor' },
  { username: 'jiang.min', name: '江敏', role: 'supervisor' },
  { username: 'a.head', name: '石泰', role: 'enterprise', enterpriseId: 'PLANT-A', position: 'head' },
  { username: 'a.operation', name: '石勤', role: 'enterprise', enterpriseId: 'PLANT-A', position: 'operation' },
  { username: 'b.operation', name: '禾安', role: 'enterprise', enterpriseId: 'PLANT-B', position: 'operation' },
]

type Wanted = {
  source: 'self-check' | 'inspection'
  enterpriseId: string
  place: string
  description: string
  category: string
  /** responsible unit, measures, yuan, days it may take, plan */
  fields?: [unit: string, measures: string, yuan: number, days: number, plan: string]
  steps: [step: string, by: string, details?: object][]
  notice?: string
}
const hazards: Wanted[] = [
  {
    source: 'self-check',
    enterpriseId: 'PLANT-C',
    place: '炼钢车间南门',
    description: '疏散通道堆放废料，宽度不足 1.4 m',
    category: 'fire',
    steps: [],
  },
  {
    source: 'inspection',
    enterpriseId: 'PLANT-B',
    place: '氨罐区喷淋泵房',
    description: '喷淋泵故障停用，罐区喷淋压力为零',
    category: 'chemicals',
    fields: ['设备部', '更换喷淋泵，恢复自动启动，满负荷试验两次', 86_000, 14, '修复前停止氨卸车作业，消防车现场值守'],
    steps: [
      ['register', 'cheng.li'],
      ['grade', 'cheng.li', { level: 'major' }],
      ['confirm', 'cheng.li'],
      ['list', 'cheng.li'],
      ['assign', 'cheng.li'],
      ['book', 'cheng.li'],
      ['supervise', 'jiang.min', { listing: 'county' }],
      ['treat', 'b.operation'],
    ],
    notice: '云汐示范区应急管理局',
  },
  {
    source: 'self-check',
    enterpriseId: 'PLANT-A',
    place: '储罐区',
    description: '3 号可燃气体探测器防雨罩脱落，探头有锈',
    category: 'monitoring',
    fields: ['仪表班', '更换防雨罩和探头，标准气标定并留存记录', 2_400, 7, '更换期间每两小时便携检测一次'],
    steps: [
      ['register', 'cheng.li'],
      ['grade', 'cheng.li', { level: 'general' }],
      ['treat', 'a.operation'],
      ['report', 'a.operation', { comment: '已更换并标定' }],
    ],
  },
  {
    source: 'inspection',
    enterpriseId: 'PLANT-A',
    place: '装置区 2 号消防栓',
    description: '消火栓箱内水带缺失一盘',
    category: 'fire',
    fields: ['安全部', '补齐水带并逐箱清点', 600, 3, '邻近两箱水带先行调用'],
    steps: [
      ['register', 'cheng.li'],
      ['grade', 'cheng.li', { level: 'general' }],
      ['treat', 'a.operation'],
      ['report', 'a.operation', { comment: '全厂 46 箱已清点' }],
      ['verify', 'shen.ning', { comment: '现场抽查 10 箱，齐全' }],
      ['write-off', 'jiang.min'],
    ],
  },
]

const regions = [
  { code: '990000', zh: '示例省', en: 'Sample province' },
  { code: '990100', zh: '示例市', en: 'Sample city' },
  { code: REGION, zh: '云汐示范区', en: 'Yunxi demo county' },
]
/** Who answers for a line of business; null: the place's own. */
const departments: [sector: string | null, zh: string, en: string, people: string[]][] = [
  [null, '云汐示范区应急管理局', 'Emergency management bureau', ['cheng.li', 'jiang.min']],
  ['危险化学品', '应急管理局危化科', 'Bureau, hazardous chemicals', ['cheng.li']],
  ['冶金', '应急管理局工贸科', 'Bureau, industry', ['cheng.li']],
  ['道路运输', '交通运输局', 'Transport bureau', ['jiang.min']],
  ['商贸', '商务局', 'Commerce bureau', ['jiang.min']],
  ['城镇供水', '水务局', 'Water bureau', ['jiang.min']],
  ['其他', '应急管理局综合科', 'Bureau, general', ['cheng.li']],
]

/**
 * The county office of the demo: people, a roster, hazards on their way. All of it goes through the API, entered by whoever would enter it;
 * what is there already stays. Nobody knows the passwords: they are drawn here and forgotten.
 */
export async function enterOffice({ url, log, zone, now = Date.now }: Office): Promise<void> {
  const ask = askerOf(`${url}/api/v1`)
  const { users } = await ask<{ users: { id: string; username: string }[] }>(null, 'GET', '/users')
  const ids = new Map(users.map(({ username, id }) => [username, id]))
  if (people.some(({ username }) => !ids.has(username))) {
    const tokens = await enterPeople(ask, ids)
    await ask(null, 'PUT', '/regions', { regions })
    for (const [sector, zh, en, members] of departments) {
      const personIds = members.map((username) => ids.get(username)!)
      await ask(null, 'POST', '/departments', { sector, region: REGION, zh, en, personIds })
    }
    for (const wanted of hazards) await enterHazard(ask, wanted, tokens, now())
  }
  const { duty } = await ask<{ duty: object | null }>(null, 'GET', `/duty/now?region=${REGION}`)
  if (!duty) await ask(null, 'POST', '/roster', { shifts: shiftsFrom(now(), zone, (username) => ids.get(username)!) })
  log.info('demo: the office has its people, roster and hazards')
}

type Ask = <T = unknown>(token: string | null, method: string, path: string, body?: object) => Promise<T>

/** Without a token it is the demo's own person. */
function askerOf(base: string): Ask {
  return async <T>(token: string | null, method: string, path: string, body?: object) => {
    const response = await fetch(base + path, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const answer = (await response.json()) as T
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${JSON.stringify(answer)}`)
    return answer
  }
}

/** Adds who is missing; answers with a token for each of those. */
async function enterPeople(ask: Ask, ids: Map<string, string>): Promise<Map<string, string>> {
  const tokens = new Map<string, string>()
  for (const [n, { username, name, role, enterpriseId, position }] of people.entries()) {
    if (ids.has(username)) continue
    const password = randomBytes(24).toString('base64url')
    const { id } = await ask<{ id: string }>(null, 'POST', '/users', {
      ...{ username, password, role },
      ...(enterpriseId === undefined ? { regions: [REGION] } : { enterpriseId }),
    })
    ids.set(username, id)
    await ask(null, 'PATCH', `/users/${id}`, { contact: { name, phone: phone(n + 1), ...(position && { position }) } })
    const { token } = await ask<{ token: string }>(null, 'POST', '/session', { username, password })
    tokens.set(username, token)
  }
  return tokens
}

type Answer = { hazard: { id: string; version: number } }

async function enterHazard(ask: Ask, wanted: Wanted, tokens: Map<string, string>, now: number): Promise<void> {
  const { source, enterpriseId, place, description, category, steps, notice } = wanted
  const finder = source === 'self-check' ? (tokens.get(`${enterpriseId.slice(-1).toLowerCase()}.operation`) ?? null) : null
  const fields = wanted.fields && fieldsOf(wanted.fields, now)
  const body = { source, enterpriseId, place, description, category, ...(fields && { fields }) }
  let { hazard } = await ask<Answer>(finder, 'POST', '/hazards', body)
  for (const [step, by, details] of steps) {
    const taken = { version: hazard.version, ...details }
    hazard = (await ask<Answer>(tokens.get(by) ?? null, 'POST', `/hazards/${hazard.id}/${step}`, taken)).hazard
  }
  if (notice === undefined) return
  await ask(tokens.get('cheng.li') ?? null, 'POST', `/hazards/${hazard.id}/notices`, {
    ...{ version: hazard.version, kind: 'rectify', unit: notice },
  })
}

function fieldsOf([unit, measures, yuan, days, plan]: NonNullable<Wanted['fields']>, now: number) {
  const funds = { yuan, source: '企业安全费用' }
  return { responsible: { unit }, measures, funds, deadline: now + days * DAY_MS, plan }
}

/** Three shifts a day from the one that runs now; the desks change every shift, the leaders every day. */
function shiftsFrom(now: number, zone: string, id: (username: string) => string) {
  const local = toLocal(now, zone)
  const first = local - (local % SHIFT_MS)
  const desks = [
    ['shen.ning', 'lu.shou'],
    ['he.wang', 'gu.ming'],
    ['lu.shou', 'he.wang'],
    ['gu.ming', 'shen.ning'],
  ] as const
  return Array.from({ length: (ROSTER_DAYS * DAY_MS) / SHIFT_MS }, (_, n) => {
    const from = first + n * SHIFT_MS
    const [duty1, duty2] = desks[n % desks.length]!
    const leads =
      Math.floor(from / DAY_MS) % 2 === 0 ? (['cheng.li', 'jiang.min'] as const) : (['jiang.min', 'cheng.li'] as const)
    return {
      region: REGION,
      from: fromLocal(from, zone),
      to: fromLocal(from + SHIFT_MS, zone),
      people: { duty1: id(duty1), duty2: id(duty2), shiftLeader: id(leads[0]), dutyLeader: id(leads[1]) },
    }
  })
}
