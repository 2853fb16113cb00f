import { expect, test } from 'vitest'
import { fenceKinds, shapeOf, type Fence, type FenceShape } from '../../core/fence.ts'
import { FenceBook, isSelected, type FenceSelection } from '../../core/fence-book.ts'
import { metresOutside, type Point } from '../../core/shape.ts'

/** The same numbers every time, 0 to 1. */
function* numbers(seed = 1): Generator<number, never> {
  for (let state = seed; ;) yield (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}
const random = numbers()
const next = () => random.next().value
const somewhere = (): Point => [119 + next() * 2, 29 + next() * 2]

function aShape(): FenceShape {
  const [lon, lat] = somewhere()
  if (next() < 0.3) return { type: 'circle', center: [lon, lat], radiusM: 50 + next() * 2_000 }
  const corner = (): Point => [lon + next() * 0.02, lat + next() * 0.02]
  if (next() < 0.5) return { type: 'polygon', points: [corner(), corner(), corner(), corner()] }
  return { type: 'corridor', points: [corner(), corner(), corner()], widthM: 100 }
}
const aFence = (id: string, more: Partial<Fence> = {}): Fence => ({
  ...{ id, version: 1, name: id, kind: fenceKinds[Math.floor(next() * fenceKinds.length)]!, shape: aShape(), mode: 'live' },
  ...{ tags: next() < 0.2 ? ['school'] : [], grade: null, limitKmh: null, retiredAt: null },
  ...more,
})

test('among ten thousand fences those near a place are found and none is missed, also while some change, and quickly', () => {
  const book = new FenceBook()
  const all = new Map<string, Fence>()
  const set = (fence: Fence) => {
    all.set(fence.id, fence)
    book.apply(fence)
  }
  for (let i = 0; i < 10_000; i++) set(aFence(`f-${i}`, i % 50 === 0 ? { retiredAt: 1 } : {}))
  set(aFence('drill', { mode: 'drill', shape: { type: 'circle', center: [120, 30], radiusM: 500_000 } }))
  const selections: FenceSelection[] = [{ kinds: ['no-go', 'route'] }, { tags: ['school'] }, { ids: ['f-7', 'f-9'] }, {}]
  const fences = book.of('live')
  let found = 0
  for (let i = 0; i < 200; i++) {
    if (i % 3 === 0) set(aFence(`f-${Math.floor(next() * 10_000)}`, next() < 0.5 ? { retiredAt: 1 } : {}))
    const at = somewhere()
    const selection = selections[i % selections.length]!
    const near = fences.near(selection, at, 2_000).map(({ fence }) => fence.id)
    const expected = [...all.values()].filter(
      (fence) =>
        fence.mode === 'live' &&
        fence.retiredAt === null &&
        isSelected(selection, fence) &&
        metresOutside(shapeOf(fence), at) <= 2_000,
    )
    expect(near).toEqual(expected.map(({ id }) => id).sort())
    found += near.length
  }
  expect(found).toBeGreaterThan(20)
  expect(fences.count({ kinds: [...fenceKinds] })).toBe([...all.values()].filter(isInUse).length)

  const started = performance.now()
  for (let i = 0; i < 10_000; i++) fences.near({ kinds: ['no-go'] }, [119 + (i % 200) / 100, 29 + (i % 190) / 100], 30)
  const perSecond = 10_000 / ((performance.now() - started) / 1000)
  expect(perSecond).toBeGreaterThan(5_000)
})

const isInUse = ({ mode, retiredAt }: Fence) => mode === 'live' && retiredAt === null
