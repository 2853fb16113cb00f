import { accessSync, constants, existsSync, readdirSync, statSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { lockOwner } from '../../journal/lock.ts'
import { restoredMark } from '../../journal/recovery.ts'
import { inMiB } from '../copying.ts'
import { FORMAT, readMark } from '../data-dir.ts'
import { UNFINISHED } from '../manifest.ts'
import { finding, type Finding } from './finding.ts'

const secret = /^(admin-password|heads[\\/]private-key\.pem)$/
const modeOf = ({ mode }: Stats) => (mode & 0o777).toString(8)

/** The folder as such: whose it is, which format, who runs on it. */
export function examineFolder(dir: string): Finding[] {
  return [...examineFormat(dir), ...examineOwners(dir), ...examineLeftovers(dir)]
}

function examineFormat(dir: string): Finding[] {
  if (existsSync(join(dir, UNFINISHED))) return [finding('restore-unfinished', { dir })]
  if (!existsSync(join(dir, 'format.json')))
    return readdirSync(dir).length === 0 ? [finding('data-missing', { dir })] : [finding('format-missing', { dir })]
  try {
    const { format } = readMark(dir)
    if (format > FORMAT) return [finding('format-newer', { format, known: FORMAT })]
    return format < FORMAT ? [finding('format-older', { format, known: FORMAT })] : []
  } catch {
    return [finding('format-unreadable', { dir })]
  }
}

function examineOwners(dir: string): Finding[] {
  const findings: Finding[] = []
  const own = statSync(dir)
  if (process.platform !== 'win32' && (own.mode & 0o077) !== 0) findings.push(finding('folder-open', { dir, mode: modeOf(own) }))
  for (const name of readdirSync(dir, { recursive: true }) as string[]) {
    const path = join(dir, name)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat) continue // gone meanwhile: the platform runs
    const reason = refusalOf(path)
    if (reason) findings.push(finding('folder-unreadable', { path, dir, reason }))
    else if (stat.uid !== own.uid) findings.push(finding('owner-differs', { path, owner: stat.uid, dirOwner: own.uid }))
    if (process.platform !== 'win32' && secret.test(name) && (stat.mode & 0o077) !== 0)
      findings.push(finding('secret-open', { path, mode: modeOf(stat) }))
  }
  return findings
}

/** Why this user may not read and write a file; root may everything, which says nothing about the user of the platform. */
function refusalOf(path: string): string | null {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? null : (code ?? 'EACCES')
  }
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat && process.platform !== 'win32' && (stat.mode & 0o600) !== 0o600 ? `mode ${modeOf(stat)}` : null
}

function examineLeftovers(dir: string): Finding[] {
  const findings: Finding[] = []
  const owner = lockOwner(dir)
  if (owner) findings.push(finding(owner.alive ? 'running' : 'lock-stale', { pid: owner.pid }))
  if (existsSync(restoredMark(join(dir, 'journal')))) findings.push(finding('restored-pending'))
  if (existsSync(join(dir, 'admin-password')))
    findings.push(finding('admin-password-left', { path: join(dir, 'admin-password') }))
  for (const name of readdirSync(dir).filter((name) => name.startsWith('before-format-'))) {
    const path = join(dir, name)
    const bytes = (readdirSync(path, { recursive: true }) as string[]).reduce(
      (sum, file) => sum + statSync(join(path, file)).size,
      0,
    )
    findings.push(finding('upgrade-copy', { path, size: inMiB(bytes) }))
  }
  return findings
}
