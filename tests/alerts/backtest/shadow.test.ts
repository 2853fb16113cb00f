import { expect, test } from 'vitest'
import { ShadowRun } from '../../../alerts/backtest/shadow.ts'
import { Shadows } from '../../../alerts/backtest/shadows.ts'
import type { BacktestResult } from '../../../core/backtest.ts'
import { silentLog } from '../../../core/log.ts'
import type { Rule } from '../../../core/rule.ts'
import { recordDraft } from '../../../journal/codec.ts'
import { MemoryJournal } from '../../../journal/memory.ts'
import { aDevice, aRule, block, defineSeries, setDevice, setRule, T0, type Row } from '../world.ts'

const MINUTE = 60
const zone = 'Asia/Shanghai'

/** A journal whose clock stands where the test puts it. */
function world() {
  let now = T0
  const journal = new MemoryJournal({ now: () => now })
  const at = (second: number) => (now = T0 + second * 1_000)
  return {
    journal,
    at,
    async start() {
      const ids = [1, 2, 3, 4, 5, 6]
      const devices = ids.flatMap((id) => [
        setDevice(aDevice({ id: `GAS-${id}` })),
        defineSeries(id, 'combustibleLel', `GAS-${id}`),
      ])
      const entries = [setRule(aRule()), ...devices]
      await journal.append(entries.map((entry) => recordDraft(entry)))
    },
    async say(second: number, value: number, series = 1) {
      at(second)
      const row: Row = [series, second, value]
      await journal.append([block([row])])
    },
  }
}

const lower = aRule({ version: 2, origin: 'person', limits: [{ name: 'H', above: 10, level: 'orange' }] })
const question = (rule: Rule = lower, from = T0) => ({ id: 'rp-1', mode: 'live' as const, from, rule })
async function seen(run: ShadowRun): Promise<{ at: number; result: BacktestResult }> {
  await run.follow()
  const answer = run.answer()
  if (answer.state !== 'running') throw new Error(JSON.stringify(answer))
  return answer
}
const counts = ({ total, difference: { added, gone, moved, same } }: BacktestResult) => [
  ...[total, added.length, gone.length, moved.length, same],
]

test('a version in shadow is judged as readings come, beside the one in force, and writes nothing', async () => {
  const { journal, start, say, at } = world()
  await start()
  const run = new ShadowRun(journal, question(), zone)
  await say(60, 3)
  expect(counts((await seen(run)).result)).toEqual([0, 0, 0, 0, 0])
  const head = journal.head()
  await say(120, 12)
  const { result, at: until } = await seen(run)
  expect(counts(result)).toEqual([1, 1, 0, 0, 0])
  expect(result.difference.added[0]).toMatchObject({ ruleId: 'gas.combustible', ruleVersion: 2, level: 'orange' })
  expect(until).toBe(T0 + 120_000)
  expect(journal.head()).toBe(head + 1)
  expect(await journal.readRecord(1, ['alarm.changed'])).toEqual([])
  // Time alone ends holds: an on-delay completes though nothing more is received.
  const held = new ShadowRun(journal, question({ ...lower, onDelayMs: 30_000 }), zone)
  expect((await seen(held)).result.total).toBe(0)
  at(150)
  expect((await seen(held)).result.total).toBe(1)
})

test('asked for late or begun anew it comes to the same answer', async () => {
  const { journal, start, say } = world()
  await start()
  const early = new ShadowRun(journal, question(), zone)
  for (let i = 1; i <= 400; i++) {
    await say(i * MINUTE, Number((15 + 14 * Math.sin(i / 7)).toFixed(1)), 1 + (i % 6))
    if (i % 50 === 0) await early.follow()
  }
  const late = new ShadowRun(journal, question(), zone)
  const [one, other] = [await seen(early), await seen(late)]
  expect(one.result).toMatchObject({ total: 6, readings: 400, exact: true })
  expect(other).toEqual(one)
})

test('only what was raised since it began counts, though holds before that have settled', async () => {
  const { journal, start, say } = world()
  await start()
  await say(60, 12)
  await say(120, 13)
  const run = new ShadowRun(journal, question(lower, T0 + 180_000), zone)
  await say(200, 12)
  expect(counts((await seen(run)).result)).toEqual([0, 0, 0, 0, 0])
  await say(260, 12, 2)
  expect(counts((await seen(run)).result)).toEqual([1, 1, 0, 0, 0])
})

test('when the rules in force change, it is compared with those in force now', async () => {
  const { journal, start, say } = world()
  await start()
  const run = new ShadowRun(journal, question(), zone)
  await say(60, 12)
  expect(counts((await seen(run)).result)).toEqual([1, 1, 0, 0, 0])
  const same = setRule({ ...lower, version: 3 })
  await journal.append([recordDraft(same)])
  await run.follow()
  expect(run.answer().state).toBe('catching-up')
  expect(counts((await seen(run)).result)).toEqual([1, 0, 0, 0, 1])
})

test('a shadow ends when its time is over: what it found until then stands, also when it is judged again later', async () => {
  const { journal, start, say } = world()
  await start()
  const asked = { ...question(), until: T0 + 180_000 }
  const run = new ShadowRun(journal, asked, zone)
  await say(120, 12)
  expect(counts((await seen(run)).result)).toEqual([1, 1, 0, 0, 0])
  await say(200, 12, 2)
  await run.follow()
  const ended = run.answer()
  expect(ended).toMatchObject({ state: 'ended', at: T0 + 180_000, result: { total: 1 } })
  // Neither later readings nor later rules are its business; a restart finds the same.
  await journal.append([recordDraft(setRule({ ...lower, version: 3 }))])
  await say(260, 12, 3)
  await run.follow()
  const again = new ShadowRun(journal, asked, zone)
  await again.follow()
  expect([run.answer(), again.answer()]).toEqual([ended, ended])
})

test('so many versions run in shadow at once and no more; one that ended makes room', async () => {
  const { journal, start, say } = world()
  await start()
  await say(60, 12)
  const shadows = new Shadows(journal, zone, silentLog)
  for (const id of ['rp-1', 'rp-2', 'rp-3', 'rp-4']) shadows.ask({ ...question(), id })
  expect(() => shadows.ask({ ...question(), id: 'rp-5' })).toThrow('4 versions run in shadow already')
  shadows.end('rp-2')
  expect(shadows.ask({ ...question(), id: 'rp-5' })).toMatchObject({ id: 'rp-5', state: 'catching-up' })
  shadows.stop()
})
