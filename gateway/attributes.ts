import type { AttributeValue, Fault } from './protocols/protocol.ts'
import type { Sender } from './sender.ts'

const MAX_ATTRIBUTES = 64
const MAX_TEXT = 512
const BURST = 20
const PER_MS = 10_000

/**
 * What a device says about itself and has not said before. It is recorded under the device's own name and never touches
 * what an administrator set (substance, range, limits): a device must not widen its own limits.
 */
export function changedAttributes(
  known: ReadonlyMap<string, AttributeValue>,
  said: ReadonlyMap<string, AttributeValue>,
): { changed: Record<string, AttributeValue>; faults: Fault[] } {
  const changed: Record<string, AttributeValue> = {}
  const faults: Fault[] = []
  let count = known.size
  for (const [key, value] of said) {
    if (known.get(key) === value) continue
    if (typeof value === 'string' && value.length > MAX_TEXT) {
      faults.push({ code: 'too-large', message: `an attribute has at most ${MAX_TEXT} characters`, position: null, key })
    } else if (!known.has(key) && count >= MAX_ATTRIBUTES) {
      faults.push({
        code: 'too-many-keys',
        message: `a device has at most ${MAX_ATTRIBUTES} attributes of its own`,
        position: null,
        key,
      })
      break
    } else {
      if (!known.has(key)) count++
      changed[key] = value
    }
  }
  return { changed, faults }
}

/** The record is kept for ever, so a device may change its attributes twenty times at once and then every ten seconds. */
export function mayRecordAttributes(sender: Sender, now: number): boolean {
  const refilled = Math.floor((now - sender.attributeChangesSince) / PER_MS)
  if (refilled > 0) {
    sender.attributeChanges = Math.max(0, sender.attributeChanges - refilled)
    sender.attributeChangesSince = now
  }
  if (sender.attributeChanges >= BURST) return false
  sender.attributeChanges++
  return true
}
