import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Publisher } from '../bench/publisher.ts'
import { publishPacket } from '../bench/raw-mqtt-client.ts'
import { startProcess } from '../flow/platform-process.ts'
import { readTrace, type SystemCall } from './system-calls.ts'

const hasStrace = spawnSync('strace', ['-V']).status === 0
const MESSAGES = 300

/** A value no other bytes of the trace will resemble. */
const valueOf = (message: number) => 12.000_123_456_789 + message / 1024

test.skipIf(!hasStrace && process.env['CI'] !== 'true')(
  'every PUBACK is written after the flush of the very bytes it acknowledges has returned (system calls)',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'watchfire-trace-'))
    const trace = join(dir, 'trace')
    const calls = 'trace=fdatasync,fsync,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg'
    // -D keeps the platform our child, strace its watcher.
    const platform = await startProcess({
      through: ['strace', '-D', '-f', '-q', '-xx', '-s', '1000000', '-e', calls, '-o', trace],
    })
    const { id: enterpriseId } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', {
      name: 'e',
      region: '370102',
    })
    const device = { enterpriseId, kind: 'other', name: 'd' }
    const { token } = await platform.call<{ token: string }>('POST', '/api/v1/devices', device)
    const client = await Publisher.connect(platform.mqttPort, 'traced', token)
    let acked = 0
    let heard = () => {}
    client.onAcks = (count) => {
      acked += count
      heard()
    }
    const ackedAtLeast = async (count: number) => {
      while (acked < count) await new Promise<void>((resolve) => (heard = resolve))
    }
    for (let message = 1; message <= MESSAGES; message++) {
      const payload = JSON.stringify({ ts: Date.now() + message, values: { tiltDeg: valueOf(message) } })
      client.socket.write(publishPacket('v1/devices/me/telemetry', payload, { id: message }))
      // One at a time first, then as many together as the group commit likes.
      if (message <= 50) await ackedAtLeast(message)
    }
    await ackedAtLeast(MESSAGES)
    client.close()
    await platform.kill('SIGTERM')

    const seen = readTrace(readFileSync(trace, 'latin1'))
    rmSync(dir, { recursive: true })
    const flushes = seen.filter(({ name, result }) => (name === 'fdatasync' || name === 'fsync') && result === 0)
    const flushed = new Set(flushes.map(({ fd }) => fd))
    const written = seen.filter(({ name }) => name !== 'fdatasync' && name !== 'fsync')
    for (let message = 1; message <= MESSAGES; message++) {
      const ack = written.find((call) => acknowledges(call, message))
      expect(ack, `PUBACK ${message} in the trace`).toBeDefined()
      const pattern = Buffer.alloc(8)
      pattern.writeDoubleLE(valueOf(message))
      const data = written.find(({ fd, bytes }) => flushed.has(fd) && bytes.includes(pattern))
      expect(data, `reading ${message} written to a file that is flushed`).toBeDefined()
      const flush = flushes.find(
        ({ fd, began, returned }) => fd === data!.fd && began >= data!.returned && returned <= ack!.began,
      )
      expect(flush, `a flush between the write of reading ${message} and its PUBACK`).toBeDefined()
    }
  },
)

/** The call writes PUBACKs and the one of this packet id is among them. */
function acknowledges({ bytes, fd }: SystemCall, packetId: number): boolean {
  if (fd < 3 || bytes.length % 4 !== 0) return false
  for (let at = 0; at < bytes.length; at += 4) {
    if (bytes[at] !== 0x40 || bytes[at + 1] !== 2) return false
    if (bytes.readUInt16BE(at + 2) === packetId) return true
  }
  return false
}
