import type { Clock } from '../core/clock.ts'
import { silentLog, type Log } from '../core/log.ts'
import type { Part, PartStatus } from '../core/part.ts'
import { district } from './district.ts'
import { Fleet, type Channel, type Report } from './fleet.ts'
import { sendHistory } from './history.ts'
import { Link } from './link.ts'
import { isCut, scenarios, type Scenario } from './scenario.ts'
import { Story, type StoryState } from './story.ts'
import { TrafficLog, type Sent } from './traffic-log.ts'

const TICK_MS = 100
/** A stretch longer than this was sleep (a closed laptop), not lateness: what was due in it is not made up. */
const LONGEST_STRETCH_MS = 2_000

export type SimulatorOptions = {
  /** where the platform listens for MQTT, e.g. mqtt://127.0.0.1:1883 */
  url: string
  seed?: number
  scenario?: Scenario
  /** so many times as often as devices of their kind report */
  pace?: number
  clock?: Clock
  log?: Log
  traffic?: TrafficLog
  /** backfill to send before anything live: from ≤ t < to; absent when the platform has it already */
  history?: { from: number; to: number }
  /** send what is due every 100 ms; false when a test calls `advance` itself */
  timer?: boolean
}

export interface Simulator extends Part {
  readonly traffic: TrafficLog
  readonly fleet: Fleet
  /** somebody watches: the story begins, once */
  begin(): void
  restart(): void
  state(): StoryState
  /** Sends everything due up to the clock's now. Resolves when all of it is acknowledged or lost. */
  advance(): Promise<void>
}

type Line = { channel: Channel; link: Link | null; opening: Promise<void> | null }

/** The district, alive over MQTT: connects every device and gateway, sends history, then live traffic until stopped. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const {
    url,
    seed = 1,
    scenario = scenarios['leak']!,
    pace = 1,
    clock = { now: () => Date.now() },
    log = silentLog,
    history,
    timer = true,
  } = options
  const traffic = options.traffic ?? new TrafficLog()
  const fleet = new Fleet(district(), seed, scenario, pace)
  const story = new Story(scenario, clock)
  const lines = new Map<string, Line>(fleet.channels.map((channel) => [channel.deviceId, { channel, link: null, opening: null }]))
  let stopped = false

  /** The platform is ours and starts before us: what cannot connect at the start is a fault, later it is tried again. */
  async function connect(line: Line): Promise<void> {
    const { deviceId, token } = line.channel
    const reconnected = () => void introduce(line).catch(() => undefined)
    const link = await Link.open({ url, token, clientId: `sim-${deviceId}`, reconnect: true, reconnected })
    if (stopped) return link.cut()
    line.link = link
    await introduce(line)
  }

  /** A gateway says who is behind it. */
  async function introduce({ channel, link }: Line): Promise<void> {
    const behind = channel.units.filter(({ id }) => id !== channel.deviceId)
    await Promise.all(behind.map(({ id }) => link!.publish('v1/gateway/connect', JSON.stringify({ device: id }))))
  }

  function reconnect(line: Line): void {
    line.opening ??= connect(line)
      .catch((error: Error) =>
        log.warn('simulated device cannot connect', { deviceId: line.channel.deviceId, error: error.message }),
      )
      .finally(() => (line.opening = null))
  }

  await Promise.all([...lines.values()].map(connect))
  if (history) {
    const begun = clock.now()
    const links = new Map([...lines].map(([id, { link }]) => [id, link!]))
    const values = await sendHistory(fleet, links, history.from, history.to)
    log.info('simulated history sent', { values, ms: clock.now() - begun })
  }

  const liveSince = clock.now()
  let round = 0
  /** up to where everything due has been sent: since `liveSince` before the story, since its beginning in it */
  let done = 0
  const figures = { missed: 0 }

  function advance(): Promise<void> {
    if (story.round !== round) {
      round = story.round
      done = 0
    }
    const startedAt = story.startedAt
    const base = startedAt === null ? liveSince : null
    const origin = startedAt ?? liveSince
    const to = clock.now() - origin + 1
    // A test's clock jumps on purpose; a real one only jumps when the machine slept.
    const from = timer ? Math.max(done, to - LONGEST_STRETCH_MS) : done
    done = Math.max(done, to)
    if (base === null) pullAndPlug(to)
    const byChannel = Map.groupBy(fleet.reports(from, to, base, story.told), ({ channel }) => channel.deviceId)
    return Promise.all([...byChannel].map(([id, reports]) => send(lines.get(id)!, reports, origin))).then(() => undefined)
  }

  /** Cuts the lines the story cuts, and brings back those it gives back. */
  function pullAndPlug(storyMs: number): void {
    for (const line of lines.values()) {
      const cut = isCut(scenario, line.channel.deviceId, storyMs)
      if (cut && line.link) {
        line.link.cut()
        line.link = null
      } else if (!cut && !line.link) reconnect(line)
    }
  }

  async function send({ channel, link }: Line, reports: Report[], origin: number): Promise<void> {
    if (!link?.connected) {
      figures.missed += reports.length
      return
    }
    const own = reports.filter(({ unit }) => unit.id === channel.deviceId)
    const behind = reports.filter(({ unit }) => unit.id !== channel.deviceId)
    const message = ({ atMs, values }: Report) => ({ ts: origin + atMs, values })
    const messages: Promise<void>[] = own.map((report) =>
      publish(link, 'v1/devices/me/telemetry', JSON.stringify(message(report)), [report], origin),
    )
    if (behind.length > 0) {
      const byDevice: Record<string, unknown[]> = {}
      for (const report of behind) (byDevice[report.unit.id] ??= []).push(message(report))
      messages.push(publish(link, 'v1/gateway/telemetry', JSON.stringify(byDevice), behind, origin))
    }
    await Promise.all(messages)
  }

  async function publish(link: Link, topic: string, payload: string, reports: Report[], origin: number): Promise<void> {
    const sent: Sent[] = reports.flatMap(({ unit, atMs, values }) =>
      Object.entries(values).map(([metric, value]) => ({
        device: unit.id,
        metric,
        value,
        measuredAt: origin + atMs,
        publishedAt: clock.now(),
        acknowledgedAt: null,
      })),
    )
    for (const one of sent) traffic.publish(one)
    try {
      await link.publish(topic, payload)
      traffic.acknowledge(sent, clock.now())
    } catch {
      // The line was cut or the platform went away for good: that is what the log is for.
      traffic.lose(sent)
    }
  }

  const ticking = timer ? setInterval(() => void advance(), TICK_MS) : undefined

  return {
    traffic,
    fleet,
    begin: () => story.start(),
    restart: () => story.restart(),
    state: () => story.state(),
    advance,

    status(): PartStatus {
      const away = [...lines.values()].filter(({ link }) => !link?.connected).length
      return {
        name: 'simulators',
        state: 'ok',
        figures: {
          watchfire_simulated_readings_published_total: traffic.published,
          watchfire_simulated_readings_acknowledged_total: traffic.acknowledged,
          watchfire_simulated_readings_lost_total: traffic.lost,
          watchfire_simulated_reports_missed_total: figures.missed,
          watchfire_simulated_connections_away: away,
        },
      }
    },

    async stop() {
      stopped = true
      clearInterval(ticking)
      await Promise.all([...lines.values()].map(({ link }) => link?.close()))
      await traffic.close()
    },
  }
}
