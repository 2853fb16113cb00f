import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Channel, DeliveryFailed } from '../../../alerts/channels/index.ts'
import { bundle } from '../../../alerts/push/bundle.ts'
import { PacedChannel } from '../../../alerts/push/paced.ts'
import type { Level } from '../../../core/level.ts'
import type { Message } from '../../../core/push.ts'
import { sampleMessage } from '../message-sample.ts'

beforeEach(() => void vi.useFakeTimers({ now: 1_767_225_600_000 }))
afterEach(() => void vi.useRealTimers())

const never = new AbortController().signal
const group = { personId: null, address: null }
const levels = ['red', 'orange', 'yellow', 'blue'] as const
const alarm = (i: number, level: Level, more: Partial<Message> = {}) =>
  sampleMessage({ id: `m${i}`, level, at: i, to: group, text: { zh: `<${i}>号装置报警`, en: `unit <${i}>` }, ...more })
const quota = { messages: 20, perMs: 60_000 }

test('in any minute the provider gets no more than its quota, every red is named, and everybody hears what became of theirs', async () => {
  const burst = fc.record({
    afterMs: fc.integer({ min: 0, max: 30_000 }),
    levels: fc.array(fc.constantFrom(...levels), { maxLength: 80, size: 'max' }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(burst, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 7 }),
      async (bursts, failsEvery) => {
        const sent: { at: number; text: string }[] = []
        let tries = 0
        const bare: Channel = {
          send: (message) => {
            sent.push({ at: Date.now(), text: message.text.zh })
            return ++tries % failsEvery === 0 && failsEvery > 1
              ? Promise.reject(new DeliveryFailed('down'))
              : Promise.resolve({ receipt: 'accepted', detail: 'ok' })
          },
        }
        const paced = new PacedChannel(bare, quota, 600, () => Date.now())
        const settled = new Map<string, 'sent' | 'failed'>()
        let count = 0
        for (const { afterMs, levels: wave } of bursts) {
          await vi.advanceTimersByTimeAsync(afterMs)
          for (const level of wave) {
            const message = alarm(count++, level)
            paced.send(message, never).then(
              () => settled.set(message.id, 'sent'),
              () => settled.set(message.id, 'failed'),
            )
          }
        }
        await vi.advanceTimersByTimeAsync(3_600_000)
        expect(settled.size).toBe(count)
        for (const { at } of sent) {
          expect(sent.filter((one) => one.at > at - quota.perMs && one.at <= at).length).toBeLessThanOrEqual(quota.messages)
        }
        const all = sent.map(({ text }) => text).join('\n')
        let i = 0
        for (const { levels: wave } of bursts)
          for (const level of wave)
            if (level === 'red') expect(all).toContain(`<${i++}>`)
            else i++
        await paced.close()
      },
    ),
    { numRuns: 60 },
  )
})

test('a red that comes into a flood waits seconds, not the rest of the minute', async () => {
  const at: number[] = []
  const paced = new PacedChannel(
    {
      send: ({ text }) => {
        if (text.zh.includes('<99>')) at.push(Date.now())
        return Promise.resolve({ receipt: 'accepted', detail: 'ok' })
      },
    },
    quota,
    600,
    () => Date.now(),
  )
  for (let i = 0; i < 40; i++) void paced.send(alarm(i, 'yellow'), never)
  await vi.advanceTimersByTimeAsync(1_000)
  const asked = Date.now()
  void paced.send(alarm(99, 'red'), never)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(at).toHaveLength(1)
  expect(at[0]! - asked).toBeLessThanOrEqual(12_000)
})

test('called off while it waits, a message is in no bundle; a closed channel tells who is left', async () => {
  const texts: string[] = []
  const paced = new PacedChannel(
    { send: ({ text }) => (texts.push(text.zh), Promise.resolve({ receipt: 'accepted' as const, detail: 'ok' })) },
    { messages: 2, perMs: 60_000 },
    600,
    () => Date.now(),
  )
  const off = new AbortController()
  await paced.send(alarm(0, 'red'), never)
  const [called, kept] = [paced.send(alarm(1, 'red'), off.signal), paced.send(alarm(2, 'red'), never)]
  off.abort()
  await expect(called).rejects.toThrow(DeliveryFailed)
  await vi.advanceTimersByTimeAsync(1_000)
  await kept
  expect(texts.join()).not.toContain('<1>')
  const left = paced.send(alarm(3, 'red'), never)
  await paced.close()
  await expect(left).rejects.toThrow(DeliveryFailed)
})

test('a bundle never mixes recipients or a drill with the real thing, is within the limit, and has the same id for the same messages', () => {
  const message = fc.record({
    level: fc.constantFrom(...levels),
    mode: fc.constantFrom('live' as const, 'drill' as const),
    address: fc.constantFrom('1', '2'),
    words: fc.integer({ min: 0, max: 900 }),
  })
  fc.assert(
    fc.property(fc.array(message, { maxLength: 60, size: 'max' }), fc.constantFrom(200, 600, 5_000), (all, limit) => {
      const messages = all.map(({ level, mode, address, words }, i) =>
        alarm(i, level, { mode, to: { personId: null, address }, text: { zh: `<${i}>${'词'.repeat(words)}`, en: '' } }),
      )
      const bundles = bundle(messages, limit)
      expect(bundles.flatMap(({ of }) => of.map(({ id }) => id)).toSorted()).toEqual(messages.map(({ id }) => id).toSorted())
      for (const { message: one, of } of bundles) {
        expect(new Set(of.map(({ mode, to }) => `${mode}${to.address}`)).size).toBe(1)
        expect([one.mode, one.to.address]).toEqual([of[0]!.mode, of[0]!.to.address])
        for (const red of of.filter(({ level }) => level === 'red')) expect(one.text.zh).toContain(`<${red.at}>`)
        if (of.length > 1) expect(one.text.zh.length).toBeLessThanOrEqual(Math.max(limit, 160))
      }
      expect(bundle(messages.toReversed(), limit).map(({ message: one }) => one.id).length).toBe(bundles.length)
      expect(bundle(messages, limit).map(({ message: one }) => one.id)).toEqual(bundles.map(({ message: one }) => one.id))
    }),
  )
})
