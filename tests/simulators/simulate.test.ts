import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ManualClock } from '../../core/clock.ts'
import { startSimulator, type SimulatorOptions } from '../../simulators/simulate.ts'
import { TrafficLog } from '../../simulators/traffic-log.ts'
import { startBroker, valuesOf, type Broker } from './broker.ts'

const NOON = Date.UTC(2026, 10, 22, 4)
let broker: Broker
beforeEach(async () => void (broker = await startBroker()))
afterEach(() => broker.stop())

const simulator = (more: Partial<SimulatorOptions> = {}, clock = new ManualClock(NOON)) =>
  startSimulator({ url: broker.url, seed: 5, clock, timer: false, ...more }).then((sim) => ({ sim, clock }))

async function pass(sim: { advance(): Promise<void> }, clock: ManualClock, seconds: number): Promise<void> {
  for (let i = 0; i < seconds * 2; i++) {
    clock.advance(500)
    await sim.advance()
  }
}

test('every reading the broker acknowledged is in the simulator’s log with value and time, and nothing else is', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'watchfire-')), 'traffic.jsonl')
  const { sim, clock } = await simulator({ traffic: new TrafficLog({ file }) })
  await pass(sim, clock, 10)
  sim.begin()
  await pass(sim, clock, 60)
  await sim.stop()
  const own = new Map(sim.fleet.channels.map(({ token, deviceId }) => [token, deviceId]))
  const key = (device: string, metric: string, ts: number, value: number) => `${device} ${metric} ${ts} ${value}`
  const arrived = valuesOf(broker.received).map(({ who, metric, ts, value }) => key(own.get(who) ?? who, metric, ts, value))
  const logged = sim.traffic.entries().map(({ device, metric, measuredAt, value }) => key(device, metric, measuredAt, value))
  expect(arrived.length).toBeGreaterThan(2_500)
  expect(new Set(arrived).size).toBe(arrived.length)
  expect(arrived.toSorted()).toEqual(logged.toSorted())
  expect(sim.traffic).toMatchObject({ published: arrived.length, acknowledged: arrived.length, lost: 0 })
  expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(arrived.length)
  expect(sim.traffic.latest('GAS-A03', 'combustibleLel')!.value).toBeGreaterThan(20)
})

test('the story waits for the first viewer, runs its steps once, and starts again from the beginning when told to', async () => {
  const { sim, clock } = await simulator()
  const name = '储罐区泄漏 · Leak in the tank area'
  await pass(sim, clock, 5)
  expect(sim.state()).toEqual({ name, state: 'waiting', startedAt: null, step: -1, stepName: '', stepId: 'waiting' })
  sim.begin()
  const startedAt = clock.now()
  clock.advance(25_000)
  sim.begin()
  expect(sim.state()).toEqual({ name, state: 'running', startedAt, step: 1, stepName: '气体泄漏 · Gas leak', stepId: 'gas-leak' })
  clock.advance(300_000)
  expect(sim.state()).toMatchObject({ state: 'done', stepId: 'over' })
  sim.restart()
  expect(sim.state()).toMatchObject({ state: 'running', step: 0, stepId: 'calm', startedAt: clock.now() })
  await sim.stop()
})

test('a story that starts over moves no vehicle: each drives on from where it is', async () => {
  const { sim, clock } = await simulator()
  const trucks = sim.fleet.channels.flatMap(({ units }) => units).filter(({ kind }) => kind === 'vehicle')
  const places = () =>
    trucks.map(({ id }) => ['latitude', 'longitude'].map((metric) => sim.traffic.latest(id, metric)!.value * 111_000))
  sim.begin()
  await pass(sim, clock, 200)
  const before = places()
  sim.restart()
  await pass(sim, clock, 2)
  await sim.stop()
  for (const [i, [north, east]] of places().entries())
    expect(Math.hypot(north! - before[i]![0]!, east! - before[i]![1]!), trucks[i]!.id).toBeLessThan(100)
})

test('two runs with one seed at different hours say the same at the same time of the story', async () => {
  const tell = async (from: number) => {
    broker.received.length = 0
    const { sim, clock } = await simulator({}, new ManualClock(from))
    sim.restart()
    const startedAt = clock.now()
    await pass(sim, clock, 30)
    await sim.stop()
    const told = valuesOf(broker.received).map(({ who, metric, ts, value }) => `${ts - startedAt} ${who} ${metric} ${value}`)
    return told.toSorted()
  }
  const first = await tell(NOON)
  expect(first.length).toBeGreaterThan(1_000)
  expect(await tell(NOON + 7_777_777)).toEqual(first)
})

test('the water gateway’s line is cut and comes back; meanwhile nothing is said for its hydrants', async () => {
  const { sim, clock } = await simulator()
  const water = 'sim-GW-WATER-2'
  sim.restart()
  clock.advance(108_000)
  await sim.advance()
  expect(broker.connected.has(water)).toBe(true)
  await pass(sim, clock, 4)
  await vi.waitFor(() => expect(broker.connected.has(water)).toBe(false))
  expect(broker.connected.size).toBe(sim.fleet.channels.length - 1)
  broker.received.length = 0
  await pass(sim, clock, 60)
  expect(valuesOf(broker.received).filter(({ who }) => who === 'HYD-25')).toEqual([])
  clock.advance(45_000)
  await sim.advance()
  await vi.waitFor(() => expect(broker.connected.has(water)).toBe(true))
  await vi.waitFor(() =>
    expect(broker.received.filter(({ client, topic }) => client === water && topic === 'v1/gateway/connect')).toHaveLength(12),
  )
  await pass(sim, clock, 11)
  expect(valuesOf(broker.received).filter(({ who }) => who === 'HYD-25').length).toBeGreaterThan(0)
  await sim.stop()
})

test('history is acknowledged before anything live is said', async () => {
  const { sim, clock } = await simulator({ history: { from: NOON - 86_400_000, to: NOON } })
  const past = valuesOf(broker.received)
  expect(past.length).toBeGreaterThan(50_000)
  expect(past.every(({ ts }) => ts < NOON)).toBe(true)
  const newest = new Map<string, number>()
  for (const { who, metric, ts } of past) {
    expect(ts).toBeGreaterThan(newest.get(`${who}/${metric}`) ?? 0)
    newest.set(`${who}/${metric}`, ts)
  }
  await pass(sim, clock, 3)
  expect(
    valuesOf(broker.received)
      .slice(past.length)
      .every(({ ts }) => ts >= NOON),
  ).toBe(true)
  await sim.stop()
})
