import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BadSetting } from './core/errors.ts'
import type { RegistryRow } from './core/registry.ts'
import { recordDraft } from './journal/codec.ts'
import type { Journal } from './journal/journal.ts'
import { stderrLog } from './log.ts'
import { startPlatform } from './platform.ts'
import { runUntilStopped } from './run.ts'
import { isLoopbackHost, readSettings } from './settings.ts'
import { district } from './simulators/district.ts'
import { enterOffice } from './simulators/office.ts'
import { startSimulator, type Simulator } from './simulators/simulate.ts'
import { TrafficLog } from './simulators/traffic-log.ts'

const HISTORY_DAYS = 7
const day = 86_400_000

/**
 * `npm run demo`: the platform with a simulated district in front of it, in a data folder of its own.
 * `-- --traffic FILE` also writes every reading sent, with its acknowledgement, as JSON lines to compare screens with; `--pace N` has
 * every device report N times as often.
 */
const env = {
  WATCHFIRE_DATA_DIR: './data-demo',
  WATCHFIRE_JURISDICTION: '云汐示范区',
  ...process.env,
  WATCHFIRE_MODE: 'simulated',
}
try {
  const { trafficFile, pace } = readArguments()
  const { settings, warnings } = readSettings(env, join(process.cwd(), 'watchfire.yaml'))
  if (!isLoopbackHost(settings.host)) {
    throw new BadSetting(
      `WATCHFIRE_HOST is ${settings.host}: the demo asks for no password and knows its tokens by heart, so it listens on this machine only; unset WATCHFIRE_HOST`,
      { setting: 'WATCHFIRE_HOST' },
    )
  }
  const log = stderrLog(settings.logLevel)
  for (const warning of warnings) log.warn(warning)
  await runUntilStopped(log, async (failed) => {
    let simulator = null as Simulator | null
    let firstStart = false as boolean
    let watched = false
    const platform = await startPlatform({
      settings,
      log,
      failed,
      demo: {
        story: () => simulator?.state() ?? { name: 'leak', state: 'waiting', startedAt: null, step: -1, stepName: 'waiting' },
        restart: () => simulator?.restart(),
        // Somebody may look while history is still on its way: the story then begins as soon as it can.
        watched: () => {
          watched = true
          simulator?.begin()
        },
      },
      prepare: async (journal) => {
        firstStart = journal.head() <= 1
        if (firstStart) await seed(journal)
      },
    })
    const mqtt = platform.addresses.find(({ name }) => name === 'mqtt')
    if (!mqtt)
      throw new BadSetting('WATCHFIRE_MQTT_PORT is off, and the demo sends over MQTT; for example WATCHFIRE_MQTT_PORT=1883')
    const now = Date.now()
    if (firstStart) log.info('sending seven days of simulated history')
    simulator = await startSimulator({
      url: mqtt.url,
      log,
      pace,
      ...(trafficFile !== undefined && { traffic: new TrafficLog({ file: trafficFile }) }),
      ...(firstStart && { history: { from: now - HISTORY_DAYS * day, to: now } }),
    })
    if (watched) simulator.begin()
    const office = enterOffice({ url: platform.dashboards.url, log, zone: settings.zone }).catch((error: unknown) =>
      log.warn('the demo has no office: its people, roster or hazards could not be entered', {
        reason: (error as Error).message,
      }),
    )
    log.info('demo: open the wall', { url: `${platform.dashboards.url}/wall` })
    return {
      addresses: platform.addresses,
      async stop() {
        await office
        await simulator?.stop()
        await platform.stop()
      },
    }
  })
} catch (error) {
  if (!(error instanceof BadSetting)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}

/** The district's registry with its well-known tokens, in the record like any other configuration. */
async function seed(journal: Journal): Promise<void> {
  const { enterprises, sites, zones, devices } = district()
  const rows: RegistryRow[] = [
    ...enterprises.map((row) => ({ entity: 'enterprise' as const, row })),
    ...sites.map((row) => ({ entity: 'site' as const, row })),
    ...zones.map((row) => ({ entity: 'zone' as const, row })),
    ...devices.map(({ row, token }) => ({
      entity: 'device' as const,
      row: { ...row, tokenHash: createHash('sha256').update(token).digest('hex') },
    })),
  ]
  await journal.append(rows.map((row) => recordDraft({ kind: 'registry.changed', by: 'platform', before: null, ...row })))
}

function readArguments(): { trafficFile: string | undefined; pace: number } {
  try {
    const { traffic, pace } = parseArgs({
      options: { traffic: { type: 'string' }, pace: { type: 'string', default: '1' } },
    }).values
    if (!(Number(pace) > 0 && Number(pace) <= 100)) throw new Error(`--pace ${pace} is no number above 0 and at most 100`)
    return { trafficFile: traffic, pace: Number(pace) }
  } catch (error) {
    throw new BadSetting(`${(error as Error).message}; for example npm run demo -- --pace 2 --traffic sent.jsonl`)
  }
}
