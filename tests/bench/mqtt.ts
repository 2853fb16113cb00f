import { gatewayBatches, singleValues } from './payloads.ts'
import { type Bench, median, ms, spread, whole } from './report.ts'
import {
  load,
  makeDevices,
  type Server,
  startAedes,
  startMosquitto,
  startWatchfire,
  withPeakRss,
  type Watchfire,
} from './servers.ts'
import type { LoadResult } from './load.ts'

const CONNECTIONS = 50
const GATEWAYS = 20
const READINGS_A_BATCH = 50
/** More payloads than the largest window, so that packet ids do not meet themselves. */
const RING = 1000

type Measured = { perSecond: number[]; p50: number[]; p99: number[]; peakMb: number[]; catchUpMs: number[] }
const nothing = (): Measured => ({ perSecond: [], p50: [], p99: [], peakMb: [], catchUpMs: [] })

/** Single-value messages at 10 and 100 in flight, against the others; then batches of 50 readings. */
export async function benchMqtt(bench: Bench): Promise<void> {
  const results = new Map<string, Measured>()
  const of = (key: string) => results.get(key) ?? results.set(key, nothing()).get(key)!
  const payloads = singleValues(RING)

  const starts: (() => Promise<Server | Watchfire | null>)[] = [startAedes, startMosquitto, () => startWatchfire(CONNECTIONS)]
  for (let round = 0; round < bench.rounds; round++) {
    for (const start of starts) {
      const server = await start()
      if (!server) {
        if (round === 0) bench.note('mosquitto is not installed here (Debian: apt-get install mosquitto), so it is not compared')
        continue
      }
      for (const inFlight of [10, 100]) {
        const connections = Array.from({ length: CONNECTIONS }, (_, i) => ({
          username: server.username(i),
          topic: server.topic,
          payloads,
        }))
        await measure(bench, server, of(`${server.name} ${inFlight}`), { connections, inFlight })
      }
      if ('platform' in server)
        await measure(bench, server, of('batched'), {
          connections: await gateways(server),
          inFlight: 10,
          readingsEach: READINGS_A_BATCH,
        })
      await server.stop()
    }
  }

  for (const [inFlight, goal] of [
    [10, 0.45],
    [100, 0.45],
  ] as const) {
    const [plain, own, other] = ['aedes', 'watchfire', 'mosquitto'].map((name) => of(`${name} ${inFlight}`))
    const ratio = median(own!.perSecond) / median(plain!.perSecond)
    bench.add({
      what: `single-value QoS 1 acked/s, ${CONNECTIONS} connections × ${inFlight} in flight: durable, judged, stored`,
      target: `≥ ${goal} of plain aedes, then ≥ 0.55`,
      measured: `${spread(own!.perSecond, whole)}/s, ratio ${ratio.toFixed(2)}`,
      met: ratio >= goal,
      detail: [
        `plain aedes ${spread(plain!.perSecond, whole)}/s`,
        other!.perSecond.length > 0 ? `mosquitto ${spread(other!.perSecond, whole)}/s` : 'mosquitto not installed',
        `ack p50 ${ms(median(own!.p50))} ms, p99 ${ms(median(own!.p99))} ms (aedes ${ms(median(plain!.p50))} / ${ms(median(plain!.p99))})`,
        `all stored ${ms(median(own!.catchUpMs))} ms after the last ack`,
        `peak RSS ${whole(Math.max(...own!.peakMb))} MB (aedes ${whole(Math.max(...plain!.peakMb))})`,
      ].join('; '),
    })
  }
  const batched = of('batched')
  const readings = batched.perSecond.map((messages) => messages * READINGS_A_BATCH)
  bench.add({
    what: `readings/s in batches of ${READINGS_A_BATCH} a message through ${GATEWAYS} gateways, same guarantees`,
    target: '≥ 500,000',
    measured: `${spread(readings, whole)}/s`,
    met: median(readings) >= 500_000,
    detail: [
      `ack p50 ${ms(median(batched.p50))} ms, p99 ${ms(median(batched.p99))} ms`,
      `all stored ${ms(median(batched.catchUpMs))} ms after the last ack`,
      `peak RSS ${whole(Math.max(...batched.peakMb))} MB`,
    ].join('; '),
  })
}

async function measure(
  bench: Bench,
  server: Server | Watchfire,
  into: Measured,
  spec: { connections: { username: string; topic: string; payloads: string[] }[]; inFlight: number; readingsEach?: number },
): Promise<void> {
  const run = () => load({ ...spec, port: server.port, warmUpSeconds: bench.quick ? 1 : 3, seconds: bench.seconds })
  const { result, peakMb } = await withPeakRss<LoadResult>(server.pid, run)
  into.perSecond.push(result.perSecond)
  into.p50.push(result.ackP50Ms)
  into.p99.push(result.ackP99Ms)
  into.peakMb.push(peakMb)
  if (!('platform' in server)) return
  into.catchUpMs.push(await catchUp(server))
  await checkStored(server, result, spec.readingsEach ?? 1)
}

/** Readings acknowledged and stored so far, by server: a rate of messages that were not stored would be no rate. */
const counted = new WeakMap<Watchfire, { acked: number; sent: number }>()

async function checkStored(server: Watchfire, { ackedInAll, unacked }: LoadResult, readingsEach: number): Promise<void> {
  const so = counted.get(server) ?? { acked: 0, sent: 0 }
  so.acked += ackedInAll * readingsEach
  so.sent += (ackedInAll + unacked) * readingsEach
  counted.set(server, so)
  type Page = { series: { points: [number, number][] }[]; next?: string }
  let stored = 0
  for (let next = ''; ;) {
    const page = await server.platform.call<Page>('GET', `/api/v1/readings?from=0&to=4102444800000&every=1d&fn=count${next}`)
    for (const { points } of page.series) for (const [, count] of points) stored += count
    if (!page.next) break
    next = `&cursor=${encodeURIComponent(page.next)}`
  }
  if (stored < so.acked || stored > so.sent) {
    throw new Error(`${stored} readings are stored, ${so.acked} were acknowledged and ${so.sent} sent: the rate means nothing`)
  }
}

/** How long until history has everything acknowledged so far: the query waits for that, or says `catching-up`. */
async function catchUp({ platform }: Watchfire): Promise<number> {
  const began = performance.now()
  const headers = { authorization: `Bearer ${await platform.token()}` }
  const { body } = await platform.ask('GET', '/api/v1/devices', undefined, headers)
  const [device] = (body as { devices: { id: string }[] }).devices
  for (;;) {
    const { status } = await platform.ask('GET', `/api/v1/readings?device=${device!.id}&from=0&to=1`, undefined, headers)
    if (status === 200) return performance.now() - began
    if (status !== 503) throw new Error(`GET /readings answered ${status}`)
  }
}

let made = 0
/** Each gateway speaks for ten devices of its own. */
async function gateways(server: Watchfire) {
  const connections = []
  for (let g = 0; g < GATEWAYS; g++) {
    const prefix = `g${made++}`
    await makeDevices(server.platform, server.enterpriseId, 'gas-detector', 10, prefix)
    const names = Array.from({ length: 10 }, (_, k) => `${prefix}-${k}`)
    connections.push({
      username: await server.gatewayToken(made),
      topic: 'v1/gateway/telemetry',
      payloads: gatewayBatches(200, names),
    })
  }
  return connections
}
