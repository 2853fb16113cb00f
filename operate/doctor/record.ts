import { createPrivateKey } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { verifyChain, verifyHeads } from '../../journal/seal.ts'
import { finding, type Finding } from './finding.ts'

/** The proof: that every entry of the record follows from the one before, and that published heads still stand. */
export function examineRecord(dataDir: string): Finding[] {
  const findings: Finding[] = []
  const { brokenAt, breaks } = verifyChain(join(dataDir, 'journal'))
  if (brokenAt !== null) findings.push(finding('chain-broken', { pos: brokenAt, breaks: breaks.length }))
  for (const { file, pos, signed, stands } of verifyHeads(dataDir)) {
    if (!signed) findings.push(finding('head-unsigned', { file }))
    else if (!stands) findings.push(finding('head-lost', { file, pos }))
  }
  const key = join(dataDir, 'heads', 'private-key.pem')
  if (existsSync(key)) {
    try {
      createPrivateKey(readFileSync(key))
    } catch {
      findings.push(finding('head-key', { path: key }))
    }
  }
  return findings
}
