import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { startProcess } from '../flow/platform-process.ts'
import { smallDisk } from './disks.ts'
import { ChaosDevice, Fleet } from './fleet.ts'

const disk = smallDisk(64)

test.skipIf(!disk)(
  'on a full disk SIGTERM stops the platform in time with exit code 0, and one line says what could not be written',
  async () => {
    const { dir } = disk!
    const platform = await startProcess({ dataDir: dir, env: { WATCHFIRE_LOG_LEVEL: 'warn' } })
    const { id: enterpriseId } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', {
      name: 'e',
      region: '370102',
    })
    const body = { enterpriseId, kind: 'gas-detector', name: 'd' }
    const { id, token } = await platform.call<{ id: string; token: string }>('POST', '/api/v1/devices', body)
    const fleet = new Fleet([new ChaosDevice(id, token, 0)])
    await fleet.connect(platform.mqttPort)
    fleet.start()
    const ballast = join(dir, 'ballast')
    const filling = setInterval(() => {
      for (let piece = 1 << 20; piece >= 512;) {
        try {
          appendFileSync(ballast, Buffer.alloc(piece))
        } catch {
          piece >>= 1
        }
      }
    }, 20)
    try {
      type Ready = { parts: Record<string, { state: string }> }
      const down = async () => {
        const { body } = await platform.ask('GET', '/readyz')
        expect((body as Ready).parts['journal']?.state).toBe('down')
      }
      await vi.waitFor(down, { timeout: 30_000, interval: 100 })
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      const began = performance.now()
      expect(await platform.kill('SIGTERM')).toBe(0)
      // Two seconds of its own; the rest is for a machine with other work. Ten is what a service manager gives it.
      expect(performance.now() - began).toBeLessThan(8_000)
      expect(platform.stderr().match(/the disk is full \(ENOSPC\)","msg":"stopped without writing it down/g)).toHaveLength(1)
    } finally {
      clearInterval(filling)
      fleet.stop()
      await platform.kill()
    }
    rmSync(ballast)
    const again = await startProcess({ dataDir: dir })
    await again.kill()
    disk!.remove()
  },
  60_000,
)
