import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from './core/log.ts'
import type { PartStatus } from './core/part.ts'
import { startAlerts } from './alerts/alerts.ts'
import { BacktestsThread } from './alerts/backtest/backtests.ts'
import { startMeasures } from './alerts/measures/measures.ts'
import type { Demo } from './dashboards/options.ts'
import { ReplayThread } from './dashboards/replay/thread.ts'
import type { Dashboards } from './dashboards/server.ts'
import type { Gateway } from './gateway/gateway.ts'
import { startIngest } from './ingest/ingest.ts'
import { recordDraft } from './journal/codec.ts'
import { Directory } from './journal/directory.ts'
import { openJournal, type EmbeddedJournal } from './journal/embedded.ts'
import { lockDataDir } from './journal/lock.ts'
import type { Settings } from './settings.ts'
import { influxOf } from './influx-settings.ts'
import { watchParts } from './part-alarms.ts'
import { openDataDir } from './operate/data-dir.ts'
import { migrate } from './operate/migrate.ts'

export const version = (JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as { version: string })
  .version

/** Which readers the journal keeps entries for. */
const cursors = ['live', 'history', 'alerts', 'push', 'measures', 'escalation']
const day = 86_400_000
const STOP_ENTRY_MS = 1_000

export type Platform = {
  gateway: Gateway
  dashboards: Dashboards
  journal: EmbeddedJournal
  directory: Directory
  addresses: { name: string; url: string }[]
  stop(): Promise<void>
}

type Options = {
  settings: Settings
  log: Log
  failed: (error: Error) => void
  demo?: Demo
  prepare?: (journal: EmbeddedJournal, directory: Directory) => Promise<void>
}

