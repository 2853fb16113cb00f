import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { type Channel, ChannelMisconfigured, channels, DeliveryFailed, DeliveryRefused } from '../../../alerts/channels/index.ts'
import { openOutside } from '../../../alerts/push/outside.ts'
import { channelSuite } from '../../suites/channel.ts'
import { startModem, type ModemManner } from '../fake-modem.ts'
import { sampleMessage } from '../message-sample.ts'

const outside = openOutside({ now: () => 1_767_225_601_000 })
const never = new AbortController().signal
const open = (line: string, timeoutMs = 5_000, maxParts = 3) =>
  channels.modem.open({ line, baud: 115_200, maxParts, timeoutMs }, outside)
const saying = (zh: string, id = 'a1.8') => sampleMessage({ id, text: { zh, en: '' } })

const closes: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closes.splice(0).toReversed()) await close()
})
async function stand(timeoutMs?: number, maxParts?: number) {
  const fake = await startModem()
  const channel: Channel = open(fake.line, timeoutMs, maxParts)
  closes.push(fake.stop, () => channel.close!())
  return { fake, channel }
}

channelSuite(
  'modem',
  async () => {
    const fake = await startModem()
    return {
      to: (how, timeoutMs) => {
        fake.manner = how as ModemManner
        return Promise.resolve(open(how === 'unreachable' ? 'tcp://127.0.0.1:9' : fake.line, timeoutMs))
      },
      meets: ['slow', 'cut'],
      secrets: ['1号车间'],
      received: () => fake.texts.length,
      stop: fake.stop,
    }
  },
  saying('【红色】报警：1号车间'),
)

test('whatever the text, the phone shows it whole: each part fits a message and none splits a character', async () => {
  const { fake, channel } = await stand(5_000, 10)
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom('氯', '𠮷', '😀', 'a', '\x1a', '\r'), minLength: 1, maxLength: 200, size: 'max' }),
      async (text) => {
        fake.texts.length = 0
        await channel.send(saying(text), never)
        expect(fake.texts.map((part) => part.text).join('')).toBe(text)
        expect(fake.texts.every(({ phone, text: part }) => phone === '13800138000' && part.isWellFormed())).toBe(true)
        if (text.length > 70) {
          expect(fake.texts.map(({ part }) => part)).toEqual(
            fake.texts.map((_, i) => ({ reference: expect.any(Number) as number, of: fake.texts.length, at: i + 1 })),
          )
        }
      },
    ),
    { numRuns: 30 },
  )
})

test('a text longer than allowed ends in an ellipsis, and a repeat has the same reference', async () => {
  const { fake, channel } = await stand(5_000, 2)
  await channel.send(saying('氯'.repeat(500)), never)
  await channel.send(saying('氯'.repeat(500)), never)
  expect(fake.texts).toHaveLength(4)
  expect(fake.texts[1]!.text).toMatch(/^氯+…$/)
  expect(fake.texts[2]).toEqual(fake.texts[0])
})

test('messages at once reach the line one after the other, and one called off while it waits never does', async () => {
  const { fake, channel } = await stand()
  fake.manner = 'slow'
  const off = new AbortController()
  const sending = ['一', '二', '三'].map((text, i) => channel.send(saying(text, `a${i}`), text === '二' ? off.signal : never))
  off.abort()
  await expect(sending[1]).rejects.toThrow(DeliveryFailed)
  await Promise.all([sending[0], sending[2]])
  expect(fake.texts.map(({ text }) => text)).toEqual(['一', '三'])
})

test('a modem that stopped in the middle is started anew, a SIM without its PIN needs a person, a word is no number', async () => {
  const { fake, channel } = await stand(400)
  fake.manner = 'cut'
  await expect(channel.send(saying('一'), never)).rejects.toThrow(DeliveryFailed)
  fake.manner = 'no-sim'
  await expect(channel.send(saying('二'), never)).rejects.toThrow(ChannelMisconfigured)
  fake.manner = 'accepting'
  await channel.send(saying('三'), never)
  expect(fake.texts.at(-1)!.text).toBe('三')
  const said = fake.commands.length
  for (const address of ['1380013800;AT+CMGD=1', 'AT\r', '', null])
    await expect(channel.send(sampleMessage({ to: { personId: 'p1', address } }), never)).rejects.toThrow(DeliveryRefused)
  expect(fake.commands).toHaveLength(said)
})
