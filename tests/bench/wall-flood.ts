import { setTimeout } from 'node:timers/promises'
import { loadavg } from 'node:os'
import type { CDPSession, Page } from 'playwright-core'
import { io } from 'socket.io-client'
import type { LevelCounters, Snapshot } from '../../core/live.ts'
import { levels } from '../../core/level.ts'
import { quantile } from './load.ts'
import { Publisher } from './publisher.ts'
import { publishPacket } from './raw-mqtt-client.ts'
import { type Bench, ms, whole } from './report.ts'
import { makeDevice, makeDevices, startWatchfire, type Watchfire } from './servers.ts'
import { openChromium, openWall } from './wall-screen.ts'

// What a page's own code uses here; the bench itself runs without a browser's types.
type HTMLElement = { dataset: Record<string, string | undefined> }
declare const window: object
declare const document: { body: object; querySelector<E>(selector: string): E | null }
declare const requestAnimationFrame: (draw: (at: number) => void) => void
declare const PerformanceObserver: new (take: (list: { getEntries(): { duration: number }[] }) => void) => {
  observe(what: object): void
}

const ENTERPRISES = 20
const OPEN = 5_000
const ALARMS_A_SECOND = 50
const FRAME_MS = 1000 / 60
const CHECK_MS = 500
/** The wall and the feed are looked at one after the other; what one showed the other must have shown about then. */
const APART_MS = 1_000
/** So long after the last publish everything is counted, or something is missing. */
const SETTLES_MS = 15_000
const YELLOW = 31.5
const RED = 62.5

type Seen = { open: number[]; unacknowledged: number[] }
const key = ({ open, unacknowledged }: Seen) => `${open.join(' ')} / ${unacknowledged.join(' ')}`
const seenIn = (counters: LevelCounters): string =>
  key({
    open: levels.map((level) => counters[level].open),
    unacknowledged: levels.map((level) => counters[level].unacknowledged),
  })

/** So many alarms of the flood on top of those that stood, yellow and red in turn. */
const expected = (count: number): string => {
  const of = levels.map((level) =>
    level === 'yellow' ? OPEN + Math.ceil(count / 2) : level === 'red' ? Math.floor(count / 2) : 0,
  )
  return key({ open: of, unacknowledged: of })
}

/** What the tiles say. */
const shownBy = async (page: Page): Promise<string> =>
  key(
    await page.evaluate(
      (names) => {
        const tiles = names.map((level) => document.querySelector<HTMLElement>(`.tile[data-level=${level}][data-open]`)!.dataset)
        return {
          open: tiles.map((tile) => Number(tile['open'])),
          unacknowledged: tiles.map((tile) => Number(tile['unacknowledged'])),
        }
      },
      [...levels],
    ),
  )

/** The counts the platform gives its screens, with the time each came. */
async function followCounts({ platform }: Watchfire) {
  const states: { at: number; counts: string }[] = []
  const note = (counters: LevelCounters) => states.push({ at: performance.now(), counts: seenIn(counters) })
  const feed = io(`${platform.http}/live`, { transports: ['websocket'], auth: { token: await platform.token() }, forceNew: true })
  feed.on('snapshot', ({ counters }: Snapshot) => note(counters))
  feed.on('change', (change: { kind: string; counters?: LevelCounters }) => change.counters && note(change.counters))
  await new Promise<void>((resolve, reject) => {
    feed.once('connect', () => resolve())
    feed.once('connect_error', reject)
  })
  await feed.emitWithAck('subscribe', {})
  await feed.emitWithAck('snapshot', {})
  return {
    newest: () => states.at(-1)?.counts,
    /** whether this was the platform's count at some time since `from`, or the last before it */
    was: (counts: string, from: number) => {
      const first = states.findLastIndex(({ at }) => at < from)
      return states.slice(Math.max(0, first)).some((state) => state.counts === counts)
    },
    end: () => void feed.disconnect(),
  }
}

async function watchFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    const tasks: number[] = []
    const gaps: number[] = []
    Object.assign(window, { tasks, gaps })
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: 'longtask',
    })
    let last = performance.now()
    const frame = (at: number) => {
      gaps.push(at - last)
      last = at
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  })
}

async function heapMb(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage')
  const { metrics } = await session.send('Performance.getMetrics')
  return (metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? NaN) / 1e6
}

/** Fifty alarms a second on top of 5,000 open ones, through the whole platform, and what Chromium makes of it. */
export async function benchWallFlood(bench: Bench): Promise<void> {
  await using browser = await openChromium()
  const server = await startWatchfire(1, { pin: false })
  try {
    const seconds = bench.quick ? 15 : 60
    const points = await install(server, OPEN + seconds * ALARMS_A_SECOND)
    for (const { raise } of points.slice(0, OPEN)) raise(YELLOW)
    const counts = await followCounts(server)
    const standing = expected(0)
    for (let waited = 0; counts.newest() !== standing; waited++) {
      if (waited > 300) throw new Error(`the platform counts ${counts.newest()} instead of ${standing}`)
      await setTimeout(100)
    }
    const page = await openWall(browser, server)
    await measure(bench, page, points.slice(OPEN), counts, seconds)
    counts.end()
  } finally {
    await server.stop()
  }
}

