import type { Directory } from '../journal/directory.ts'
import { recordDraft } from '../journal/codec.ts'
import { changedAttributes, mayRecordAttributes } from './attributes.ts'
import { doubtClock, isBelievable, judgeValue, rangeOf } from './check.ts'
import { isMadeUp, type Identity } from './identity.ts'
import type { Presence } from './presence.ts'
import type { AttributeValue, Fault, Meaning, Session } from './protocols/protocol.ts'
import type { Quarantine, Where } from './quarantine.ts'
import type { ReadingBuffer } from './reading-buffer.ts'
import type { Sender, Slot } from './sender.ts'

const MAX_MADE_UP_SERIES = 64

/** One message: who sent it, over what, when we had it. */
export type Message = Where & { sender: Sender; topic: string; way: Way | null }

/** A connection as the intake sees it: it remembers which devices behind it have shown up. */
export type Way = { behind: Set<string> }

/**
 * Turns what a message means into rows and entries of the group that now collects. One message at a time, and one object
 * for all of them: it is told each reading by a plain call.
 */
export class Intake implements Meaning {
  messages = 0
  readings = 0
  /** of the message in hand: what was stored and what was not */
  stored = 0
  faults: Fault[] = []
  #directory: Directory
  #identity: Identity
  #buffer: ReadingBuffer
  #quarantine: Quarantine
  #presence: Presence
  #message: Message | null = null
  /** whom the message now speaks of: its sender, or a device behind it */
  #subject!: Sender
  #receivedAt = 0

  constructor(directory: Directory, identity: Identity, buffer: ReadingBuffer, quarantine: Quarantine, presence: Presence) {
    this.#directory = directory
    this.#identity = identity
    this.#buffer = buffer
    this.#quarantine = quarantine
    this.#presence = presence
  }

  take(session: Session, message: Message): void {
    this.#message = message
    this.#subject = message.sender
    this.#receivedAt = message.receivedAt
    this.stored = 0
    if (this.faults.length > 0) this.faults = []
    this.messages++
    session.receive(message.topic, message.bytes, message.start, message.end, this)
    if (this.stored === 0) return
    this.readings += this.stored
    this.#buffer.rowsAdded()
  }

  about(name: string, position: number): boolean {
    const { sender, way } = this.#message!
    const subject = this.#identity.behind(sender, name)
    if (!subject || subject === sender) {
      this.#subject = sender
      const shown = name.slice(0, 64).toWellFormed()
      this.fault({
        code: 'unknown-device',
        message: `the enterprise of gateway ${sender.device.id} has no other device with this name or id`,
        position,
        key: shown,
      })
      return false
    }
    this.#subject = subject
    if (way && !way.behind.has(subject.device.id)) this.presence(true)
    return true
  }

  reading(key: string, value: number, time: number): void {
    const subject = this.#subject
    const slot = subject.slots.get(key) ?? this.#newSlot(subject, key)
    if (slot === null) return
    const receivedAt = this.#receivedAt
    let quality = judgeValue(slot.range, value)
    this.stored++
    if (isBelievable(time, receivedAt)) {
      this.#buffer.rows.add(slot.series, time, receivedAt, value, quality)
      return
    }
    // No time, or one that cannot be true: ours, and never twice the same in a series (semantics 11, 12).
    const measuredAt = Math.max(receivedAt, slot.lastAssigned + 1)
    slot.lastAssigned = measuredAt
    const stated = time === time
    if (stated) quality = doubtClock(quality)
    this.#buffer.rows.add(slot.series, measuredAt, receivedAt, value, quality, stated && Number.isFinite(time) ? time : undefined)
  }

  attributes(values: Map<string, AttributeValue>): void {
    const subject = this.#subject
    const { changed, faults } = changedAttributes(subject.attributes, values)
    for (const fault of faults) this.fault(fault)
    const names = Object.keys(changed)
    if (names.length === 0) return
    if (!mayRecordAttributes(subject, this.#receivedAt)) {
      this.fault({
        code: 'too-many-keys',
        message: 'attributes change too often to be recorded; kept here only',
        position: null,
        key: names[0]!,
      })
      return
    }
    for (const name of names) subject.attributes.set(name, changed[name]!)
    this.#buffer.add(recordDraft({ kind: 'device.attributes', deviceId: subject.device.id, attributes: changed }))
  }

  presence(connected: boolean): void {
    const { way, sender } = this.#message!
    if (!way) return
    const { id } = this.#subject.device
    const reason = `behind ${sender.device.id}`
    if (connected) {
      way.behind.add(id)
      this.#presence.arrived(id, way, this.#receivedAt, reason, sender.device.id)
    } else if (way.behind.delete(id)) {
      this.#presence.left(id, way, this.#receivedAt, reason, sender.device.id)
    }
  }

  response(_requestId: string): void {
    // Commands to devices do not exist yet, so nobody waits for an answer; it is acknowledged so that firmware goes on.
  }

  fault(fault: Fault): void {
    this.#quarantine.put(this.#subject, fault, this.#message!, this.faults.length)
    this.faults.push(fault)
  }

  #newSlot(subject: Sender, key: string): Slot | null {
    const { id, mode, attributes } = subject.device
    let series = this.#directory.series.find(mode, id, key)
    if (!series) {
      if (isMadeUp(key)) {
        if (subject.madeUpSeries >= MAX_MADE_UP_SERIES) {
          const message = `the device already has ${MAX_MADE_UP_SERIES} series outside the catalogue`
          this.fault({ code: 'too-many-keys', message, position: null, key })
          return null
        }
        subject.madeUpSeries++
      }
      series = this.#directory.series.reserve(mode, id, key)
      this.#buffer.define(series)
    }
    const slot: Slot = { series: series.id, range: rangeOf(key, attributes), lastAssigned: 0 }
    subject.slots.set(key, slot)
    return slot
  }
}
