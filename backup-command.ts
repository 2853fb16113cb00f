import { resolve } from 'node:path'
import { backup, restore } from './backup.ts'
import { PlatformError } from './core/errors.ts'
import { readSettings } from './settings.ts'

/** `npm run backup -- DIR` and `npm run restore -- DIR`: see docs/operating.md. */
const [what, folder] = process.argv.slice(2)
try {
  const { settings } = readSettings(process.env, resolve('watchfire.yaml'))
  if (folder === undefined) {
    process.stderr.write(`say which folder, for example: npm run ${what} -- /mnt/backup/2026-01-01\n`)
    process.exit(1)
  }
  const { files, createdAt } =
    what === 'restore' ? await restore(resolve(folder), settings.dataDir) : await backup(settings.dataDir, resolve(folder))
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const size = `${files.length} files, ${(bytes / 2 ** 20).toFixed(1)} MiB`
  process.stdout.write(
    what === 'restore'
      ? `restored ${size} of ${createdAt} into ${settings.dataDir}\n`
      : `backup of ${settings.dataDir}: ${size} in ${resolve(folder)}\n`,
  )
} catch (error) {
  if (!(error instanceof PlatformError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}
