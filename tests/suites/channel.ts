import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Channel, DeliveryFailed, DeliveryRefused } from '../../alerts/channels/index.ts'
import { PlatformError } from '../../core/errors.ts'
import type { Message } from '../../core/push.ts'

/** How the other end behaves. What the first five mean every channel knows; the rest only some can meet. */
export type Manner = 'accepting' | 'hanging' | 'unreachable' | 'refusing' | 'failing' | 'slow' | 'cut' | 'untrusted'

/** What a channel must be able to meet at the other end, made by the test of that channel. */
export type ChannelStand = {
  /** a channel to a receiver that behaves as named, which gives up after `timeoutMs` */
  to(receiver: Manner, timeoutMs: number): Promise<Channel>
  /** of the manners only some can meet */
  meets?: ('slow' | 'cut' | 'untrusted')[]
  /** strings that must never stand in an error */
  secrets: string[]
  received(): number
  stop(): Promise<void>
}

/** The contract of `alerts/channels/channel.ts`, for every kind of channel. */
export function channelSuite(name: string, start: () => Promise<ChannelStand>, message: Message): void {
  describe(`channel ${name}`, () => {
    let stand: ChannelStand
    const never = new AbortController().signal
    const opened: Channel[] = []
    const to = async (receiver: Manner, timeoutMs = receiver === 'hanging' ? 300 : 5_000) => {
      const channel = await stand.to(receiver, timeoutMs)
      opened.push(channel)
      return channel
    }
    beforeAll(async () => {
      stand = await start()
    })
    afterAll(async () => {
      for (const channel of opened) await channel.close?.()
      await stand.stop()
    })

    test('a message that is accepted arrives once and says how it was answered', async () => {
      const before = stand.received()
      const channel = await to('accepting')
      const { receipt, detail } = await channel.send(message, never)
      expect(['accepted', 'delivered']).toContain(receipt)
      expect(detail).not.toBe('')
      expect(stand.received() - before).toBe(1)
    })

    test.each(['hanging', 'unreachable', 'failing'] as const)(
      'a %s receiver is a failure, to be tried again',
      async (receiver) => {
        const channel = await to(receiver)
        await expect(channel.send(message, never)).rejects.toBeInstanceOf(DeliveryFailed)
      },
    )

    test('an answer that breaks off and a certificate nobody vouches for are failures, a slow answer is none', async () => {
      for (const receiver of stand.meets ?? []) {
        const sending = (await to(receiver)).send(message, never)
        if (receiver === 'slow') expect(await sending).toMatchObject({ receipt: expect.any(String) as string })
        else await expect(sending, receiver).rejects.toBeInstanceOf(DeliveryFailed)
      }
    })

    test('a channel that failed works again once the receiver does', async () => {
      await (await to('failing')).send(message, never).catch(() => undefined)
      expect(await (await to('accepting')).send(message, never)).toMatchObject({ detail: expect.any(String) as string })
    })

    test('a refusal is a refusal, not to be tried again', async () => {
      const channel = await to('refusing')
      await expect(channel.send(message, never)).rejects.toBeInstanceOf(DeliveryRefused)
    })

    test('sending stops at once when it is called off, before it began as well', async () => {
      const channel = await to('hanging', 20_000)
      const off = new AbortController()
      const sending = channel.send(message, off.signal)
      const started = performance.now()
      off.abort()
      await expect(sending).rejects.toThrow()
      await expect(channel.send(message, off.signal)).rejects.toThrow()
      expect(performance.now() - started).toBeLessThan(3_000)
    })

    test('no error carries a secret or the address of a person', async () => {
      for (const receiver of ['hanging', 'unreachable', 'failing', 'refusing', ...(stand.meets ?? [])] as const) {
        const channel = await to(receiver)
        const error = await channel.send(message, never).then(
          () => null,
          (thrown: unknown) => thrown,
        )
        if (error === null) continue
        expect(error).toBeInstanceOf(PlatformError)
        const { message: said, stack, details, cause } = error as PlatformError
        const text = JSON.stringify({ said, stack, details, cause: String(cause) })
        for (const secret of [...stand.secrets, ...(message.to.address ? [message.to.address] : [])])
          expect(text).not.toContain(secret)
      }
    })
  })
}
