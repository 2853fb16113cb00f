import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { lockOwner } from '../../journal/lock.ts'
import type { Settings } from '../../settings.ts'
import { examineDatabases } from './databases.ts'
import { examineDisk } from './disk.ts'
import { finding, type Finding, type Language } from './finding.ts'
import { examineFolder } from './folder.ts'
import { examineJournal } from './journal.ts'
import { examineClock, examineNode, examinePacks, examinePorts, examineTls } from './machine.ts'
import { examineRecord } from './record.ts'

/** After these the rest cannot be read in a way that means anything. */
const final: ReadonlySet<string> = new Set([
  'restore-unfinished',
  'format-missing',
  'format-newer',
  'format-unreadable',
  'data-missing',
])

/**
 * Looks at a machine and a data folder, stopped or running, without changing either, and tells what is wrong.
 */
export async function examine(settings: Settings, now: number, language: Language): Promise<Finding[]> {
  const dir = settings.dataDir
  const findings = [...examineNode(), ...examinePacks(settings), ...examineTls(settings, now)]
  const running = existsSync(dir) && lockOwner(dir)?.alive === true
  if (!running) findings.push(...(await examinePorts(settings)))
  findings.push(...(existsSync(dir) ? await examineData(settings, now, running, language) : [finding('data-missing', { dir })]))
  return findings
}

async function examineData(settings: Settings, now: number, running: boolean, language: Language): Promise<Finding[]> {
  const dir = settings.dataDir
  const findings = examineFolder(dir)
  if (findings.some(({ code }) => final.has(code))) return findings
  const { findings: journal, facts } = examineJournal(join(dir, 'journal'), running)
  findings.push(...journal)
  if (existsSync(join(dir, 'journal')) && !journal.some(({ code }) => code === 'journal-format' || code === 'folder-unreadable'))
    findings.push(...examineRecord(dir))
  findings.push(...examineDatabases(dir, facts?.head ?? null, running, language))
  if (facts) findings.push(...examineClock(now, facts.lastReceivedAt))
  findings.push(...(await examineDisk(dir, settings, facts, now)))
  return findings
}
