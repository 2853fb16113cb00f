import { expect, test } from 'vitest'
import { Unavailable } from '../../core/errors.ts'
import { silentLog } from '../../core/log.ts'
import { Presence } from '../../gateway/presence.ts'
import { Quarantine } from '../../gateway/quarantine.ts'
import { ReadingBuffer } from '../../gateway/reading-buffer.ts'
import { readConnection } from '../../journal/codec.ts'
import type { Draft } from '../../journal/journal.ts'
import { MemoryJournal } from '../../journal/memory.ts'
import { device, eventually } from './testbed.ts'

test('while nothing can be written, devices that come and go and refused logins fill no memory, and the last word is told', async () => {
  let full = true
  class FullJournal extends MemoryJournal {
    override append(drafts: Draft[]): Promise<number[]> {
      return full ? Promise.reject(new Unavailable('journal-full', 'full')) : super.append(drafts)
    }
  }
  const journal = new FullJournal()
  const buffer = new ReadingBuffer(journal, silentLog, 10_000)
  const presence = new Presence(buffer)
  const quarantine = new Quarantine(buffer)
  const ways = Array.from({ length: 100 }, () => ({}))
  for (let at = 1; at <= 2_001; at++) {
    const i = at % 100
    if (at % 200 < 100) presence.arrived(`d${i}`, ways[i]!, at, 'mqtt')
    else presence.left(`d${i}`, ways[i]!, at, 'mqtt: connection lost')
    const fault = { code: 'bad-credential', message: 'm', position: null, key: null } as const
    quarantine.note(device('GAS-01'), fault, 'mqtt from 10.0.0.1', at)
    if (at % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  // One group may be under way beside the one that collects.
  expect(buffer.pendingBytes).toBeLessThan(11_000)
  full = false
  await eventually(() => expect(buffer.full).toBe(false))
  await buffer.settled()
  const last = new Map<string, boolean>()
  for (const entry of journal.read(1, Infinity).entries) {
    if (entry.kind !== 'connection') continue
    const { deviceId, connected } = readConnection(entry)
    last.set(deviceId, connected)
  }
  for (let i = 0; i < 100; i++) expect(last.get(`d${i}`)).toBe(presence.since(`d${i}`) !== undefined)
  expect(presence.size).toBeGreaterThan(0)
})
