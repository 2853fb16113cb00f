import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Draft, Entry, Journal } from '../../journal/journal.ts'

/** A journal under test. `crash` ends the process it runs in (or makes a fresh one) and opens it again; absent if it cannot. */
export type Bench = {
  journal: Journal
  crash?: (how: 'kill' | 'power', keeps: (piece: number) => boolean) => Promise<void>
  /** the process dies at the disk operation after so many others; `death` resolves when it has */
  dieAfter?: (operations: number) => void
  death?: () => Promise<void>
  /** the machine's clock is set to another time */
  stepClock?: (byMs: number) => void
  /** the disk refuses the next operations */
  fail?: (op: 'write' | 'sync', times: number) => void
  /** what must hold of the files themselves */
  check?: () => void
  close(): Promise<void>
}

type Step =
  | { do: 'append'; entries: { record: boolean; count: number; bytes: number; key: number | null }[]; wait: boolean }
  | { do: 'crash'; how: 'kill' | 'power'; seed: number }
  | { do: 'die'; after: number; how: 'kill' | 'power'; seed: number }
  | { do: 'clock'; byMs: number }
  | { do: 'fail'; op: 'write' | 'sync'; times: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      entries: fc.array(
        fc.record({
          record: fc.boolean(),
          count: fc.integer({ min: 1, max: 20 }),
          bytes: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 500, max: 3_000 })),
          key: fc.option(fc.integer({ min: 0, max: 6 }), { nil: null, freq: 2 }),
        }),
        { minLength: 1, maxLength: 4 },
      ),
      wait: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      how: fc.constantFrom('kill' as const, 'power' as const),
      seed: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('die' as const),
      after: fc.nat(12),
      how: fc.constantFrom('kill' as const, 'power' as const),
      seed: fc.nat(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('clock' as const), byMs: fc.integer({ min: -7_200_000, max: 7_200_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      op: fc.constantFrom('write' as const, 'sync' as const),
      times: fc.integer({ min: 1, max: 2 }),
    }),
  },
)

/** A small generator of yes and no, so that a failing case fails again. */
const dice = (seed: number) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed > 0x7fffffff
}

async function readAll(journal: Journal): Promise<Entry[]> {
  const entries: Entry[] = []
  for (let pos = 1; pos < journal.head();) {
    const batch = await journal.read(pos, 2_000)
    expect(batch.damaged).toEqual([])
    expect(batch.next).toBeGreaterThan(pos)
    entries.push(...batch.entries)
    pos = batch.next
  }
  return entries
}

