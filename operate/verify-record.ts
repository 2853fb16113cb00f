import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BadSetting, PlatformError } from '../core/errors.ts'
import type { Evidence, EvidenceEntry, EvidenceSeal } from '../core/evidence.ts'
import type { ChainFault } from '../journal/chain.ts'
import { chainHash } from '../journal/group.ts'
import { recordedAt } from '../journal/proof.ts'
import { isSignedBy, verifyRecord } from '../journal/seal.ts'
import { readSettings } from '../settings.ts'
import { photoFaults, photosInRecord, photosNamed } from './record-photos.ts'

/**
 * `npm run verify-record`: whether the record is what was written. `-- DIR` looks at another data folder, `-- --evidence FILE` at an
 * exported alarm, and with a folder at both. Prints what was altered, is missing or stands in another order, and where. Ends with 0 when
 * everything follows, 1 when something does not, 2 when it could not look.
 */
const say = (text: string) => process.stdout.write(`${text}\n`)
const time = (ms: number) => new Date(ms).toISOString()

try {
  const { dir, evidence } = readArguments()
  let sound = true
  if (dir !== null) sound = checkRecord(dir) && sound
  if (evidence !== null) sound = (await checkEvidence(evidence, dir)) && sound
  process.exitCode = sound ? 0 : 1
} catch (error) {
  if (!(error instanceof PlatformError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(2)
}

function readArguments(): { dir: string | null; evidence: string | null } {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { evidence: { type: 'string' } } })
    if (positionals.length > 1) throw new Error('one data folder at a time')
    const evidence = values.evidence === undefined ? null : resolve(values.evidence)
    const [given] = positionals
    if (given === undefined && evidence !== null) return { dir: null, evidence }
    const dir = given === undefined ? readSettings(process.env, resolve('watchfire.yaml')).settings.dataDir : resolve(given)
    if (!existsSync(join(dir, 'journal'))) throw new Error(`${dir} has no journal in it; say which data folder`)
    return { dir, evidence }
  } catch (error) {
    if (error instanceof PlatformError) throw error
    throw new BadSetting(`${(error as Error).message}; for example npm run verify-record -- ./data --evidence evidence.jsonl`)
  }
}

function checkRecord(dir: string): boolean {
  const { chain, heads } = verifyRecord(dir)
  for (const fault of chain.faults) say(inWords(fault))
  for (const { file, pos, signed, stands } of heads) {
    if (!signed) say(`heads/${file}: its signature is not by the key it names: the file itself was changed`)
    else if (!stands)
      say(`heads/${file}: the record up to position ${pos} is not what was signed then: altered, cut short or written anew`)
  }
  const photos = photosInRecord(dir)
  const lost = photoFaults(dir, photos)
  for (const fault of lost) say(fault)
  const isChained = chain.faults.length === 0 && heads.every(({ signed, stands }) => signed && stands)
  const sound = isChained && lost.length === 0
  const told = `${chain.total} entries, ${heads.length} signed heads, head ${chain.head}, ${photos.length} photos`
  if (isChained && !sound) say(`${dir}: the record is whole, but not all photos it names are: ${told}`)
  else say(sound ? `${dir}: the record is whole: ${told}` : `${dir}: THE RECORD IS NOT WHAT WAS WRITTEN: ${told}`)
  if (heads.length === 0) say('no head was published yet: a record written anew from end to end would not be noticed')
  return sound
}

function inWords({ kind, pos, entryKind, receivedAt, after, elsewhere }: ChainFault): string {
  const where = `position ${pos} (${entryKind}, ${time(receivedAt)})`
  const before = after === null ? 'it is the first there is' : `it follows position ${after}`
  switch (kind) {
    case 'altered':
      return `ALTERED: ${where} does not say what was written: its hash is of something else`
    case 'missing':
      return `MISSING: before ${where} entries are gone; ${before}`
    case 'reordered':
      return `REORDERED: ${where} stood behind what is now at position ${elsewhere}; ${before}`
  }
}

/** The file by itself, and against the record where there is one. */
async function checkEvidence(file: string, dir: string | null): Promise<boolean> {
  const { body, evidence, seal } = readEvidence(file)
  const faults: string[] = []
  if (!isSignedBy(seal, body)) faults.push('ALTERED: the signature is not of this content')
  for (const one of evidence.record) {
    if (hashOf(one) !== one.hash) faults.push(`ALTERED: position ${one.pos} (${one.kind}) does not have the hash of what it says`)
  }
  if (evidence.missing.length > 0)
    faults.push(`MISSING: positions ${evidence.missing.join(', ')} could not be read when it was exported`)
  for (const { sha256, state } of evidence.photos ?? [])
    if (state !== 'kept') faults.push(`${state.toUpperCase()}: photo ${sha256} was ${state} when it was exported`)
  const photos = photosNamed(evidence.record)
  if (dir !== null) {
    faults.push(...photoFaults(dir, photos))
    const found = new Map(
      (
        await recordedAt(
          join(dir, 'journal'),
          evidence.record.map(({ pos }) => pos),
        )
      ).map((one) => [one.entry.pos, one]),
    )
    for (const { pos, kind, hash } of evidence.record) {
      const here = found.get(pos)
      if (!here) faults.push(`MISSING: position ${pos} (${kind}) is not in the record of ${dir}`)
      else if (Buffer.from(here.hash).toString('hex') !== hash)
        faults.push(`ALTERED: position ${pos} (${kind}) is another one in the record of ${dir}`)
    }
  }
  for (const fault of faults) say(fault)
  const told = `alarm ${evidence.alarm.id}, ${evidence.record.length} entries, exported ${time(evidence.exportedAt)}, sha256 ${createHash('sha256').update(body).digest('hex')}`
  say(faults.length === 0 ? `${file}: whole and signed: ${told}` : `${file}: NOT WHAT WAS EXPORTED: ${told}`)
  if (dir === null && photos.length > 0) say(`it names ${photos.length} photos; give the data folder to see that they are these`)
  say(`signed by the key ${createHash('sha256').update(seal.publicKey).digest('hex').slice(0, 16)}; compare it with heads/*.json`)
  return faults.length === 0
}

function readEvidence(file: string): { body: Buffer; evidence: Evidence; seal: EvidenceSeal } {
  const bad = (why: string) =>
    new BadSetting(`${file} is no exported evidence: ${why}; it comes from GET /api/v1/alarms/{id}/evidence`)
  if (!existsSync(file)) throw new BadSetting(`there is no file ${file}`)
  const bytes = readFileSync(file)
  const end = bytes.indexOf(10)
  if (end < 0) throw bad('it has one line, not two')
  try {
    const body = bytes.subarray(0, end)
    const evidence = JSON.parse(body.toString()) as Evidence
    const seal = JSON.parse(bytes.subarray(end + 1).toString()) as EvidenceSeal
    if (evidence.format !== 'watchfire-evidence/1' || !Array.isArray(evidence.record)) throw new Error('another format')
    return { body, evidence, seal }
  } catch (error) {
    throw bad((error as Error).message)
  }
}

function hashOf({ previous, payload, ...entry }: EvidenceEntry): string {
  return chainHash(Buffer.from(previous, 'hex'), { ...entry, payload: Buffer.from(payload) }).toString('hex')
}
