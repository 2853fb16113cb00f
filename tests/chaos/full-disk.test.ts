import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { startProcess } from '../flow/platform-process.ts'
import { storedReadings } from './compare.ts'
import { smallDisk } from './disks.ts'
import { ChaosDevice, Fleet } from './fleet.ts'

const disk = smallDisk(96)

test.skipIf(!disk)(
  'a full disk stops acknowledging and says so; every device stays connected, nothing acknowledged is lost, and it resumes by itself',
  async () => {
    const { dir } = disk!
    const platform = await startProcess({ dataDir: dir })
    try {
      const { id: enterpriseId } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', {
        name: 'e',
        region: '370102',
      })
      const devices: ChaosDevice[] = []
      for (let i = 0; i < 20; i++) {
        const body = { enterpriseId, kind: 'other', name: `d${i}` }
        const { id, token } = await platform.call<{ id: string; token: string }>('POST', '/api/v1/devices', body)
        devices.push(new ChaosDevice(id, token, i))
      }
      const fleet = new Fleet(devices)
      await fleet.connect(platform.mqttPort)
      fleet.start()
      await vi.waitFor(() => expect(fleet.ackedCount()).toBeGreaterThan(200), 10_000)

      const ballast = join(dir, 'ballast')
      // A database that gives up a write gives back its room: what becomes free is filled again, so that full stays full.
      const fill = () => {
        for (let piece = 1 << 20; piece >= 512;) {
          try {
            appendFileSync(ballast, Buffer.alloc(piece))
          } catch {
            piece >>= 1
          }
        }
      }
      fill()
      const filling = setInterval(fill, 50)
      type Ready = { parts: Record<string, { state: string }> }
      const journalDown = async () => {
        const { status, body } = await platform.ask('GET', '/readyz')
        expect(status).toBe(503)
        expect((body as Ready).parts['journal']?.state).toBe('down')
      }
      await vi.waitFor(journalDown, { timeout: 30_000, interval: 100 })
      let acked: number
      do {
        acked = fleet.ackedCount()
        await new Promise((resolve) => setTimeout(resolve, 1_500))
      } while (fleet.ackedCount() !== acked)
      const before = fleet.ackedCount()
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      expect(fleet.ackedCount()).toBe(before)
      expect(devices.filter((device) => !device.connected)).toEqual([])
      expect((await platform.ask('GET', '/healthz')).status).toBe(200)

      clearInterval(filling)
      rmSync(ballast)
      await vi.waitFor(() => expect(fleet.ackedCount()).toBeGreaterThan(before + 200), { timeout: 15_000, interval: 100 })
      fleet.stop()
      await fleet.drained()
      expect(devices.filter((device) => !device.connected)).toEqual([])
      await vi.waitFor(async () => expect((await platform.ask('GET', '/readyz')).status).toBe(200), {
        timeout: 15_000,
        interval: 100,
      })
      for (const device of devices) {
        const stored = await storedReadings(platform, device.id, 0)
        expect(stored).toEqual([...device.sent].filter(([at]) => device.acked.has(at)))
      }
    } finally {
      await platform.kill()
      disk!.remove()
    }
  },
)
