import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { ManualClock } from '../../../core/clock.ts'
import { silentLog } from '../../../core/log.ts'
import { PLATFORM, type RecordEntry } from '../../../core/record.ts'
import { Judging } from '../../../alerts/judging.ts'
import { startGateway } from '../../../gateway/gateway.ts'
import { recordDraft } from '../../../journal/codec.ts'
import { Directory } from '../../../journal/directory.ts'
import { openJournal } from '../../../journal/embedded.ts'
import { district } from '../../../simulators/district.ts'
import { dayRules } from './rules.ts'
import { installed } from './scenarios.ts'
import type { Message } from './traffic.ts'

/*
 * A process to be killed: journal, gateway and judging on real files, under a clock that the test sets. One that is told `step`
 * takes what came in until then and says so once it is on disk.
 */
export type Told =
  | { kind: 'start'; dir: string; seed: number; at: number }
  | { kind: 'step'; at: number; messages: Message[]; judged: boolean }
  | { kind: 'stop' }
export type Said = { kind: 'ready' } | { kind: 'acked'; at: number; quarantined: number } | { kind: 'stopped' }

const say = (said: Said) => process.send!(said)
const sha256 = (token: string) => createHash('sha256').update(token).digest('hex')

function installation(seed: number): RecordEntry[] {
  const { enterprises, sites, zones } = district()
  const day = { id: 'DAY', name: 'the day', region: '990101', sector: null, retiredAt: null }
  const by = PLATFORM
  const before = null
  return [
    ...[...enterprises, day].map((row): RecordEntry => ({ kind: 'registry.changed', entity: 'enterprise', row, before, by })),
    ...sites.map((row): RecordEntry => ({ kind: 'registry.changed', entity: 'site', row, before, by })),
    ...zones.map((row): RecordEntry => ({ kind: 'registry.changed', entity: 'zone', row, before, by })),
    ...installed(seed).devices.map(({ token, ...device }): RecordEntry => {
      const row = { ...device, tokenHash: sha256(token) }
      return { kind: 'registry.changed', entity: 'device', row, before, by }
    }),
  ]
}

/** As platform.ts joins them, without what nobody asks for here. */
async function start({ dir, seed, at }: Extract<Told, { kind: 'start' }>) {
  const clock = new ManualClock(at)
  const wall = { dir, cursors: ['alerts', 'live'], log: silentLog, wallClock: clock, monotonic: () => clock.now() }
  const journal = await openJournal({ ...wall, maxAgeMs: 30 * 86_400_000 })
  const isFirst = journal.head() === 1
  if (isFirst) await journal.append(installation(seed).map((entry) => recordDraft(entry)))
  await journal.append([recordDraft({ kind: 'platform.started', version: 'day', mode: 'simulated' })])
  const judging = new Judging({ config: { dataDir: join(dir, 'alerts'), packsDir: null }, journal, log: silentLog })
  const state = await judging.state()
  if (isFirst) {
    for (const rule of dayRules) {
      const wrong = judging.checkRule(rule)
      if (wrong) throw new Error(`${rule.id}${wrong.path}: ${wrong.message}`)
    }
    await journal.append(dayRules.map((rule) => recordDraft({ kind: 'rule.set', rule, by: 'duty' })))
  }
  const directory = new Directory()
  directory.load(state.rows, state.series, state.fences)
  const live = journal.follow('live', state.pos, (batch) => {
    for (const entry of batch.entries) if (entry.stream === 'record') directory.apply(entry)
    live.release(batch.next)
  })
  const gateway = await startGateway({
    config: {
      ...{ host: '127.0.0.1', mqttPort: null, mqttsPort: null, tls: null, maxPacketBytes: 1 << 20 },
      ...{ maxMessagesPerSecond: 10_000, maxConnectionsPerEnterprise: 10 },
    },
    journal,
    directory,
    log: silentLog,
  })
  return { clock, journal, judging, gateway, live }
}

type Running = Awaited<ReturnType<typeof start>>
let running: Promise<Running>

async function step({ clock, journal, judging, gateway }: Running, told: Extract<Told, { kind: 'step' }>) {
  clock.set(told.at)
  const answers = await Promise.all(
    told.messages.map(({ token, body }) => gateway.telemetry(token, Buffer.from(body), '127.0.0.1')),
  )
  if (told.judged) await judging.alarms({ mode: 'simulated', limit: 1 }, journal.head())
  say({ kind: 'acked', at: told.at, quarantined: answers.reduce((sum, { quarantined }) => sum + quarantined.length, 0) })
}

process.on('message', (told: Told) => {
  void (async () => {
    if (told.kind === 'start') {
      running = start(told)
      await running
      return say({ kind: 'ready' })
    }
    const platform = await running
    if (told.kind === 'step') return step(platform, told)
    await platform.gateway.stop()
    await platform.live.stop()
    await platform.judging.stop()
    await platform.journal.stop()
    say({ kind: 'stopped' })
    process.disconnect()
  })()
})
process.on('disconnect', () => process.exit(0))
process.on('unhandledRejection', (error) => {
  throw error
})
