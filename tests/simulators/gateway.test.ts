import { expect, test } from 'vitest'
import { ManualClock } from '../../core/clock.ts'
import { isGood } from '../../core/quality.ts'
import { readBlock } from '../../core/reading.ts'
import { readConnection } from '../../journal/codec.ts'
import { startSimulator } from '../../simulators/simulate.ts'
import { startDistrictGateway } from './district-gateway.ts'

test('the district speaks the gateway’s language: every reading it logs is journalled with its value, time and device, none in quarantine', async () => {
  const { journal, directory, gateway, url } = await startDistrictGateway()
  const now = Date.now()
  const clock = new ManualClock(now - 60_000)
  const history = { from: now - 2 * 3_600_000, to: now - 60_000 }
  const simulator = await startSimulator({ url, seed: 2, clock, timer: false, history })
  const backfilled = gateway.status().figures['watchfire_gateway_readings_total']!
  expect(backfilled).toBeGreaterThan(5_000)
  simulator.begin()
  for (let second = 0; second < 50; second++) {
    clock.advance(1_000)
    await simulator.advance()
  }
  expect(simulator.traffic.lost).toBe(0)
  expect(directory.registry.devices.size - 1).toBe(
    [...directory.registry.devices.keys()].filter((id) => gateway.isConnected(id)).length,
  )
  const logged = simulator.traffic
    .entries()
    .map(({ device, metric, measuredAt, value }) => `${device} ${metric} ${measuredAt} ${value}`)
  await simulator.stop()
  await gateway.stop()

  const { entries } = journal.read(1, Infinity)
  expect(entries.filter(({ kind }) => kind === 'quarantine').map(({ payload }) => Buffer.from(payload).toString())).toEqual([])
  const journalled = entries
    .filter(({ kind }) => kind === 'block')
    .flatMap(({ payload }) => {
      const block = readBlock(payload)
      expect(block.quality.every(isGood)).toBe(true)
      return Array.from({ length: block.count }, (_, row) => {
        const series = directory.series.get(block.series[row]!)!
        expect(series.mode).toBe('simulated')
        return `${series.device} ${series.metric} ${block.measuredAt[row]} ${block.value[row]}`
      })
    })
  expect(journalled).toHaveLength(backfilled + logged.length)
  expect(journalled.slice(backfilled).toSorted()).toEqual(logged.toSorted())
}, 30_000)

test('when the water gateway is lost, the platform sees it and its 12 hydrants go', async () => {
  const { journal, gateway, url } = await startDistrictGateway()
  const clock = new ManualClock(Date.now() - 300_000)
  const simulator = await startSimulator({ url, clock, timer: false })
  simulator.begin()
  clock.advance(105_000)
  await simulator.advance()
  expect(gateway.isConnected('HYD-30')).toBe(true)
  clock.advance(10_000)
  await simulator.advance()
  await expect.poll(() => gateway.isConnected('GW-WATER-2') || gateway.isConnected('HYD-30')).toBe(false)
  await expect
    .poll(() => {
      const changes = journal
        .read(1, Infinity)
        .entries.filter(({ kind }) => kind === 'connection')
        .map(readConnection)
      return changes.filter(({ connected }) => !connected).length
    })
    .toBe(13)
  await simulator.stop()
  await gateway.stop()
})
