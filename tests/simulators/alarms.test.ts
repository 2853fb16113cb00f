import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ManualClock } from '../../core/clock.ts'
import type { AlarmChangeEntry } from '../../core/record.ts'
import { Engine } from '../../alerts/engine.ts'
import { packChanges, readPacks } from '../../alerts/packs.ts'
import { recordDraft } from '../../journal/codec.ts'
import { startSimulator } from '../../simulators/simulate.ts'
import { startDistrictGateway } from './district-gateway.ts'

const NOON = Date.UTC(2026, 10, 22, 4)
const DAY = 86_400_000

/** District, gateway and the alarm engine with the rules that ship, on one clock that moves when told to. */
async function startDistrict(historyDays: number) {
  const clock = new ManualClock(NOON)
  const { journal, gateway, url } = await startDistrictGateway(clock)
  const packs = readPacks([join(import.meta.dirname, '../../alerts/packs')], new Map())
  expect(packs.faults).toEqual([])
  await journal.append([
    recordDraft({ kind: 'platform.started', version: 'test', mode: 'simulated' }),
    ...packChanges(packs, []).map(({ key, entry }) => recordDraft(entry, key)),
  ])
  const engine = new Engine()
  let pos = 1
  const changes: AlarmChangeEntry[] = []
  const judge = () => {
    const batch = journal.read(pos, Infinity)
    for (const entry of batch.entries) engine.apply(entry)
    engine.advance(clock.now())
    pos = batch.next
    for (const { entry } of engine.take()) if (entry.kind === 'alarm.changed') changes.push(entry)
  }
  const simulator = await startSimulator({
    url,
    clock,
    timer: false,
    ...(historyDays > 0 && { history: { from: NOON - historyDays * DAY, to: NOON } }),
  })
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1_000)
      await simulator.advance()
      judge()
    }
  }
  const stop = async () => {
    await simulator.stop()
    await gateway.stop()
  }
  return { clock, simulator, engine, changes, judge, pass, stop }
}

test('seven days of history and two quiet minutes raise no alarm', async () => {
  const { engine, changes, judge, pass, stop } = await startDistrict(7)
  judge()
  expect(engine.figures.readings).toBeGreaterThan(400_000)
  expect(engine.figures.late).toBe(0)
  await pass(120)
  expect(changes.map(({ change, alarm }) => `${alarm.deviceId} ${alarm.ruleId} ${change}`)).toEqual([])
  await stop()
}, 60_000)

test('the story raises the leak through H and HH, its neighbour, the smoke alarm and the silence of the gateway and its 12 hydrants, and each returns', async () => {
  const { clock, simulator, changes, pass, stop } = await startDistrict(0)
  await pass(15)
  simulator.begin()
  const begun = clock.now()
  await pass(175)
  const told = (device: string) =>
    changes
      .filter(({ alarm }) => alarm.deviceId === device)
      .map(({ change, alarm, at }) => ({
        change,
        level: alarm.level,
        limit: alarm.limitName,
        second: Math.round((at - begun) / 1_000),
      }))
  const [raised, level] = told('GAS-A03')
  expect(raised).toMatchObject({ change: 'raised', level: 'yellow', limit: 'H' })
  expect(level).toMatchObject({ change: 'level', level: 'red', limit: 'HH' })
  expect(level!.second).toBeLessThan(80)
  // The second detector of the area makes it certain: a red of its own.
  expect(told('GAS-A04')).toMatchObject([
    { change: 'raised', level: 'yellow', limit: 'H' },
    { change: 'raised', level: 'red', limit: null },
  ])
  expect(told('SMK-34')).toEqual([{ change: 'raised', level: 'orange', limit: null, second: 85 }])
  // One alarm for the gateway; its own silence and that of what it carries are explained by it.
  const cause = changes.filter(({ alarm }) => alarm.ruleId === 'cause.gateway')
  expect(cause[0]).toMatchObject({ change: 'raised', alarm: { deviceId: 'GW-WATER-2' } })
  expect(cause.at(-1)).toMatchObject({ change: 'explains', alarm: { explains: { source: 'GW-WATER-2', devices: 13 } } })
  expect(changes.filter(({ alarm }) => alarm.ruleId === 'device.silent')).toEqual([])

  await pass(10)
  expect(new Set(changes.map(({ alarm }) => alarm.deviceId)).size).toBe(4)
  // The gateway's line comes back over a real socket, which knows nothing of the clock.
  for (let tries = 0; simulator.state().state === 'running' && tries < 200; tries++) {
    await pass(1)
    if (simulator.status().figures['watchfire_simulated_connections_away']! > 0) await new Promise((done) => setTimeout(done, 5))
  }
  // A vote counts for five minutes.
  await pass(320)
  expect(simulator.state().state).toBe('done')
  const lastOf = new Map(changes.map(({ alarm }) => [`${alarm.deviceId} ${alarm.ruleId}`, alarm.state]))
  expect(Object.fromEntries(lastOf)).toEqual({
    'GAS-A03 gas.combustible': 'returned',
    'GAS-A04 gas.combustible': 'returned',
    'GAS-A04 gas.second-detector': 'returned',
    'SMK-34 fire.alarm': 'returned',
    'GW-WATER-2 cause.gateway': 'returned',
  })
  await stop()
}, 60_000)
