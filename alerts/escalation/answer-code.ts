import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What answers one message, for somebody who cannot log in: the duty room enters it for them. */
export const readCode = (secret: string, messageId: string): string =>
  String(createHmac('sha256', secret).update(messageId).digest().readUInt32BE(0) % 1_000_000).padStart(6, '0')

export const isCode = (given: string, secret: string, messageId: string): boolean => {
  const [a, b] = [given, readCode(secret, messageId)].map((text) => Buffer.from(text, 'utf8')) as [Buffer, Buffer]
  return a.byteLength === b.byteLength && timingSafeEqual(a, b)
}

const SECRET = 'push-secret'
const PLACE = 'escalation-from'

/** Kept in the data folder: the same message carries the same code after a restart. */
export function codeSecretIn(dataDir: string): string {
  const file = join(dataDir, SECRET)
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 })
  return readFileSync(file, 'utf8')
}

/** From where the record has to be read; null when that is not known. */
export function placeIn(dataDir: string): number | null {
  try {
    const pos = Number(readFileSync(join(dataDir, PLACE), 'utf8'))
    return Number.isSafeInteger(pos) && pos >= 1 ? pos : null
  } catch {
    return null
  }
}

/** Too old a place only means reading more, so it need not be flushed. */
export function notePlaceIn(dataDir: string, pos: number): void {
  const file = join(dataDir, PLACE)
  writeFileSync(`${file}.new`, String(pos), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