/** Joins the parts, consumers first, so that nothing is acknowledged that nobody would judge. */
export async function startPlatform({ settings, log, failed, demo, prepare }: Options): Promise<Platform> {
  openDataDir(settings.dataDir, demo !== undefined)
  const lock = await lockDataDir(settings.dataDir)
  await migrate(settings.dataDir, log)
  const tls =
    settings.tlsCert === null || settings.tlsKey === null
      ? null
      : { cert: readFileSync(settings.tlsCert), key: readFileSync(settings.tlsKey) }

  const influx = influxOf(settings)
  const journal = await openJournal({
    dir: settings.dataDir,
    cursors: influx ? [...cursors, 'influx'] : cursors,
    yielding: ['influx'],
    maxBytes: settings.journalMaxMb * 1024 * 1024,
    maxAgeMs: settings.journalMaxDays * day,
    flushLedger: settings.flushLedger,
    log,
  })
  const directory = new Directory()
  if (prepare) await prepare(journal, directory)
  await journal.append([recordDraft({ kind: 'platform.started', version, mode: settings.mode })])

  const started = Promise.withResolvers<void>()
  const measures = startMeasures({
    config: { dataDir: settings.dataDir, mode: settings.mode, zone: settings.zone },
    journal,
    log,
    failed,
    after: started.promise,
  })
  const backtests = new BacktestsThread({
    config: { dataDir: settings.dataDir, zone: settings.zone },
    journal,
    history: () => ingest,
    log,
  })
  const replays = new ReplayThread({ journal, history: () => ingest, log })
  // Broker and web server are read in while the threads start beside them.
  const [alerts, ingest, { startGateway }, { startDashboards }] = await Promise.all([
    startAlerts({
      config: {
        dataDir: settings.dataDir,
        mode: settings.mode,
        packsDir: settings.packsDir,
        escalation: { zone: settings.zone, publicUrl: settings.publicUrl },
        ...(settings.channels && { channels: settings.channels }),
        webhook:
          settings.webhookUrl === null || settings.webhookSecret === null
            ? null
            : {
                url: settings.webhookUrl,
                secret: settings.webhookSecret,
                allowLoopback: settings.webhookAllowLoopback,
                minLevel: settings.webhookMinLevel,
                modes: settings.webhookModes,
                zone: settings.zone,
              },
      },
      journal,
      log,
      failed,
    }),
    startIngest({
      config: {
        dataDir: settings.dataDir,
        zone: settings.zone,
        retentionDays: settings.historyDays,
        minuteDays: settings.historyMinuteDays,
        hourDays: settings.historyHourDays,
        ...(influx && { influx }),
      },
      journal,
      log,
      failed,
    }),
    import('./gateway/gateway.ts'),
    import('./dashboards/server.ts'),
  ])
  const state = await alerts.state()
  directory.load(state.rows, state.series, state.fences)

  const gateway = await startGateway({
    config: {
      host: settings.host,
      mqttPort: settings.mqttPort,
      mqttsPort: settings.mqttsPort,
      tls,
      maxPacketBytes: settings.maxPacketKb * 1024,
      maxMessagesPerSecond: settings.maxMessagesPerSecond,
      maxConnectionsPerEnterprise: settings.maxConnectionsPerEnterprise,
    },
    journal,
    directory,
    log,
  })
  const parts = (): PartStatus[] => [journal.status(), gateway.status(), ...ingest.statuses(), alerts.status(), measures.status()]
  const dashboards = await startDashboards({
    config: {
      host: settings.host,
      port: settings.httpPort ?? 0,
      tls,
      dataDir: settings.dataDir,
      mode: settings.mode,
      jurisdiction: settings.jurisdiction,
      mqttPort: Number(URL.parse(gateway.addresses.find(({ name }) => name === 'mqtt')?.url ?? '')?.port) || null,
      zone: settings.zone,
      adminPassword: settings.adminPassword,
      openOnLoopback: demo !== undefined,
      distDir: join(import.meta.dirname, 'dist'),
      version,
      metricsToken: settings.metricsToken,
      grafanaUrl: settings.grafanaUrl,
      map: {
        dir: settings.mapDir,
        system: settings.mapSystem,
        attribution: settings.mapAttribution,
        approval: settings.mapApproval,
        tilesUrl: settings.mapTilesUrl,
        tilesKey: settings.mapTilesKey,
      },
      rulesTwoPersons: settings.rulesTwoPersons,
      secondFactorRoles: settings.secondFactorRoles,
      personalDataDays: settings.personalDataDays,
      voiceCommand: settings.voiceCommand,
    },
    journal,
    directory,
    history: ingest,
    alarmBook: alerts,
    callbacks: alerts,
    escalation: alerts,
    proof: journal,
    measures,
    backtests,
    replays,
    state,
    connections: gateway,
    telemetry: gateway.telemetry,
    upgrades: { '/mqtt': gateway.handleUpgrade },
    parts,
    log,
    failed,
    ...(demo && { demo }),
  })
  const live = journal.follow('live', state.pos, (batch) => {
    for (const entry of batch.entries) if (entry.stream === 'record') directory.apply(entry)
    dashboards.apply(batch)
    live?.release(batch.next)
  })
  const leaveParts = watchParts(() => [...parts(), dashboards.status()], journal, settings.mode, state.openAlarms, log)
  started.resolve()

  return {
    gateway,
    dashboards,
    journal,
    directory,
    addresses: [{ name: 'http', url: dashboards.url }, ...gateway.addresses],
    /** Sources first, so that whatever was acknowledged is also judged and stored. */
    async stop() {
      leaveParts()
      await gateway.stop()
      await writeDownStop(journal, log)
      await dashboards.stop()
      await live.stop()
      await Promise.all([alerts.stop(), ingest.stop(), measures.stop(), backtests.stop(), replays.stop()])
      await journal.stop()
      await lock.release()
    },
  }
}

/** A stop does not wait for a disk that takes nothing, the record then has a start without a stop before it. */
async function writeDownStop(journal: EmbeddedJournal, log: Log): Promise<void> {
  let reason = journal.stoppedState()?.reason
  const appended = journal.append([recordDraft({ kind: 'platform.stopped' })]).then(
    () => true,
    (error: Error) => {
      reason ??= error.message
      return false
    },
  )
  const late = new Promise<boolean>((resolve) => setTimeout(resolve, reason === undefined ? STOP_ENTRY_MS : 100, false).unref())
  if (await Promise.race([appended, late])) return
  reason ??= journal.stoppedState()?.reason ?? 'the disk does not answer'
  log.warn('stopped without writing it down: the stop is missing in the record', { reason })
}
