import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../core/log.ts'
import { replaceFile, type Disk } from './disk.ts'
import { followChain, type Chain } from './chain.ts'

const DAY = 86_400_000
const RETRY_MS = 60_000
const KEY_FILE = 'private-key.pem'

/** Position after the last entry, hash of the last record entry, and when: what is signed. */
type Head = { pos: number; hash: string; at: number }
/** Ed25519: the signature in base64, the key as PEM. */
export type Signature = { signature: string; publicKey: string }
type Published = Head & Signature

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

  /** Signs with the key of the published heads: who has one of them knows whose it is. */
  sign(bytes: Uint8Array): Signature {
    return signedBy(this.#privateKey(), bytes)
  }

  async #write(file: string, head: Head): Promise<void> {
    const published = { ...head, ...this.sign(signedBytes(head)) } satisfies Published
    await replaceFile(this.#disk, file, `${JSON.stringify(published, null, 2)}\n`)
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
  const { entries, head, faults } = followChain(journalDir)
  const breaks = [...new Set(faults.map(({ pos }) => pos))]
  return { entries, head, brokenAt: breaks[0] ?? null, breaks }
}

/** A published head, and whether its signature is by the key it names and the record still has it. */
export type PublishedHead = { file: string; pos: number; at: number; signed: boolean; stands: boolean }

/** Every published head and whether the record still has it, and its signature is by the key it names. */
export function verifyHeads(dataDir: string): PublishedHead[] {
  return verifyRecord(dataDir).heads
}

/** The whole proof in one pass: the chain, and the heads published of it. */
export function verifyRecord(dataDir: string): { chain: Chain; heads: PublishedHead[] } {
  const dir = join(dataDir, 'heads')
  const files = existsSync(dir) ? readdirSync(dir).filter((name) => /^\d{4}-\d\d-\d\d\.json$/.test(name)) : []
  const published = files.map((file) => ({ file, ...readPublished(join(dir, file)) }))
  const hashAt = new Map<number, string>()
  let waiting = published.toSorted((a, b) => a.pos - b.pos)
  const chain = followChain(join(dataDir, 'journal'), ({ pos }, before) => {
    for (const one of waiting) if (one.pos <= pos) hashAt.set(one.pos, before)
    waiting = waiting.filter((one) => one.pos > pos)
  })
  for (const { pos } of waiting) hashAt.set(pos, chain.head)
  const heads = published.map(({ file, ...one }) => ({
    file,
    pos: one.pos,
    at: one.at,
    signed: isSigned(one),
    stands: hashAt.get(one.pos) === one.hash && !chain.faults.some(({ pos }) => pos < one.pos),
  }))
  return { chain, heads }
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

function signedBy(key: KeyObject, bytes: Uint8Array): Signature {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string
  return { signature: sign(null, bytes, key).toString('base64'), publicKey }
}

const isSigned = (head: Published): boolean => isSignedBy(head, signedBytes(head))

/** Whether the key that is named made the signature over these bytes. */
export function isSignedBy({ signature, publicKey }: Signature, bytes: Uint8Array): boolean {
  try {
    return verify(null, bytes, publicKey, Buffer.from(signature, 'base64'))
  } catch {
    return false // a key or a signature that is none
  }
}
