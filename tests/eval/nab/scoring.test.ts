import { expect, test } from 'vitest'
import { optimised, probationOf, profiles, rawScore, scoredAt, worthAt, type Scored } from './scoring.ts'
import { erfc } from './simple-detectors.ts'

const [standard, lowFp, lowFn] = profiles as [(typeof profiles)[0], (typeof profiles)[0], (typeof profiles)[0]]

/** 100 rows of which the first 15 do not count, with one window over rows 40 to 49. */
function file(detections: Record<number, number>): Scored {
  const scores = new Float64Array(100)
  for (const [row, score] of Object.entries(detections)) scores[Number(row)] = score
  return { windows: [{ from: 40, to: 49 }], scores }
}

test('NAB: the weight of a place in a window is the published sigmoid', () => {
  expect(worthAt(-1)).toBeCloseTo(0.98661, 5)
  expect(worthAt(-0.5)).toBeCloseTo(0.84828, 5)
  expect(worthAt(0)).toBe(0)
  expect(worthAt(1)).toBeCloseTo(-0.98661, 5)
  expect(worthAt(3)).toBe(-1)
})

test('NAB: the probationary period is 15 % of a file, never more than 750 rows', () => {
  expect([probationOf(100), probationOf(4_032), probationOf(22_695)]).toEqual([15, 604, 750])
})

test('NAB: a detector that says nothing scores 0, one that says exactly the first row of each window 100', () => {
  for (const profile of profiles) {
    expect(optimised([file({}), file({})], profile)).toMatchObject({ raw: -2 * profile.miss, normalised: 0 })
    const perfect = optimised([file({ 40: 1 }), file({ 40: 1 })], profile)
    expect(perfect.raw).toBeCloseTo(2, 12)
    expect(perfect.normalised).toBeCloseTo(100, 12)
  }
})

test('NAB: only the earliest detection in a window counts, by how early it is', () => {
  const middle = worthAt(-0.5) / worthAt(-1)
  expect(rawScore([file({ 45: 1, 47: 1, 49: 1 })], standard, 1)).toBeCloseTo(middle, 12)
  expect(scoredAt([file({ 45: 1 })], standard, 1).normalised).toBeCloseTo(50 * (1 + middle), 10)
})

test('NAB: a false alarm costs its weight before any window, and less right after one', () => {
  expect(rawScore([file({ 20: 1 })], standard, 1)).toBeCloseTo(-1 - 0.11, 12)
  expect(rawScore([file({ 20: 1 })], lowFp, 1)).toBeCloseTo(-1 - 0.22, 12)
  expect(rawScore([file({ 20: 1 })], lowFn, 1)).toBeCloseTo(-2 - 0.11, 12)
  // Row 58 lies one width (nine steps) behind the last row of the window.
  expect(rawScore([file({ 58: 1 })], standard, 1)).toBeCloseTo(-1 + 0.11 * worthAt(1), 12)
  expect(rawScore([file({ 99: 1 })], standard, 1)).toBeCloseTo(-1 - 0.11, 12)
  expect(rawScore([file({ 3: 1 })], standard, 1)).toBe(-1)
})

test('NAB: one threshold for all files, the one that is best for the profile', () => {
  const files = [file({ 40: 0.9, 20: 0.5 }), file({ 40: 0.6, 21: 0.7, 22: 0.7 })]
  expect(optimised(files, standard).threshold).toBe(0.6)
  expect(optimised(files, standard).raw).toBeCloseTo(2 - 0.22, 12)
  const noisy = [file({ 40: 0.9 }), file({ 40: 0.6, ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [16 + i, 0.7])) })]
  expect(optimised(noisy, standard).threshold).toBe(0.9)
})

test('the complementary error function is exact where its tail is all there is', () => {
  expect(erfc(0)).toBe(1)
  expect(erfc(0.5)).toBeCloseTo(0.4795001221869535, 14)
  expect(erfc(-1)).toBeCloseTo(1.842700792949715, 14)
  expect(erfc(3) / 2.209049699858544e-5).toBeCloseTo(1, 12)
  expect(erfc(6) / 2.1519736712498913e-17).toBeCloseTo(1, 12)
})
