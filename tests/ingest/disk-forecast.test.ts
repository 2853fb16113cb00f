import { expect, test } from 'vitest'
import { DiskForecast } from '../../ingest/disk-forecast.ts'

const HOUR = 3_600_000
const GB = 1e9

function watched(hours: number, free: (hour: number) => number): DiskForecast {
  const forecast = new DiskForecast()
  for (let at = 0; at <= hours * HOUR; at += HOUR / 12) forecast.look(at, free(at / HOUR))
  return forecast
}

test('how long the disk lasts is told once it has been watched long enough, and never invented', () => {
  expect(watched(5, (hour) => 100 * GB - hour * GB).figures()).toEqual({ watchfire_disk_free_bytes: 95 * GB })
  expect(watched(24, (hour) => 100 * GB - hour * GB).daysLeft()).toBeCloseTo(76 / 24, 6)
  expect(watched(24, () => 100 * GB).daysLeft()).toBeNull()
  expect(watched(24, (hour) => 50 * GB + hour * GB).daysLeft()).toBeNull()
  expect(new DiskForecast().figures()).toEqual({})
})

test('growth is that of the last week, and checkpoints that come and go do not hide it', () => {
  const slow = watched(24 * 14, (hour) => (hour < 24 * 7 ? 500 * GB - hour * GB : 332 * GB - (hour - 24 * 7) * 0.1 * GB))
  expect(slow.daysLeft()).toBeCloseTo((332 - 16.8) / 2.4, 0)
  const noisy = watched(48, (hour) => 100 * GB - hour * 0.01 * GB + (hour % 2 < 1 ? 0.05 * GB : 0))
  expect(noisy.daysLeft()! / (99.5 / 0.24)).toBeCloseTo(1, 0)
})
