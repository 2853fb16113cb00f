import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../core/log.ts'
import { replaceFile, type Disk } from './disk.ts'
import { chainHash } from './group.ts'
import { recordEntries } from './record-reader.ts'

const DAY = 86_400_000
const RETRY_MS = 60_000
const KEY_FILE = 'private-key.pem'

/** Position after the last entry, hash of the last record entry, and when: what is signed. */
type Head = { pos: number; hash: string; at: number }
type Published = Head & { signature: string; publicKey: string }

const signedBytes = ({ pos, hash, at }: Head) => Buffer.from(JSON.stringify({ pos, hash, at }))

/** Publishes the head of the record once a day, signed: a copy kept elsewhere proves that nothing before it was changed. */
export class HeadSeal {
  #dir: string
  #disk: Disk
  #log: Log
  #key: KeyObject | null = null
  #day: number | null = null
  #retryAt = 0
  #writing: Promise<void> = Promise.resolve()

  constructor(dataDir: string, disk: Disk, log: Log) {
    this.#dir = join(dataDir, 'heads')
    this.#disk = disk
    this.#log = log
  }

  /** Writes `heads/YYYY-MM-DD.json` unless today has one. */
  daily(now: number, pos: number, hash: Uint8Array): void {
    const today = Math.floor(now / DAY)
    if (this.#day === today || now < this.#retryAt) return
    this.#day = today
    const file = join(this.#dir, `${new Date(now).toISOString().slice(0, 10)}.json`)
    if (existsSync(file)) return
    this.#writing = this.#write(file, { pos, hash: Buffer.from(hash).toString('hex'), at: now }).catch((error: Error) => {
      this.#day = null
      this.#retryAt = now + RETRY_MS
      this.#log.warn('the head of the record cannot be published', { error: error.message })
    })
  }

  idle(): Promise<void> {
    return this.#writing
  }

  async #write(file: string, head: Head): Promise<void> {
    const key = this.#privateKey()
    const signature = sign(null, signedBytes(head), key).toString('base64')
    const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string
    await replaceFile(this.#disk, file, `${JSON.stringify({ ...head, signature, publicKey } satisfies Published, null, 2)}\n`)
    this.#log.info('head of the record', head)
  }

  #privateKey(): KeyObject {
    if (this.#key) return this.#key
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 })
    const file = join(this.#dir, KEY_FILE)
    if (!existsSync(file)) {
      const { privateKey } = generateKeyPairSync('ed25519')
      writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flush: true })
    }
    return (this.#key = createPrivateKey(readFileSync(file)))
  }
}

export type ChainVerdict = { entries: number; head: string; brokenAt: number | null; breaks: number[] }

/**
 * Recomputes the chain of the whole record. `breaks` are the positions whose hash does not follow from what is before them
 * (a damaged stretch is one break, a changed entry another), `brokenAt` the first of them; `entries` counts up to there.
 */
export function verifyChain(journalDir: string): ChainVerdict {
  return followChain(journalDir, () => undefined)
}

/** Every published head and whether the record still has it, and its signature is by the key it names. */
export function verifyHeads(dataDir: string): { file: string; pos: number; signed: boolean; stands: boolean }[] {
  const dir = join(dataDir, 'heads')
  const files = existsSync(dir) ? readdirSync(dir).filter((name) => /^\d{4}-\d\d-\d\d\.json$/.test(name)) : []
  const heads = files.map((file) => ({ file, ...readPublished(join(dir, file)) }))
  const hashAt = new Map<number, string>()
  let waiting = heads.toSorted((a, b) => a.pos - b.pos)
  const { head, breaks } = followChain(join(dataDir, 'journal'), (pos, before) => {
    for (const one of waiting) if (one.pos <= pos) hashAt.set(one.pos, before)
    waiting = waiting.filter((one) => one.pos > pos)
  })
  for (const { pos } of waiting) hashAt.set(pos, head)
  return heads.map(({ file, ...one }) => ({
    file,
    pos: one.pos,
    signed: isSigned(one),
    stands: hashAt.get(one.pos) === one.hash && !breaks.some((pos) => pos < one.pos),
  }))
}

/** What cannot be read any more is a head nobody signed. */
function readPublished(file: string): Published {
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as Published
    if (typeof read.pos === 'number' && typeof read.hash === 'string') return read
  } catch {
    // The same answer whatever is wrong with it.
  }
  return { pos: 0, hash: '', at: 0, signature: '', publicKey: '' }
}

function isSigned(head: Published): boolean {
  try {
    return verify(null, signedBytes(head), head.publicKey, Buffer.from(head.signature, 'base64'))
  } catch {
    return false // a key or a signature that is none
  }
}

function followChain(journalDir: string, visit: (pos: number, hashBefore: string) => void): ChainVerdict {
  const breaks: number[] = []
  let last: Uint8Array = new Uint8Array(32)
  let entries = 0
  for (const { entry, previous, hash } of recordEntries(journalDir)) {
    visit(entry.pos, Buffer.from(last).toString('hex'))
    const follows = Buffer.from(previous).equals(last) && chainHash(previous, entry).equals(hash)
    if (!follows) breaks.push(entry.pos)
    else if (breaks.length === 0) entries++
    last = Uint8Array.from(hash)
  }
  return { entries, head: Buffer.from(last).toString('hex'), brokenAt: breaks[0] ?? null, breaks }
}
