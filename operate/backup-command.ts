import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BadSetting, PlatformError } from '../core/errors.ts'
import { readSettings } from '../settings.ts'
import { backup, closeToOthers, configurationFiles, ownVersion, verifyBackup } from './backup.ts'
import { inMiB } from './copying.ts'
import type { Manifest } from './manifest.ts'
import { restore } from './restore.ts'

/** `npm run backup -- DIR`, `npm run backup -- --verify DIR` and `npm run restore -- DIR`: see docs/operations.md. */
const [what, ...args] = process.argv.slice(2)
const say = (text: string) => process.stdout.write(`${text}\n`)

try {
  const { values, positionals } = parseCommand()
  const folder = positionals[0]
  if (folder === undefined || positionals.length > 1)
    throw new BadSetting(`say which folder, for example: npm run ${what} -- /mnt/backup/2026-01-01`)
  const dir = resolve(folder)
  const yamlFile = resolve('watchfire.yaml')
  if (what === 'backup' && values.verify) say(`${dir} is whole: ${told(await verifyBackup(dir))}`)
  else if (what === 'backup') {
    const { settings } = readSettings(process.env, yamlFile)
    const configuration = await configurationFiles(yamlFile, settings.packsDir)
    const manifest = await backup({ dataDir: settings.dataDir, target: dir, version: ownVersion(), configuration })
    await closeToOthers(dir)
    say(`backup of ${settings.dataDir} in ${dir}: ${told(manifest)}`)
    if (existsSync(resolve(settings.dataDir, 'tls', 'ca.key')))
      say(`not in it: ${resolve(settings.dataDir, 'tls', 'ca.key')}; keep a copy of its own, or phones install a new CA one day`)
    if (manifest.record.brokenAt !== null)
      say(`the record's hash chain is broken at position ${manifest.record.brokenAt}, in the original as well: npm run doctor`)
  } else {
    const { settings } = readSettings(process.env, yamlFile)
    const knownHead = values['known-head'] === undefined ? null : Number(values['known-head'])
    if (knownHead !== null && !Number.isSafeInteger(knownHead))
      throw new BadSetting('--known-head is the last watchfire_journal_head anybody saw; for example --known-head 1200345')
    const manifest = await restore(dir, settings.dataDir, knownHead)
    say(`restored into ${settings.dataDir}: ${told(manifest)}`)
    if (existsSync(resolve(dir, 'configuration')))
      say(`settings and packs it ran with are in ${resolve(dir, 'configuration')}; put them where this machine needs them`)
  }
} catch (error) {
  if (!(error instanceof PlatformError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}

function parseCommand() {
  const options = { verify: { type: 'boolean' }, 'known-head': { type: 'string' } } as const
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    throw new BadSetting((error as Error).message)
  }
}

function told({ files, journal, record, finishedAt, version }: Manifest): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  return (
    `${files.length} files, ${inMiB(bytes)}, of ${finishedAt} (version ${version}), ` +
    `journal up to position ${journal.head}, head of the record ${record.head}`
  )
}