/** What every journal keeps, whatever it is kept in (semantics 1, 7). */
export function journalSuite(name: string, open: () => Promise<Bench>): void {
  test(
    `${name}: any interleaving of appends, crashes and failures gives a prefix with everything acknowledged`,
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
          const bench = await open()
          try {
            /** what is certainly there, then what was handed in since, in order */
            let durable: string[] = []
            let handedIn: string[] = []
            let acknowledged = new Map<string, number>()
            const keyPositions = new Map<string, number>()
            let serial = 0
            const pending: Promise<void>[] = []

            const settle = async () => {
              const entries = await readAll(bench.journal)
              const ours = entries.filter(({ kind }) => kind === 'action' || kind === 'block')
              const ids = ours.map(({ payload }) => Buffer.from(payload).toString('latin1').split('|')[0]!)
              expect(ids.slice(0, durable.length)).toEqual(durable)
              const since = ids.slice(durable.length)
              expect(since).toEqual(handedIn.slice(0, since.length))
              for (const [id, pos] of acknowledged) expect(ours[ids.indexOf(id)]?.pos).toBe(pos)
              let expected = 1
              let receivedAt = 0
              for (const entry of entries) {
                expect(entry.pos).toBe(expected)
                expect(entry.receivedAt).toBeGreaterThanOrEqual(receivedAt)
                expected = entry.pos + entry.count
                receivedAt = entry.receivedAt
              }
              expect(bench.journal.head()).toBe(expected)
              const keys = entries.flatMap(({ key }) => key ?? [])
              expect(new Set(keys).size).toBe(keys.length)
              keyPositions.clear()
              for (const { key, pos } of entries) if (key !== null) keyPositions.set(key, pos)
              bench.check?.()
              durable = ids
              handedIn = []
              acknowledged = new Map([...acknowledged])
            }

            let dying: Extract<Step, { do: 'die' }> | null = null
            const isDead = () =>
              Promise.race([bench.death!().then(() => true), new Promise<boolean>((r) => setImmediate(r, false))])
            for (const one of steps) {
              if (dying && (await isDead())) {
                await bench.crash!(dying.how, dice(dying.seed))
                dying = null
                await settle()
              }
              if (one.do === 'clock') bench.stepClock?.(one.byMs)
              else if (one.do === 'die') {
                if (!bench.dieAfter || dying) continue
                bench.dieAfter(one.after)
                dying = one
              } else if (one.do === 'fail') bench.fail?.(one.op, one.times)
              else if (one.do === 'crash') {
                if (!bench.crash) continue
                await bench.crash(one.how, dice(one.seed))
                dying = null
                await settle()
              } else {
                const drafts: (Draft & { id: string })[] = one.entries.map(({ record, count, bytes, key }) => {
                  const id = `e${serial++}`
                  return {
                    id,
                    stream: record ? 'record' : 'readings',
                    kind: record ? 'action' : 'block',
                    count: record ? 1 : count,
                    payload: Buffer.from(`${id}|${'x'.repeat(bytes)}`),
                    ...(record && key !== null && { key: `k${key}` }),
                  }
                })
                const isNew = drafts.map(({ key }, i) => {
                  if (key === undefined) return true
                  const first = !keyPositions.has(key) && drafts.findIndex((other) => other.key === key) === i
                  if (first) keyPositions.set(key, -1)
                  return first
                })
                handedIn.push(...drafts.filter((_, i) => isNew[i]).map(({ id }) => id))
                const appended = bench.journal.append(drafts.map(({ id: _, ...draft }) => draft)).then((positions) => {
                  positions.forEach((pos, i) => {
                    if (isNew[i]) acknowledged.set(drafts[i]!.id, pos)
                    const { key } = drafts[i]!
                    if (key === undefined) return
                    const known = keyPositions.get(key)!
                    if (known === -1) keyPositions.set(key, pos)
                    else expect(pos).toBe(known)
                  })
                })
                pending.push(appended.catch(() => undefined))
                if (one.wait) await Promise.race([appended, ...(bench.death ? [bench.death()] : [])])
              }
            }
            if (!bench.crash) await Promise.all(pending)
            if (bench.crash) await bench.crash('kill', () => true)
            await settle()
          } finally {
            await bench.close()
          }
        }),
        { numRuns: 150 },
      )
    },
  )

  const block = (text: string, count = 1): Draft => ({ stream: 'readings', kind: 'block', payload: Buffer.from(text), count })
  const text = (entry: Entry) => Buffer.from(entry.payload).toString()

  test(`${name}: a follower gets every entry once, in order, and time goes on without entries`, async () => {
    const bench = await open()
    const seen: string[] = []
    let clock = 0
    const follower = bench.journal.follow('reader', 1, async ({ entries, clock: now }) => {
      seen.push(...entries.map(text))
      expect(now).toBeGreaterThanOrEqual(clock)
      clock = now
      if (entries.length % 3 === 1) await Promise.resolve()
    })
    const sent: string[] = []
    for (let i = 0; i < 300; i++) {
      sent.push(`${i}`)
      const appended = bench.journal.append([block(`${i}`, (i % 5) + 1)])
      if (i % 7 === 0) await appended
    }
    await bench.journal.append([block('last')])
    await expect.poll(() => seen.length, { timeout: 5_000 }).toBe(301)
    expect(seen).toEqual([...sent, 'last'])
    const before = clock
    await expect.poll(() => clock, { timeout: 5_000 }).toBeGreaterThan(before)
    await follower.stop()
    await bench.close()
  })

  test(`${name}: record entries can be asked for by kind`, async () => {
    const bench = await open()
    const record = (kind: string): Draft => ({ stream: 'record', kind, payload: Buffer.from(kind), count: 1 })
    await bench.journal.append([record('rule.set'), block('x'), record('action'), record('rule.set')])
    expect((await bench.journal.readRecord(1, ['rule.set'])).map(({ pos }) => pos)).toEqual([1, 4])
    expect((await bench.journal.readRecord(2, ['rule.set', 'action'])).map(({ pos }) => pos)).toEqual([3, 4])
    await bench.close()
  })
}
