import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RosterBook, upwards, type Shift } from '../../core/roster.ts'

const people = { duty1: 'p-1', duty2: 'p-2', shiftLeader: 'p-3', dutyLeader: 'p-4' }
const aShift = (id: string, region: string, from: number, to: number): Shift => {
  return { id, version: 1, region, from, to, people, substitutions: [], cancelledAt: null }
}

test('a town without a roster is watched by its county, a county by its city, and nobody by nobody', () => {
  const book = new RosterBook()
  book.apply(aShift('a', '370102', 0, 10))
  book.apply(aShift('b', '370100', 0, 20))
  expect(book.onDuty('370102001', 5)?.shiftId).toBe('a')
  expect(book.onDuty('370102001', 15)?.shiftId).toBe('b')
  expect(book.onDuty('370102001', 20)).toBeNull()
  expect(book.onDuty('420102', 5)).toBeNull()
  expect(upwards('370102001002')).toEqual(['370102001002', '370102001', '370102', '370100', '370000'])
})

test('whoever stands in is on duty, the last one wins, and a cancelled shift is nobody’s', () => {
  const book = new RosterBook()
  const shift = aShift('a', '370102', 0, 10)
  const stand = (personId: string) => ({ role: 'duty1' as const, personId, by: 'x', at: 1, reason: 'ill' })
  book.apply({ ...shift, version: 2, substitutions: [stand('p-8'), stand('p-9')] })
  expect(book.onDuty('370102', 5)?.people).toEqual({ ...people, duty1: 'p-9' })
  book.apply({ ...shift, version: 3, cancelledAt: 2 })
  expect(book.onDuty('370102', 5)).toBeNull()
  expect(book.regions()).toEqual([])
})

test('gaps are exactly the moments at which nobody of the region is on duty', () => {
  const spans = fc.array(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 12 })), { maxLength: 8 })
  fc.assert(
    fc.property(spans, fc.nat(40), fc.integer({ min: 1, max: 25 }), (wanted, from, length) => {
      const book = new RosterBook()
      wanted.forEach(([start, lasts], i) => book.apply(aShift(`s${i}`, '370102', start, start + lasts)))
      const gaps = book.gaps('370102', from, from + length)
      for (let at = from; at < from + length; at++) {
        const inGap = gaps.some((gap) => gap.from <= at && at < gap.to)
        expect(inGap).toBe(book.onDuty('370102', at) === null)
      }
    }),
  )
})
