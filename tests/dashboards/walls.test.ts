import { expect, test } from 'vitest'
import type { WallBeat } from '../../core/live.ts'
import { Walls } from '../../dashboards/walls.ts'

const beat = (given: Partial<WallBeat> = {}): WallBeat => ({
  wall: 'w-1',
  name: '指挥大厅',
  seq: 7,
  frames: 2,
  heapMb: 60,
  sound: 'ready',
  picture: 'live',
  ...given,
})

test('F28: a wall that stops saying it draws is offline before the fifteenth second is over, and no longer once it is back', () => {
  const walls = new Walls()
  walls.heard(beat(), 0)
  expect(walls.notices(13_999)).toEqual([])
  expect(walls.notices(14_000)).toEqual([{ code: 'wall-offline', text: '指挥大厅', since: 0 }])
  walls.heard(beat(), 16_000)
  expect(walls.notices(16_000)).toEqual([])
})

test('a wall that was closed on purpose is not missed', () => {
  const walls = new Walls()
  walls.heard(beat(), 0)
  walls.heard(beat({ leaving: true }), 1_000)
  expect(walls.notices(60_000)).toEqual([])
})

test('F9: a wall that cannot sound is told of at the desk until it can', () => {
  const walls = new Walls()
  for (let at = 0; at <= 20_000; at += 5_000) walls.heard(beat({ sound: 'off' }), at)
  expect(walls.notices(20_000)).toEqual([{ code: 'wall-soundless', text: '指挥大厅', since: 0 }])
  walls.heard(beat({ sound: 'muted' }), 25_000)
  expect(walls.notices(25_000)).toEqual([])
})

test('what is no beat changes nothing, and nobody can fill the memory with walls', () => {
  const walls = new Walls()
  for (const said of [null, 'x', {}, { ...beat(), wall: '../x' }, { ...beat(), name: 'x'.repeat(41) }])
    expect(walls.heard(said, 0)).toBe(false)
  for (let n = 0; n < 1_000; n++) walls.heard(beat({ wall: `w-${n}` }), 0)
  expect(walls.notices(20_000)).toHaveLength(100)
})
