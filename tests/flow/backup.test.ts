import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backup, restore } from '../../backup.ts'
import { verifyChain } from '../../journal/seal.ts'
import { startProcess, temporaryDir, type PlatformProcess } from './platform-process.ts'

let platform: PlatformProcess
let device: { id: string; token: string }
const folder = temporaryDir()
const copy = join(folder, 'copy')

beforeAll(async () => {
  platform = await startProcess({ keep: true })
  const { id } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', { name: '备份厂', region: '370102' })
  device = await platform.call('POST', '/api/v1/devices', { enterpriseId: id, kind: 'gas-detector', name: 'GAS-01' })
})
afterAll(async () => {
  await platform?.kill()
  for (const dir of [folder, platform.dataDir]) rmSync(dir, { recursive: true, force: true })
})

test(
  'a backup under load, restored after a kill, has every reading acknowledged before it began',
  { timeout: 120_000 },
  async () => {
    const client = await mqtt.connectAsync(platform.mqtt, { username: device.token, reconnectPeriod: 0 })
    const acknowledged: number[] = []
    const started = Date.now() - 3_600_000
    let sending = true
    const load = (async () => {
      for (let i = 0; sending; i += 20) {
        const values = Array.from({ length: 20 }, (_, n) => ({ ts: started + i + n, values: { combustibleLel: (i + n) % 60 } }))
        await client.publishAsync('v1/devices/me/telemetry', JSON.stringify(values), { qos: 1 })
        acknowledged.push(...values.map(({ ts }) => ts))
      }
    })().catch(() => undefined)
    await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(5_000)

    const before = [...acknowledged]
    const alarms = await platform.call<{ alarms: { id: string }[] }>('GET', '/api/v1/alarms')
    const manifest = await backup(platform.dataDir, copy)
    expect(manifest.files.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['format.json', 'history.db', 'people.db', 'quarantine.db', 'state.db']),
    )
    sending = false
    await platform.kill()
    // What was under way when the process died is never answered.
    await Promise.race([load, client.endAsync(true)])

    const again = join(folder, 'again')
    await restore(copy, again)
    expect(verifyChain(join(again, 'journal')).brokenAt).toBeNull()
    const restored = await startProcess({ dataDir: again })
    try {
      const { series } = await restored.call<{ series: { points: [number, number][] }[] }>(
        'GET',
        `/api/v1/readings?device=${device.id}&metric=combustibleLel&from=${started}&to=${Date.now()}`,
      )
      const stored = new Map(series[0]!.points)
      expect(before.filter((ts) => stored.get(ts) !== (ts - started) % 60)).toEqual([])
      const after = await restored.call<{ alarms: { id: string }[] }>('GET', '/api/v1/alarms')
      expect(after.alarms.map(({ id }) => id)).toEqual(expect.arrayContaining(alarms.alarms.map(({ id }) => id)))
    } finally {
      await restored.kill('SIGTERM')
    }
  },
)

test('a restore refuses a damaged backup and a folder with data, and says which', async () => {
  await expect(restore(copy, platform.dataDir)).rejects.toThrow(/not empty/)
  await expect(backup(platform.dataDir, copy)).rejects.toThrow(/not empty/)
  await expect(backup(folder, join(folder, 'x'))).rejects.toThrow(/no format.json/)
  await expect(backup(platform.dataDir, join(platform.dataDir, 'inside'))).rejects.toThrow(/inside the data folder/)
  appendFileSync(join(copy, 'state.db'), 'x')
  await expect(restore(copy, join(folder, 'never'))).rejects.toThrow(/state.db.*checksum/)
  rmSync(join(copy, 'people.db'))
  await expect(restore(copy, join(folder, 'never'))).rejects.toThrow(/people.db is missing/)
  rmSync(join(copy, 'manifest.json'))
  await expect(restore(copy, join(folder, 'never'))).rejects.toThrow(/not a whole backup/)
})
