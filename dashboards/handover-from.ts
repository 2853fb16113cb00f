import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE = 'handover-from'

/** Since when shifts can be handed over in this deployment: noted once, when a version that can begins on it. */
export function handoverFrom(dataDir: string, now: number): number {
  const file = join(dataDir, FILE)
  try {
    const known = Number(readFileSync(file, 'utf8'))
    if (Number.isSafeInteger(known) && known > 0) return known
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  writeFileSync(file, String(now), { mode: 0o600 })
  return now
}