/** Points behind gateways of several enterprises, in turn. */
async function install(server: Watchfire, count: number): Promise<{ raise(value: number): void }[]> {
  const { platform } = server
  const gateways: { publisher: Publisher; prefix: string }[] = []
  for (let e = 0; e < ENTERPRISES; e++) {
    const enterprise = { name: `enterprise ${e}`, region: '370102' }
    const { id } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', enterprise)
    const { token } = await makeDevice(platform, id, 'gateway', `gateway-${e}`)
    // Each says one thing and no more, which is no silence for a while.
    const rare = { expectedPeriodMs: 3_600_000 }
    await makeDevices(platform, id, 'gas-detector', Math.ceil(count / ENTERPRISES), `point-${e}`, rare)
    gateways.push({ publisher: await Publisher.connect(server.port, `gateway-${e}`, token), prefix: `point-${e}` })
  }
  return Array.from({ length: count }, (_, i) => {
    const { publisher, prefix } = gateways[i % ENTERPRISES]!
    const name = `${prefix}-${Math.floor(i / ENTERPRISES)}`
    const packet = (value: number) =>
      publishPacket('v1/gateway/telemetry', `{"${name}":[{"values":{"combustibleLel":${value}}}]}`, { id: 1 + (i % 60_000) })
    return { raise: (value) => void publisher.socket.write(packet(value)) }
  })
}

async function measure(
  bench: Bench,
  page: Page,
  points: { raise(value: number): void }[],
  counts: Awaited<ReturnType<typeof followCounts>>,
  seconds: number,
): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  await setTimeout(2_000)
  const before = await heapMb(session)
  await watchFrames(page)
  const began = performance.now()
  let sent = 0
  let checks = 0
  let wrong = 0
  let checked = began
  while (sent < points.length) {
    const due = Math.min(points.length, Math.floor(((performance.now() - began) / 1000) * ALARMS_A_SECOND))
    for (; sent < due; sent++) points[sent]!.raise(sent % 2 === 0 ? YELLOW : RED)
    if (performance.now() - checked >= CHECK_MS) {
      checked = performance.now()
      const shown = await shownBy(page)
      // What the wall was faster with than our own connection comes a moment later.
      if (!counts.was(shown, checked - APART_MS)) await setTimeout(50)
      checks++
      if (!counts.was(shown, checked - APART_MS)) wrong++
    }
    await setTimeout(5)
  }
  const took = (performance.now() - began) / 1000
  const found = await page.evaluate(() => {
    const { tasks, gaps } = window as unknown as { tasks: number[]; gaps: number[] }
    return { tasks, gaps }
  })
  const all = expected(sent)
  const ended = performance.now()
  while (counts.newest() !== all && performance.now() - ended < SETTLES_MS) await setTimeout(50)
  const platformMs = performance.now() - ended
  while ((await shownBy(page)) !== all && performance.now() - ended < SETTLES_MS) await setTimeout(50)
  const equal = (await shownBy(page)) === counts.newest() && counts.newest() === all
  const after = await heapMb(session)
  const nodes = await page.locator('*').count()
  const gaps = found.gaps.toSorted((a, b) => a - b)
  const missed = gaps.reduce((sum, gap) => sum + Math.max(0, Math.round(gap / FRAME_MS) - 1), 0)
  const longest = Math.max(0, ...found.tasks)
  bench.add({
    what: `wall in Chromium, ${ALARMS_A_SECOND} alarms/s for ${seconds} s on ${whole(OPEN)} open: longest task`,
    target: '≤ 200 ms, counts equal',
    measured: `${ms(longest)} ms`,
    met: longest <= 200 && wrong === 0 && equal,
    detail: [
      `${whole(sent)} alarms in ${took.toFixed(1)} s, ${found.tasks.length} tasks over 50 ms`,
      `${whole(gaps.length)} frames drawn, ${whole(missed)} of 60 a second missed, gap p99 ${ms(quantile(gaps, 0.99))} ms`,
      `heap after collection ${ms(before)} → ${ms(after)} MB, ${whole(nodes)} elements`,
      `counts looked at ${checks} times, ${wrong} not those of the feed within ${APART_MS / 1000} s, ${equal ? 'every alarm counted on both' : `**the platform counts ${counts.newest()}, not ${all}**`} ${ms(platformMs)} ms after the last publish`,
      `platform and browser share the cores; load average ${loadavg()[0]!.toFixed(1)}`,
    ].join('; '),
  })
}
