import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Channel, DeliveryFailed, DeliveryRefused, type Notice } from '../../alerts/channels/index.ts'
import { PlatformError } from '../../core/errors.ts'

/** What a channel must be able to meet at the other end, made by the test of that channel. */
export type ChannelStand = {
  /** a channel to a receiver that behaves as named; `timeoutMs` is short where it is given */
  to(receiver: 'accepting' | 'hanging' | 'unreachable' | 'refusing' | 'failing'): Promise<Channel>
  /** strings that must never stand in an error */
  secrets: string[]
  received(): number
  stop(): Promise<void>
}

/** The contract of `alerts/channels/channel.ts`, for every kind of channel. */
export function channelSuite(name: string, start: () => Promise<ChannelStand>, notice: Notice): void {
  describe(`channel ${name}`, () => {
    let stand: ChannelStand
    const never = new AbortController().signal
    beforeAll(async () => {
      stand = await start()
    })
    afterAll(() => stand.stop())

    test('a notice that is accepted arrives once and says how it was answered', async () => {
      const before = stand.received()
      const channel = await stand.to('accepting')
      expect(await channel.send(notice, never)).not.toBe('')
      expect(stand.received() - before).toBe(1)
    })

    test.each(['hanging', 'unreachable', 'failing'] as const)(
      'a %s receiver is a failure, to be tried again',
      async (receiver) => {
        const channel = await stand.to(receiver)
        await expect(channel.send(notice, never)).rejects.toBeInstanceOf(DeliveryFailed)
      },
    )

    test('a refusal is a refusal, not to be tried again', async () => {
      const channel = await stand.to('refusing')
      await expect(channel.send(notice, never)).rejects.toBeInstanceOf(DeliveryRefused)
    })

    test('sending stops at once when it is called off', async () => {
      const channel = await stand.to('hanging')
      const off = new AbortController()
      const sending = channel.send(notice, off.signal)
      const started = performance.now()
      off.abort()
      await expect(sending).rejects.toThrow()
      expect(performance.now() - started).toBeLessThan(200)
    })

    test('no error carries a secret', async () => {
      for (const receiver of ['hanging', 'unreachable', 'failing', 'refusing'] as const) {
        const channel = await stand.to(receiver)
        const error = await channel.send(notice, never).catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(PlatformError)
        const { message, stack, details, cause } = error as PlatformError
        const text = JSON.stringify({ message, stack, details, cause: String(cause) })
        for (const secret of stand.secrets) expect(text).not.toContain(secret)
      }
    })
  })
}
