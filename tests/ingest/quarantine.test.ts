import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Quarantine } from '../../ingest/quarantine.ts'

const junk = (deviceId: string, receivedAt: number) => ({
  receivedAt,
  deviceId,
  enterpriseId: 'plant',
  source: `mqtt device ${deviceId}`,
  topic: null,
  code: 'not-json' as const,
  message: 'm',
  position: null,
  key: null,
  bytes: 0,
  payload: null,
})

test('while its database cannot be written, quarantine answers all the same, page by page and with what is not written yet', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'watchfire-quarantine-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true }))
  const quarantine = new Quarantine(dataDir)
  for (let pos = 1; pos <= 6; pos++) quarantine.add(pos, junk(pos % 2 ? 'odd' : 'even', pos))
  quarantine.flush()
  for (let pos = 7; pos <= 12; pos++) quarantine.add(pos, junk(pos % 2 ? 'odd' : 'even', pos))
  const pages = (device?: string) => {
    const found: number[] = []
    for (let cursor: string | undefined; ;) {
      const query = { limit: 4, throughPos: 0, ...(device && { device }), ...(cursor && { cursor }) }
      const { entries, next, total } = quarantine.entries(query)
      expect(total).toBe(device ? 6 : 12)
      found.push(...entries.map(({ id }) => id))
      if (next === undefined) return found
      cursor = next
    }
  }
  const other = new DatabaseSync(join(dataDir, 'quarantine.db'))
  other.exec('BEGIN IMMEDIATE')
  const blocked = [pages(), pages('odd')]
  other.exec('ROLLBACK')
  other.close()
  expect(blocked).toEqual([
    [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
    [11, 9, 7, 5, 3, 1],
  ])
  quarantine.flush()
  expect([pages(), pages('odd')]).toEqual(blocked)
  quarantine.close()
})
