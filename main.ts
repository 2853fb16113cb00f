import { join } from 'node:path'
import { BadSetting } from './core/errors.ts'
import { stderrLog } from './log.ts'
import { startPlatform } from './platform.ts'
import { isLoopbackHost, readSettings, type Settings } from './settings.ts'
import { runUntilStopped } from './run.ts'

let settings: Settings
let warnings: string[]
try {
  const [argument] = process.argv.slice(2)
  if (argument !== undefined)
    throw new BadSetting(
      `${argument}: the platform takes no arguments; settings are environment variables or stand in watchfire.yaml (docs/reference.md), for example WATCHFIRE_HTTP_PORT=8081 npm start`,
    )
  ;({ settings, warnings } = readSettings(process.env, join(process.cwd(), 'watchfire.yaml')))
} catch (error) {
  if (!(error instanceof BadSetting)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}
const log = stderrLog(settings.logLevel)
for (const warning of warnings) log.warn(warning)
if (isLoopbackHost(settings.host)) {
  log.info(
    'listening on this machine only; to let devices in, set WATCHFIRE_HOST=0.0.0.0 with WATCHFIRE_TLS_CERT and WATCHFIRE_TLS_KEY',
  )
}
for (const [name, port] of Object.entries({
  'JT/T 808': settings.jt808Port,
  'GB/T 26875': settings.gb26875Port,
  'HJ 212': settings.hj212Port,
})) {
  if (port !== null)
    log.warn('a port is set for a protocol this version does not speak; it stays closed', { protocol: name, port })
}
await runUntilStopped(log, (failed) => startPlatform({ settings, log, failed }))
