import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import { verifyChain, verifyHeads } from '../../journal/seal.ts'
import { FORMAT } from '../../operate/data-dir.ts'
import { unpackDataDir } from '../fixtures/data-dir.ts'
import { startProcess } from './platform-process.ts'

const fixtures = readdirSync(join(import.meta.dirname, '../fixtures')).filter(
  (name) => name.startsWith('data-dir-v') && !name.endsWith('.ts'),
)

for (const name of fixtures) {
  test(`${name}: a data folder of that time opens today, with every reading, alarm and device of then`, async () => {
    const { dataDir, expected } = unpackDataDir(name)
    // As old as the fixture may be, nothing of it is to be removed by age.
    const env = { WATCHFIRE_HISTORY_DAYS: '36500', WATCHFIRE_JOURNAL_MAX_DAYS: '3650' }
    const platform = await startProcess({ dataDir, env })
    try {
      for (const [device, readings] of Object.entries(expected.readings)) {
        const query = `device=${device}&metric=combustibleLel&from=0&to=4102444800000`
        const { series } = await platform.call<{ series: { points: [number, number][] }[] }>('GET', `/api/v1/readings?${query}`)
        expect(series[0]!.points).toEqual(readings.toSorted(([a], [b]) => a - b))
      }
      const { alarms } = await platform.call<{ alarms: Alarm[] }>('GET', '/api/v1/alarms?limit=1000')
      for (const alarm of expected.alarms) {
        expect(alarms).toContainEqual(expect.objectContaining(alarm))
        const { items } = await platform.call<{ items: { entry: { comment?: string } }[] }>(
          'GET',
          `/api/v1/alarms/${alarm.id}/timeline`,
        )
        expect(items.map(({ entry }) => entry.comment)).toContain('已派人')
      }
      const { devices } = await platform.call<{ devices: object[] }>('GET', '/api/v1/devices')
      expect(devices.length).toBe(expected.devices)
    } finally {
      await platform.kill('SIGTERM')
    }
    expect(JSON.parse(readFileSync(join(dataDir, 'format.json'), 'utf8'))).toMatchObject({ format: FORMAT })
    expect(verifyChain(join(dataDir, 'journal')).brokenAt).toBeNull()
    expect(verifyHeads(dataDir).every(({ signed, stands }) => signed && stands)).toBe(true)
    rmSync(dataDir, { recursive: true })
  })
}
