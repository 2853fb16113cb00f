import type { Alarm } from '../../core/alarm.ts'
import type { PlatformProcess } from '../flow/platform-process.ts'
import { expectedAlarms, RULE, type Acknowledged, type ExpectedAlarm } from './expected-alarms.ts'
import { METRIC, type ChaosDevice } from './fleet.ts'

/** What is wrong with what a restarted platform shows, against what was acknowledged. All zero is right. */
export type Verdict = {
  stored: number
  alarms: number
  /** acknowledged and not stored */
  lostReadings: number
  /** stored twice, stored with another value, or stored though never sent */
  wrongReadings: number
  lostAlarms: number
  /** alarms or changes of alarms that do not follow from the stored readings */
  doubledAlarms: number
  /** alarms whose identity or times are not what they were before */
  retimedAlarms: number
  /** missing at the first look after `ready`, there within 10 s */
  late: number
  examples: string[]
}

type Remembered = Pick<Alarm, 'id' | 'measuredAt' | 'raisedAt' | 'ruleVersion'>
type Item = { type: string; entry: { change?: string; at?: number; alarm?: Alarm } }

/** The test's own memory of everything it was told, kept over all rounds. */
export class Witness {
  readonly acknowledged = new Map<string, Acknowledged[]>()
  /** acknowledgements answered with 200 in the middle of the load: alarm and the version it then had */
  readonly answered: { alarmId: string; version: number }[] = []
  #alarms = new Map<string, Remembered>()
  #devices: ChaosDevice[]
  /** devices whose alarms were acknowledged while readings came: the exact order is the platform's secret */
  #attended: ReadonlySet<string>

  constructor(devices: ChaosDevice[], attended: ReadonlySet<string>) {
    this.#devices = devices
    this.#attended = attended
  }

  /** Looks at once; if anything is missing looks again until it is there or 10 s are over. */
  async compare(platform: PlatformProcess, from: number): Promise<Verdict> {
    const first = await this.#look(platform, from)
    let now = first
    for (const end = performance.now() + 10_000; missing(now) > 0 && performance.now() < end;) {
      await new Promise((resolve) => setTimeout(resolve, 250))
      now = await this.#look(platform, from)
    }
    now.late = missing(first) - missing(now)
    return now
  }

  async #look(platform: PlatformProcess, from: number): Promise<Verdict> {
    const verdict: Verdict = {
      stored: 0,
      alarms: 0,
      lostReadings: 0,
      wrongReadings: 0,
      lostAlarms: 0,
      doubledAlarms: 0,
      retimedAlarms: 0,
      late: 0,
      examples: [],
    }
    const queue = [...this.#devices]
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let device = queue.pop(); device; device = queue.pop()) await this.#lookAt(platform, device, from, verdict)
      }),
    )
    await this.#acknowledgements(platform, verdict)
    return verdict
  }

  async #lookAt(platform: PlatformProcess, device: ChaosDevice, from: number, verdict: Verdict): Promise<void> {
    const stored = await storedReadings(platform, device.id, 0)
    verdict.stored += stored.length
    this.#compareReadings(
      device,
      stored.filter(([at]) => at >= from),
      from,
      verdict,
    )
    const alarms = (await alarmsOf(platform, device.id)).toSorted((a, b) => a.measuredAt - b.measuredAt)
    verdict.alarms += alarms.length
    this.#compareIdentity(alarms, verdict)
    const values = new Map(stored)
    if (this.#attended.has(device.id)) {
      const open = alarms.filter(({ state }) => state !== 'normal').length
      if (open > 1) wrong(verdict, 'doubledAlarms', open - 1, `${device.id} has ${open} open alarms`)
      for (const { measuredAt, id } of alarms) {
        if (!((values.get(measuredAt) ?? 0) >= 25)) wrong(verdict, 'doubledAlarms', 1, `alarm ${id} is of no stored reading`)
      }
      return
    }
    const expected = expectedAlarms(stored, this.acknowledged.get(device.id) ?? [])
    await this.#compareAlarms(platform, device, alarms, expected, from, verdict)
  }

  #compareReadings(device: ChaosDevice, stored: [number, number][], from: number, verdict: Verdict): void {
    const seen = new Map<number, number>()
    for (const [at, value] of stored) {
      if (seen.has(at)) wrong(verdict, 'wrongReadings', 1, `${device.id} at ${at} is stored twice`)
      else if (device.sent.get(at) !== value)
        wrong(verdict, 'wrongReadings', 1, `${device.id} at ${at} is ${value}, sent was ${device.sent.get(at)}`)
      seen.set(at, value)
    }
    for (const at of device.acked) {
      if (at >= from && !seen.has(at))
        wrong(verdict, 'lostReadings', 1, `${device.id} at ${at} was acknowledged and is not stored`)
    }
  }

  #compareIdentity(alarms: Alarm[], verdict: Verdict): void {
    for (const { id, measuredAt, raisedAt, ruleVersion } of alarms) {
      const before = this.#alarms.get(id)
      if (before && (before.measuredAt !== measuredAt || before.raisedAt !== raisedAt || before.ruleVersion !== ruleVersion)) {
        wrong(
          verdict,
          'retimedAlarms',
          1,
          `alarm ${id} was ${JSON.stringify(before)}, is ${JSON.stringify({ measuredAt, raisedAt })}`,
        )
      }
      this.#alarms.set(id, { id, measuredAt, raisedAt, ruleVersion })
    }
    for (const id of alarms.map(({ id }) => id)) {
      if (alarms.filter((alarm) => alarm.id === id).length > 1) wrong(verdict, 'doubledAlarms', 1, `alarm ${id} is listed twice`)
    }
  }

  async #compareAlarms(
    platform: PlatformProcess,
    device: ChaosDevice,
    alarms: Alarm[],
    expected: ExpectedAlarm[],
    from: number,
    verdict: Verdict,
  ): Promise<void> {
    for (const { measuredAt } of expected) {
      if (!alarms.some((alarm) => alarm.measuredAt === measuredAt))
        wrong(verdict, 'lostAlarms', 1, `${device.id}: no alarm of ${measuredAt}`)
    }
    const raised = new Set<number>()
    for (const alarm of alarms) {
      const twin = expected.find(({ measuredAt }) => measuredAt === alarm.measuredAt)
      if (!twin || raised.has(alarm.measuredAt)) {
        wrong(
          verdict,
          'doubledAlarms',
          1,
          `${device.id}: alarm ${alarm.id} of ${alarm.measuredAt} does not follow from the readings`,
        )
        continue
      }
      raised.add(alarm.measuredAt)
      const touched = twin.changes.some(({ at }) => at === null || at >= from)
      if (!touched) continue
      const should = twin.changes.map(({ change, at, level }) => `${change} ${at ?? ''} ${level}`)
      const does = (await timelineOf(platform, alarm.id)).map(
        ({ entry: { change, at, alarm } }) => `${change} ${change === 'acknowledged' ? '' : at} ${alarm?.level}`,
      )
      const lost = should.filter((text, i) => does[i] !== text && !does.includes(text)).length
      const extra = does.length - (should.length - lost)
      const apart = should.findIndex((text, i) => does[i] !== text)
      if (lost > 0) wrong(verdict, 'lostAlarms', lost, `alarm ${alarm.id}: should be «${should[apart]}», is «${does[apart]}»`)
      if (extra > 0)
        wrong(
          verdict,
          'doubledAlarms',
          extra,
          `alarm ${alarm.id} has ${extra} changes too many: «${does[apart < 0 ? should.length : apart]}»`,
        )
      if (lost === 0 && extra === 0 && apart >= 0)
        wrong(verdict, 'retimedAlarms', 1, `alarm ${alarm.id}: changes are out of order`)
    }
  }

  /** Every acknowledgement answered with 200 is in its alarm's timeline, once. */
  async #acknowledgements(platform: PlatformProcess, verdict: Verdict): Promise<void> {
    for (const { alarmId, version } of this.answered) {
      const timeline = await timelineOf(platform, alarmId)
      const found = timeline.filter(({ entry }) => entry.change === 'acknowledged' && entry.alarm?.version === version).length
      if (found === 0) wrong(verdict, 'lostAlarms', 1, `acknowledgement of alarm ${alarmId} (version ${version}) is lost`)
      if (found > 1) wrong(verdict, 'doubledAlarms', found - 1, `acknowledgement of alarm ${alarmId} is recorded ${found} times`)
    }
  }
}

