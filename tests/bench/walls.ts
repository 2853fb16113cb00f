import { io, type Socket } from 'socket.io-client'
import type { Change } from '../../core/live.ts'
import { quantile } from './load.ts'
import { Publisher } from './publisher.ts'
import { publishPacket } from './raw-mqtt-client.ts'

/**
 * The watching end, a process of its own on the client's core: `walls.ts '<WatchSpec as JSON>'`. Publishes readings that
 * cross a limit, each from a device of its own, and takes the time until every feed client has the change: one clock.
 */
export type WatchSpec = {
  http: string
  session: string
  port: number
  clients: number
  devices: { id: string; token: string }[]
  /** between two crossings */
  everyMs: number
  /** what each device publishes, one after the other; each crosses a limit */
  crossings: string[]
}
export type WatchResult = {
  p50Ms: number
  p99Ms: number
  maxMs: number
  samples: number
  missing: number
  gaps: number
  /** whole pictures sent because a wall had fallen behind; the changes they cover count as missing */
  pictures: number
  disconnects: number
  ackP50Ms: number
}

async function watch(spec: WatchSpec): Promise<WatchResult> {
  const started = new Map<string, number>()
  const seen = new Map<string, number>()
  const times: number[] = []
  let gaps = 0
  let pictures = 0
  let disconnects = 0
  const walls: Socket[] = []
  for (let i = 0; i < spec.clients; i++) {
    let last: number | null = null
    const wall = io(`${spec.http}/live`, { transports: ['websocket'], auth: { token: spec.session }, forceNew: true })
    for (const name of ['change', 'readings', 'hb']) {
      wall.on(name, ({ seq }: { seq: number }) => {
        if (last !== null && seq > last + 1) gaps++
        last = seq
      })
    }
    // A wall that fell behind is sent the whole picture instead of what it missed.
    wall.on('snapshot', ({ seq }: { seq: number }) => {
      if (last !== null) pictures++
      last = seq
    })
    wall.on('disconnect', () => disconnects++)
    wall.on('change', (change: Change) => {
      if (change.kind !== 'alarm') return
      const { deviceId, level } = change.alarm
      const key = `${deviceId} ${level}`
      const began = started.get(key)
      if (began === undefined) return
      times.push(performance.now() - began)
      seen.set(key, (seen.get(key) ?? 0) + 1)
    })
    await new Promise<void>((resolve, reject) => {
      wall.once('connect', () => resolve())
      wall.once('connect_error', reject)
    })
    await wall.emitWithAck('snapshot', {})
    await wall.emitWithAck('subscribe', {})
    walls.push(wall)
  }

  pictures = 0
  const ackTimes: number[] = []
  let expected = 0
  const publishers: Publisher[] = []
  for (const { token } of spec.devices) publishers.push(await Publisher.connect(spec.port, 'crossing', token))
  for (const [step, payload] of spec.crossings.entries()) {
    for (const [i, { id }] of spec.devices.entries()) {
      const client = publishers[i]!
      const level = step === 0 ? 'yellow' : 'red'
      const began = performance.now()
      client.onAcks = () => void ackTimes.push(performance.now() - began)
      started.set(`${id} ${level}`, began)
      client.socket.write(publishPacket('v1/devices/me/telemetry', payload, { id: step + 1 }))
      expected += spec.clients
      await new Promise((resolve) => setTimeout(resolve, spec.everyMs))
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  const unasked = disconnects
  for (const wall of walls) wall.disconnect()
  times.sort((a, b) => a - b)
  ackTimes.sort((a, b) => a - b)
  return {
    gaps,
    pictures,
    disconnects: unasked,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    maxMs: times.at(-1) ?? NaN,
    samples: times.length,
    missing: expected - [...seen.values()].reduce((sum, count) => sum + count, 0),
    ackP50Ms: quantile(ackTimes, 0.5),
  }
}

if (process.argv[1]?.endsWith('/walls.ts')) {
  let input = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) input += chunk as string
  process.stdout.write(`${JSON.stringify(await watch(JSON.parse(input) as WatchSpec))}\n`)
  process.exit(0)
}
