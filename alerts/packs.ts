import { readFileSync, readdirSync, watch, type FSWatcher } from 'node:fs'
import { basename, join } from 'node:path'
import type { PackFault } from '../core/alarm-book.ts'
import { PLATFORM, type RecordEntry } from '../core/record.ts'
import type { Rule } from '../core/rule.ts'
import { readPack } from './pack-file.ts'
import type { RulebookRow } from './rulebook.ts'

export type PackEntry = { key: string; entry: Extract<RecordEntry, { kind: 'rule.set' | 'rule.removed' }> }

/**
 * The rules the pack files want, and what is wrong with the files. `incomplete`: a file is broken and nobody remembers what it
 * wanted before, so what is in force must not be changed on the word of the others.
 */
export type Packs = { rules: Map<string, Rule>; faults: Omit<PackFault, 'since'>[]; incomplete: boolean }

/** What each file wanted when it last could be read. */
export type LastGood = Map<string, Rule[]>

/**
 * Reads all pack files; in a later folder a rule with the same id replaces one of an earlier folder. A file that is broken now
 * stands for what it said when it was last good.
 */
export function readPacks(dirs: string[], lastGood: LastGood): Packs {
  const packs: Packs = { rules: new Map(), faults: [], incomplete: false }
  const refuse = (file: string, line: number | null, reason: string): Rule[] => {
    packs.faults.push({ file, line, reason })
    const before = lastGood.get(file)
    packs.incomplete ||= before === undefined
    return before ?? []
  }
  for (const dir of dirs) {
    const owner = new Map<string, string>()
    for (const file of packFiles(dir, refuse)) {
      const pack = readFile(file)
      let rules = 'reason' in pack ? refuse(file, pack.line, pack.reason) : pack.rules
      const twice = rules.find((rule) => owner.has(rule.id))
      if (twice) rules = refuse(file, null, `rule ${twice.id} is in ${basename(owner.get(twice.id)!)} already`)
      else if (!('reason' in pack)) lastGood.set(file, rules)
      for (const rule of rules) {
        owner.set(rule.id, file)
        packs.rules.set(rule.id, rule)
      }
    }
  }
  return packs
}

function packFiles(dir: string, refuse: (file: string, line: null, reason: string) => unknown): string[] {
  try {
    const names = readdirSync(dir).filter((name) => /\.ya?ml$/.test(name))
    return names.sort().map((name) => join(dir, name))
  } catch (error) {
    refuse(dir, null, `the folder cannot be read (${(error as NodeJS.ErrnoException).code})`)
    return []
  }
}

function readFile(file: string) {
  try {
    return readPack(readFileSync(file))
  } catch (error) {
    return { line: null, reason: `the file cannot be read (${(error as NodeJS.ErrnoException).code})` }
  }
}

const content = ({ version: _version, ...rest }: Record<string, unknown>) =>
  JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)))

/**
 * What must be recorded so that the packs' rules are in force: only differences, and never over a person's rule. While it is not
 * known what all files want, rules are only added.
 */
export function packChanges(packs: Packs, rows: RulebookRow[]): PackEntry[] {
  const known = new Map(rows.map((row) => [row.id, row]))
  const set = [...packs.rules.values()].flatMap((rule): PackEntry[] => {
    const row = known.get(rule.id)
    if (row?.rule?.origin === 'person') return []
    if (row?.rule && packs.incomplete) return []
    if (row?.rule && !row.fellBack && content(row.rule) === content(rule)) return []
    return [setEntry(rule, row)]
  })
  if (packs.incomplete) return set
  const gone = rows.filter(({ id, rule }) => rule?.origin === 'pack' && !packs.rules.has(id))
  return [...set, ...gone.map(({ id, version }) => removal(id, version))]
}

/** The pack's rule that stands again after a person's was taken back, as a version of its own. */
export const restatement = (row: RulebookRow): PackEntry | null => (row.pack ? setEntry(row.pack, row) : null)

function setEntry(rule: Rule, row: RulebookRow | undefined): PackEntry {
  const version = (row?.version ?? 0) + 1
  const entry = { kind: 'rule.set', rule: { ...rule, version, origin: 'pack' }, by: PLATFORM } as const
  return { key: `rule:${rule.id}:${version}:pack`, entry }
}

const removal = (ruleId: string, version: number): PackEntry => ({
  key: `rule:${ruleId}:${version}:removed`,
  entry: { kind: 'rule.removed', ruleId, version, by: PLATFORM },
})

const SETTLE_MS = 150

/** Tells when something in the folders changed, once the writing has settled. */
export function watchPacks(dirs: string[], changed: () => void, failed: (error: Error) => void): { close(): void } {
  let timer: NodeJS.Timeout | undefined
  const watchers = dirs.flatMap((dir): FSWatcher[] => {
    try {
      const watcher = watch(dir, { persistent: false }, () => {
        clearTimeout(timer)
        timer = setTimeout(changed, SETTLE_MS)
      })
      watcher.on('error', failed)
      return [watcher]
    } catch (error) {
      failed(error as Error)
      return []
    }
  })
  return {
    close() {
      clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    },
  }
}
