import { setTimeout } from 'node:timers/promises'
import { loadavg } from 'node:os'
import type { Page } from 'playwright-core'
import { quantile } from './load.ts'
import { Publisher } from './publisher.ts'
import { publishPacket } from './raw-mqtt-client.ts'
import { type Bench, ms, whole } from './report.ts'
import { load, makeDevice, startWatchfire, type Watchfire } from './servers.ts'
import { clockOffset, gatewayLoad, openChromium, openWall, READINGS_A_MESSAGE } from './wall-screen.ts'

// What a page's own code uses here; the bench itself runs without a browser's types.
type HTMLElement = { dataset: Record<string, string | undefined> }
declare const window: object
declare const document: { body: object; querySelector<E>(selector: string): E | null }
declare const requestAnimationFrame: (draw: (at: number) => void) => void
declare const MessageChannel: new () => { port1: { onmessage: () => void }; port2: { postMessage(message: null): void } }
declare const MutationObserver: new (look: () => void) => { observe(node: object, what: object): void }

const READINGS_A_SECOND = 10_000
const BETWEEN_MS = 150
const GIVEN_UP_MS = 5_000
const TOPIC = 'v1/devices/me/telemetry'

const now = () => performance.timeOrigin + performance.now()

type Painted = { what: string; at: number }

/**
 * Says when a red alarm's count and a value of the card have been painted: the page is changed, the frame after the change is drawn, and
 * a task after that frame takes the time. Where the change was made within a frame itself this is one frame too late, never too early.
 */
async function tellPainted(page: Page, tell: (painted: Painted) => void): Promise<void> {
  await page.exposeFunction('painted', tell)
  await page.evaluate(() => {
    const { painted } = window as unknown as { painted(one: { what: string; at: number }): void }
    const known = new Set<string>()
    const afterFrame = (what: string) => {
      if (known.has(what)) return
      known.add(what)
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = () => painted({ what, at: performance.timeOrigin + performance.now() })
        port2.postMessage(null)
      })
    }
    const look = () => {
      const red = document.querySelector<HTMLElement>('.tile[data-level=red][data-open]')
      if (red) afterFrame(`red ${red.dataset['open']}`)
      const value = document.querySelector<HTMLElement>('[data-zone=newest] .measured')
      if (value) afterFrame(`value ${Number(value.dataset['value'])}`)
    }
    look()
    new MutationObserver(look).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
      attributeFilter: ['data-open', 'data-value'],
    })
  })
}

/** Publish at the device → painted in Chromium, while gateways send 10,000 readings a second. */
export async function benchPainted(bench: Bench): Promise<void> {
  await using browser = await openChromium()
  const server = await startWatchfire(1, { pin: false })
  try {
    await measure(bench, server, await openWall(browser, server))
  } finally {
    await server.stop()
  }
}

async function measure(bench: Bench, server: Watchfire, page: Page): Promise<void> {
  const count = bench.quick ? 40 : 200
  const devices = []
  for (let i = 0; i < count; i++)
    devices.push(await makeDevice(server.platform, server.enterpriseId, 'gas-detector', `marked-${i}`))
  const publishers: Publisher[] = []
  for (const { token } of devices) publishers.push(await Publisher.connect(server.port, 'marked', token))
  const waiting = new Map<string, (at: number) => void>()
  await tellPainted(page, ({ what, at }) => waiting.get(what)?.(at))
  const clock = await clockOffset(page)

  let over = false
  const spec = await gatewayLoad(server, READINGS_A_SECOND, Math.ceil((count * 2 * (BETWEEN_MS + 250)) / 1000) + 4)
  const background = load(spec).finally(() => (over = true))
  await setTimeout(2_500)
  const send = async (publisher: Publisher, value: number, what: string): Promise<number | null> => {
    const seen = new Promise<number>((resolve) => waiting.set(what, resolve))
    const began = now()
    publisher.socket.write(publishPacket(TOPIC, `{"combustibleLel":${value}}`))
    const at = await Promise.race([seen, setTimeout(GIVEN_UP_MS, null)])
    waiting.delete(what)
    // Not in step with the platform's own clockwork of five pictures of readings a second.
    await setTimeout(BETWEEN_MS + Math.random() * 100)
    return at === null ? null : at - clock.offsetMs - began
  }
  const outcomes: Record<string, { times: number[]; missing: number; outOfLoad: number }> = {}
  const note = (what: string, took: number | null) => {
    const one = (outcomes[what] ??= { times: [], missing: 0, outOfLoad: 0 })
    if (over) one.outOfLoad++
    if (took === null) one.missing++
    else one.times.push(took)
  }
  for (const [i, publisher] of publishers.entries()) note('red', await send(publisher, 62.5, `red ${i + 1}`))
  // The card shows one alarm, and beside what raised it the newest value of its point.
  const shown = await page.getAttribute('[data-zone=newest]', 'data-device')
  const index = devices.findIndex(({ id }) => id === shown)
  if (index < 0) throw new Error(`the card shows ${shown}, which is none of the marked devices`)
  for (let i = 0; i < count; i++) {
    const value = 63 + i / 10
    note('value', await send(publishers[index]!, value, `value ${value}`))
  }
  const { perSecond, ackP50Ms } = await background
  for (const publisher of publishers) publisher.close()

  const reached = perSecond * READINGS_A_MESSAGE
  for (const [what, title] of [
    ['red', 'a red alarm'],
    ['value', 'the newest value of the card'],
  ] as const) {
    const { times, missing, outOfLoad } = outcomes[what]!
    times.sort((a, b) => a - b)
    bench.add({
      what: `publish → painted in Chromium: ${title}, ${whole(READINGS_A_SECOND)} readings/s`,
      target: 'reported',
      measured: `p50 ${ms(quantile(times, 0.5))} ms, p99 ${ms(quantile(times, 0.99))} ms`,
      met: null,
      detail: [
        `${times.length} painted, ${missing} not within ${GIVEN_UP_MS / 1000} s, longest ${ms(times.at(-1) ?? NaN)} ms`,
        `background ${whole(reached)} readings/s acked, ack p50 ${ms(ackP50Ms)} ms${outOfLoad > 0 ? `, ${outOfLoad} after it had ended` : ''}`,
        `clocks of one machine, at most ${ms(clock.errorMs)} ms out, and up to a frame too late`,
        `platform, load and browser share the cores; load average ${loadavg()[0]!.toFixed(1)}`,
      ].join('; '),
    })
  }
}
