import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../core/log.ts'
import { chainHash, chainOf } from './group.ts'
import { NO_HASH } from './recovery.ts'
import { recordGroups } from './retention.ts'

const DAY = 86_400_000

/** Publishes the head of the record once a day, signed: a copy kept elsewhere proves that nothing before it was changed. */
export class HeadSeal {
  #dir: string
  #log: Log
  #key: KeyObject | null = null
  #day: number | null = null

  constructor(dataDir: string, log: Log) {
    this.#dir = join(dataDir, 'heads')
    this.#log = log
  }

  /** Writes `heads/YYYY-MM-DD.json` unless today has one. `pos` is the position after the last entry, `hash` of the last record entry. */
  daily(now: number, pos: number, hash: Uint8Array): void {
    const today = Math.floor(now / DAY)
    if (this.#day === today) return
    this.#day = today
    const file = join(this.#dir, `${new Date(now).toISOString().slice(0, 10)}.json`)
    if (existsSync(file)) return
    this.#write(file, now, pos, Buffer.from(hash).toString('hex')).catch((error: Error) =>
      this.#log.warn('the head of the record cannot be published', { error: error.message }),
    )
  }

  async #write(file: string, at: number, pos: number, hash: string): Promise<void> {
    const key = this.#privateKey()
    const statement = { pos, hash, at }
    const signature = sign(null, Buffer.from(JSON.stringify(statement)), key).toString('base64')
    const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' })
    const handle = await open(`${file}.new`, 'w', 0o600)
    try {
      await handle.writeFile(`${JSON.stringify({ ...statement, signature, publicKey }, null, 2)}\n`)
      await handle.datasync()
    } finally {
      await handle.close()
    }
    await rename(`${file}.new`, file)
    this.#log.info('head of the record', { pos, hash })
  }

  #privateKey(): KeyObject {
    if (this.#key) return this.#key
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 })
    const file = join(this.#dir, 'private-key.pem')
    if (!existsSync(file)) {
      const { privateKey } = generateKeyPairSync('ed25519')
      writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    }
    return (this.#key = createPrivateKey(readFileSync(file)))
  }
}

export type ChainVerdict = { entries: number; head: string; brokenAt: number | null }

/** Recomputes the chain of the whole record; `brokenAt` is the first position whose hash does not follow from what is before it. */
export function verifyChain(journalDir: string): ChainVerdict {
  let previousHash: Uint8Array = NO_HASH
  let entries = 0
  for (const { bytes, at } of recordGroups(journalDir)) {
    for (const { entry, previous, hash } of chainOf(bytes, at)) {
      const expected = chainHash(previousHash, entry.pos, entry.receivedAt, entry.kind, entry.payload)
      if (!previous.equals(previousHash) || !hash.equals(expected))
        return { entries, head: Buffer.from(previousHash).toString('hex'), brokenAt: entry.pos }
      previousHash = Buffer.from(hash)
      entries++
    }
  }
  return { entries, head: Buffer.from(previousHash).toString('hex'), brokenAt: null }
}
