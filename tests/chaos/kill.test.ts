import { expect, test } from 'vitest'
import { isRight } from './compare.ts'
import { killRounds } from './kill-rounds.ts'

test('SIGKILL under load, three times: nothing acknowledged is lost, no alarm is lost, doubled or re-timed', async () => {
  const results = await killRounds({ rounds: 3, seconds: 3, seed: 20_261_122, devices: 30, powerCut: false })
  for (const { verdict } of results) expect(isRight(verdict), verdict.examples.join('\n')).toBe(true)
  const last = results.at(-1)!
  expect(last.acked).toBeGreaterThan(1_000)
  expect(last.verdict.alarms).toBeGreaterThan(20)
  expect(Math.max(...results.map(({ recoveryMs }) => recoveryMs))).toBeLessThan(10_000)
})
