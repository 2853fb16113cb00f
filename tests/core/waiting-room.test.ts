import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WaitingRoom, type Place } from '../../core/waiting-room.ts'

test('a full room turns away whoever waited longest, but nobody who has just come', () => {
  let now = 0
  const gone: string[] = []
  const room = new WaitingRoom(30, 1_000, () => now)
  const enter = (name: string) => room.enter(10, () => gone.push(name))
  enter('a')
  const b = enter('b')!
  enter('c')
  expect(enter('too soon')).toBeNull()
  now = 1_000
  b.renew()
  enter('d')
  enter('e')
  expect(gone).toEqual(['a', 'c'])
  b.hold(5)
  expect(gone).toEqual(['a', 'c', 'b'])
  expect(room).toMatchObject({ count: 2, bytes: 20, turnedAway: 4 })
})

test('whatever comes, sends, goes: the room never holds more than it may, and is empty in the end', () => {
  const step = fc.record({
    do: fc.constantFrom('enter', 'hold', 'renew', 'leave', 'wait'),
    which: fc.nat(20),
    bytes: fc.nat(60),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let now = 0
      const room = new WaitingRoom(100, 10, () => now)
      const places: Place[] = []
      for (const { do: what, which, bytes } of steps) {
        const place = places[which % Math.max(1, places.length)]
        if (what === 'enter') places.push(...[room.enter(bytes % 40, () => undefined)].filter((one) => one !== null))
        else if (what === 'hold') place?.hold(bytes * 3)
        else if (what === 'renew') place?.renew()
        else if (what === 'leave') place?.leave()
        else now += bytes
        expect(room.bytes).toBeLessThanOrEqual(100)
      }
      for (const place of places) place.leave()
      expect(room).toMatchObject({ count: 0, bytes: 0 })
    }),
  )
})
