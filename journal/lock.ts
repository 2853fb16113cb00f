import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PlatformError } from '../core/errors.ts'

/** Another process owns the data folder. */
export class FolderInUse extends PlatformError {
  override readonly code = 'folder-in-use'
}

/** When a process began, by the kernel's count; empty where there is no such process or no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

/** Start times count from the machine's own start, so they mean something only within one. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

type Owner = { pid: number; startedAt: string; boot: string }

/** Null for words a power cut has taken. */
function readOwner(text: string): Owner | null {
  const [pid = '', startedAt = '', boot = ''] = text.trimEnd().split(' ')
  return /^[1-9]\d*$/.test(pid) ? { pid: Number(pid), startedAt, boot } : null
}

function isAlive({ pid, startedAt, boot }: Owner): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  // A pid that was given to somebody else since is not the owner.
  const [bootNow, startNow] = [bootId(), startOf(pid)]
  if (boot !== '' && bootNow !== '' && boot !== bootNow) return false
  return startedAt === '' || startNow === '' || startedAt === startNow
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Who has its name in the lock of a data folder, null for nobody. `pid` is 0 where the words cannot be read. */
export function lockOwner(dir: string): { pid: number; alive: boolean } | null {
  const text = textOf(join(dir, 'lock'))
  if (text === null) return null
  const owner = readOwner(text)
  return owner ? { pid: owner.pid, alive: isAlive(owner) } : { pid: 0, alive: false }
}

/** One process owns a data folder. Raises `FolderInUse` with the pid of the one that does; a dead owner's lock is taken over. */
export function lockDataDir(dir: string): Promise<{ release(): Promise<void> }> {
  const file = join(dir, 'lock')
  const mine = `${process.pid} ${startOf(process.pid)} ${bootId()}\n`
  const draft = join(dir, `lock.${process.pid}`)
  try {
    // The name appears with its words: a link is made of a whole file or not at all.
    writeFileSync(draft, mine, { mode: 0o600 })
    for (let tries = 0; ; tries++) {
      try {
        linkSync(draft, file)
        break
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries > 10) throw error
        removeDead(dir, file)
      }
    }
  } catch (error) {
    return Promise.reject(error as Error)
  } finally {
    rmSync(draft, { force: true })
  }
  return Promise.resolve({
    release: () => {
      if (textOf(file) === mine) rmSync(file, { force: true })
      return Promise.resolve()
    },
  })
}

function removeDead(dir: string, file: string): void {
  const text = textOf(file)
  if (text === null) return
  const owner = readOwner(text)
  if (owner && isAlive(owner)) {
    const { pid } = owner
    throw new FolderInUse(`${dir} is in use by process ${pid}: stop it first, or set WATCHFIRE_DATA_DIR to another folder`, {
      pid,
    })
  }
  // Two may find the same dead owner at once: only one gets to move it, and whoever moved a living one's puts it back.
  const aside = join(dir, `lock.dead.${process.pid}`)
  try {
    renameSync(file, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (textOf(aside) !== text) linkSync(aside, file)
  rmSync(aside, { force: true })
}
