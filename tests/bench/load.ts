import { PacketRing, Publisher } from './publisher.ts'

/**
 * The load client, a process of its own on its own core: `load.ts '<LoadSpec as JSON>'` prints a LoadResult as JSON.
 * Each connection keeps `inFlight` publishes unacknowledged, or sends `perSecond` publishes a second whatever comes back.
 */
export type LoadSpec = {
  port: number
  /** one connection for each, with its user name (a token), its topic and the payloads it sends round and round */
  connections: { username: string; topic: string; payloads: string[] }[]
  inFlight: number
  perSecond?: number
  warmUpSeconds: number
  seconds: number
}
/** `acked` in the measured time; `ackedInAll` and `unacked` of everything that was sent. */
export type LoadResult = {
  acked: number
  perSecond: number
  ackP50Ms: number
  ackP99Ms: number
  ackedInAll: number
  unacked: number
}

const PACE_MS = 10
/** Every this many publishes of a connection one is timed. */
const TIMED = 64

export const quantile = (sorted: number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN

async function run(spec: LoadSpec): Promise<LoadResult> {
  let acked = 0
  let ackedInAll = 0
  let unacked = 0
  let measuring = false
  let stopped = false
  const times: number[] = []
  const starts: (() => void)[] = []

  for (const [i, { username, topic, payloads }] of spec.connections.entries()) {
    const client = await Publisher.connect(spec.port, `bench-${process.pid}-${i}`, username)
    const ring = new PacketRing(topic, payloads)
    let sent = 0
    let answered = 0
    let timed: { at: number; started: number } | null = null
    const send = (count: number) => {
      if (timed === null && sent % TIMED < count) timed = { at: sent, started: performance.now() }
      const slices = ring.slices(sent, count)
      sent += count
      unacked += count
      client.socket.cork()
      for (const slice of slices) client.socket.write(slice)
      client.socket.uncork()
    }
    client.onAcks = (count) => {
      answered += count
      unacked -= count
      ackedInAll += count
      if (measuring) acked += count
      if (timed !== null && answered > timed.at) {
        if (measuring) times.push(performance.now() - timed.started)
        timed = null
      }
      if (!stopped && spec.perSecond === undefined) send(count)
    }
    starts.push(() => {
      if (spec.perSecond === undefined) return send(spec.inFlight)
      let owed = (i / spec.connections.length) * 1
      let last = performance.now()
      const pace = setInterval(() => {
        if (stopped) return clearInterval(pace)
        const now = performance.now()
        owed += ((now - last) / 1000) * spec.perSecond!
        last = now
        const due = Math.min(Math.floor(owed), ring.size)
        owed -= Math.floor(owed)
        if (due > 0 && sent - answered < 20_000) send(due)
      }, PACE_MS)
    })
  }
  for (const start of starts) start()
  await new Promise((resolve) => setTimeout(resolve, spec.warmUpSeconds * 1000))
  measuring = true
  const began = performance.now()
  await new Promise((resolve) => setTimeout(resolve, spec.seconds * 1000))
  measuring = false
  const seconds = (performance.now() - began) / 1000
  stopped = true
  for (const end = performance.now() + 5_000; unacked > 0 && performance.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  times.sort((a, b) => a - b)
  return {
    acked,
    perSecond: acked / seconds,
    ackP50Ms: quantile(times, 0.5),
    ackP99Ms: quantile(times, 0.99),
    ackedInAll,
    unacked,
  }
}

if (process.argv[1]?.endsWith('/load.ts')) {
  let input = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) input += chunk as string
  const result = await run(JSON.parse(input) as LoadSpec)
  process.stdout.write(`${JSON.stringify(result)}\n`)
  process.exit(0)
}
