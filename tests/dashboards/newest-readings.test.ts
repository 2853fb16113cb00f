import { expect, test } from 'vitest'
import { BlockBuilder, readBlock } from '../../core/reading.ts'
import { SeriesTable } from '../../core/series.ts'
import { NewestReadings } from '../../dashboards/newest-readings.ts'

test('a clock that ran ahead and was set right leaves no old value standing on a screen, and a resend brings none back', () => {
  const table = new SeriesTable()
  table.define({ id: 1, mode: 'live', device: 'GAS-01', metric: 'combustibleLel' })
  const newest = new NewestReadings(table)
  const arrives = (measuredAt: number, receivedAt: number, value: number) => {
    const block = new BlockBuilder(1)
    block.add(1, measuredAt, receivedAt, value, 0)
    newest.apply(readBlock(block.take()))
    return newest.reading(1)[2]
  }
  expect(arrives(240_000, 1_000, 3)).toBe(3)
  expect(arrives(240_000, 2_000, 99)).toBe(3)
  expect(arrives(11_000, 11_000, 60)).toBe(60)
  expect(arrives(5_000, 12_000, 1)).toBe(60)
  expect(arrives(11_000, 13_000, 1)).toBe(60)
  expect(newest.text(1)).toBe('["GAS-01","combustibleLel",60,11000,11000,0]')
})
