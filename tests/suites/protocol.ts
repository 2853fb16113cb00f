import fc from 'fast-check'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { AttributeValue, Fault, Meaning, Protocol } from '../../gateway/protocols/protocol.ts'

/** A recorded payload and what it means; times that were not sent are null, known devices are `GAS-…`. */
type Frame = { name: string; topic: string; payload: Uint8Array; meaning: unknown[] }

/** Writes down what it is told. */
export class Told implements Meaning {
  readonly all: unknown[] = []
  readonly faults: Fault[] = []

  about(device: string, position: number): boolean {
    this.all.push(['about', device, position])
    return device.startsWith('GAS-')
  }

  reading(key: string, value: number, time: number): void {
    this.all.push(['reading', key, value, Number.isNaN(time) ? null : Number.isFinite(time) ? time : 'unreadable'])
  }

  attributes(values: Map<string, AttributeValue>): void {
    this.all.push(['attributes', Object.fromEntries(values)])
  }

  presence(connected: boolean): void {
    this.all.push(['presence', connected])
  }

  response(requestId: string): void {
    this.all.push(['response', requestId])
  }

  fault(fault: Fault): void {
    this.faults.push(fault)
    this.all.push(['fault', fault.code, fault.position, fault.key])
  }
}

const recorded = (protocol: string): Frame[] => {
  const dir = join(import.meta.dirname, '../frames', protocol)
  return readdirSync(dir).map((file) => {
    const frame = JSON.parse(readFileSync(join(dir, file), 'utf8')) as {
      topic: string
      text?: string
      hex?: string
      meaning: unknown[]
    }
    const payload = frame.hex === undefined ? Buffer.from(frame.text!, 'utf8') : Buffer.from(frame.hex, 'hex')
    return { name: file.replace('.json', ''), topic: frame.topic, payload, meaning: frame.meaning }
  })
}

/** The contract of `gateway/protocols/protocol.ts`, for every protocol. */
export function protocolSuite(protocol: Protocol): void {
  const frames = recorded(protocol.name)
  const session = protocol.open()
  const read = (topic: string, bytes: Uint8Array, start = 0, end = bytes.length): Told => {
    const told = new Told()
    session.receive(topic, bytes, start, end, told)
    return told
  }

  describe(`protocol ${protocol.name}`, () => {
    test.each(frames)('frame $name means what was recorded', ({ topic, payload, meaning }) => {
      const told = read(topic, payload)
      expect(told.all).toEqual(meaning)
      for (const fault of told.faults) expect(fault.message).not.toBe('')
    })

    test('the bytes around a message do not change what it means', () => {
      for (const { topic, payload, meaning } of frames) {
        const wrapped = Buffer.concat([Buffer.from('"}'), payload, Buffer.from('1}"')])
        expect(read(topic, wrapped, 2, 2 + payload.length).all).toEqual(meaning)
      }
    })

    test('no bytes make it throw, and what it cannot read it names with a position inside the message', () => {
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.json({ noUnicodeString: false }).map((text) => Buffer.from(text)),
        fc.tuple(fc.constantFrom(...frames), fc.nat(), fc.nat(255)).map(([{ payload }, at, byte]) => {
          const changed = Buffer.from(payload)
          if (changed.length > 0) changed[at % changed.length] = byte
          return changed
        }),
        fc
          .tuple(fc.constantFrom(...frames), fc.nat())
          .map(([{ payload }, length]) => payload.subarray(0, length % (payload.length + 1))),
      )
      const topics = [...new Set(frames.map(({ topic }) => topic))]
      fc.assert(
        fc.property(fc.constantFrom(...topics), bytes, (topic, payload) => {
          for (const { position } of read(topic, payload).faults) {
            if (position === null) continue
            expect(position).toBeGreaterThanOrEqual(0)
            expect(position).toBeLessThanOrEqual(payload.length)
          }
        }),
        { numRuns: 3_000 },
      )
    })
  })
}
