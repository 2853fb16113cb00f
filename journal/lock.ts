import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { PlatformError } from '../core/errors.ts'

/** Another process owns the data folder. */
export class FolderInUse extends PlatformError {
  override readonly code = 'folder-in-use'
}

/** When a process began, by the kernel's count; null when there is no such process or no /proc. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

function isAlive(pid: number, startedAt: string | null): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const now = startOf(pid)
  // A pid that was given to somebody else since is not the owner.
  return startedAt === null || now === null || now === startedAt
}

/** One process owns a data folder. Raises `FolderInUse` with the pid of the one that does; a dead owner's lock is taken over. */
export async function lockDataDir(dir: string): Promise<{ release(): Promise<void> }> {
  const file = join(dir, 'lock')
  const mine = `${process.pid} ${startOf(process.pid) ?? ''}\n`
  for (let tries = 0; ; tries++) {
    try {
      writeFileSync(file, mine, { flag: 'wx', mode: 0o600 })
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries > 3) throw error
      const [pid, startedAt] = readFileSync(file, 'utf8').trim().split(' ')
      if (!/^[1-9]\d*$/.test(pid ?? '')) {
        // Another process is about to write its pid; or a power cut took the words and left the name.
        await setTimeout(100)
        if (tries >= 2) rmSync(file, { force: true })
        continue
      }
      if (isAlive(Number(pid), startedAt || null)) {
        throw new FolderInUse(`${dir} is in use by process ${pid}: stop it first, or set WATCHFIRE_DATA_DIR to another folder`, {
          pid: Number(pid),
        })
      }
      rmSync(file, { force: true })
    }
  }
  return {
    release: () => {
      rmSync(file, { force: true })
      return Promise.resolve()
    },
  }
}
