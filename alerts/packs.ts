import { readFileSync, readdirSync, watch, type FSWatcher } from 'node:fs'
import { join } from 'node:path'
import type { PackFault } from '../core/alarm-book.ts'
import { PLATFORM, type RecordEntry } from '../core/record.ts'
import type { Rule } from '../core/rule.ts'
import { readPack } from './pack-file.ts'
import type { RulebookRow } from './rulebook.ts'

export type PackEntry = { key: string; entry: Extract<RecordEntry, { kind: 'rule.set' | 'rule.removed' }> }

/** The rules the pack files want, and what is wrong with the files. */
export type Packs = { rules: Map<string, Rule>; faults: Omit<PackFault, 'since'>[] }

/** Reads all pack files; in a later folder a rule with the same id replaces one of an earlier folder. */
export function readPacks(dirs: string[]): Packs {
  const rules = new Map<string, Rule>()
  const faults: Packs['faults'] = []
  for (const dir of dirs) {
    let names: string[]
    try {
      names = readdirSync(dir)
        .filter((name) => /\.ya?ml$/.test(name))
        .sort()
    } catch (error) {
      faults.push({ file: dir, line: null, reason: `the folder cannot be read (${(error as NodeJS.ErrnoException).code})` })
      continue
    }
    const owner = new Map<string, string>()
    for (const name of names) {
      const file = join(dir, name)
      const pack = readFile(file)
      if ('reason' in pack) {
        faults.push({ file, line: pack.line, reason: pack.reason })
        continue
      }
      const twice = pack.rules.find((rule) => owner.has(rule.id))
      if (twice) {
        faults.push({ file, line: null, reason: `rule ${twice.id} is in ${owner.get(twice.id)} already` })
        continue
      }
      for (const rule of pack.rules) {
        owner.set(rule.id, name)
        rules.set(rule.id, rule)
      }
    }
  }
  return { rules, faults }
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
 * What must be recorded so that the packs' rules are in force: only differences, and never over a person's rule. While a file
 * is broken nothing is taken away, because nobody knows which rules it would still have had.
 */
export function packChanges(packs: Packs, rows: RulebookRow[]): PackEntry[] {
  const known = new Map(rows.map((row) => [row.id, row]))
  const set = [...packs.rules.values()].flatMap((rule): PackEntry[] => {
    const row = known.get(rule.id)
    if (row?.rule?.origin === 'person') return []
    if (row?.rule && !row.fellBack && content(row.rule) === content(rule)) return []
    return [setEntry(rule, row)]
  })
  if (packs.faults.length > 0) return set
  const gone = rows.filter(({ id, rule }) => rule?.origin === 'pack' && !packs.rules.has(id))
  return [...set, ...gone.map(({ id, version }) => removal(id, version))]
}

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