const missing = ({ lostReadings, lostAlarms }: Verdict) => lostReadings + lostAlarms
export const isRight = (verdict: Verdict) =>
  verdict.lostReadings + verdict.wrongReadings + verdict.lostAlarms + verdict.doubledAlarms + verdict.retimedAlarms === 0

function wrong(
  verdict: Verdict,
  what: 'lostReadings' | 'wrongReadings' | 'lostAlarms' | 'doubledAlarms' | 'retimedAlarms',
  count: number,
  example: string,
) {
  verdict[what] += count
  if (verdict.examples.length < 8) verdict.examples.push(example)
}

type ReadingsPage = { series: { metric: string; points: [number, number][] }[]; next?: string }

export async function storedReadings(platform: PlatformProcess, device: string, from: number): Promise<[number, number][]> {
  const points: [number, number][] = []
  for (let next = ''; ;) {
    const query = `device=${device}&metric=${METRIC}&from=${from}&to=4102444800000${next === '' ? '' : `&cursor=${encodeURIComponent(next)}`}`
    const page = await whenCaughtUp<ReadingsPage>(platform, `/api/v1/readings?${query}`)
    // The device itself is gone: so is everything it was acknowledged.
    if (!page) return points
    for (const series of page.series) points.push(...series.points)
    if (!page.next) return points
    next = page.next
  }
}

/** 503 means that the platform is still reading in what was acknowledged, and says so instead of showing half of it. */
async function whenCaughtUp<T>(platform: PlatformProcess, path: string): Promise<T | null> {
  const headers = { authorization: `Bearer ${await platform.token()}` }
  for (let attempt = 0; ; attempt++) {
    const { status, body } = await platform.ask('GET', path, undefined, headers)
    if (status === 200) return body
    if (status === 404) return null
    if (status !== 503 || attempt > 15) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`)
  }
}

export async function alarmsOf(platform: PlatformProcess, device: string): Promise<Alarm[]> {
  const alarms: Alarm[] = []
  for (let next = ''; ;) {
    const path = `/api/v1/alarms?device=${device}${next === '' ? '' : `&cursor=${encodeURIComponent(next)}`}`
    const page = await platform.call<{ alarms: Alarm[]; next?: string }>('GET', path)
    alarms.push(...page.alarms.filter(({ ruleId }) => ruleId === RULE.id))
    if (!page.next) return alarms
    next = page.next
  }
}

const timelineOf = async (platform: PlatformProcess, alarmId: string) => {
  const { items } = await platform.call<{ items: Item[] }>('GET', `/api/v1/alarms/${alarmId}/timeline`)
  return items.filter(({ type }) => type === 'change')
}
