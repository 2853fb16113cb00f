import { JsonReader, Unreadable, byteOf } from './mqtt-json/json-reader.ts'
import {
  NO_TIME,
  UNREADABLE_TIME,
  type AttributeValue,
  type Fault,
  type Meaning,
  type Protocol,
  type Session,
} from './protocol.ts'

const MAX_KEYS = 1_000
const MAX_REMEMBERED = 4_096
const MAX_KEY_LENGTH = 128
/** Faults of one message that are named one by one; the rest is one more, with their number. */
const MAX_FAULTS = 64

const telemetry = 'v1/devices/me/telemetry'
const attributes = 'v1/devices/me/attributes'
const responsePrefix = 'v1/devices/me/rpc/response/'
const behind = {
  telemetry: 'v1/gateway/telemetry',
  attributes: 'v1/gateway/attributes',
  connect: 'v1/gateway/connect',
  disconnect: 'v1/gateway/disconnect',
}
const behindTopics = new Set(Object.values(behind))
const decimal = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$/
const notFiniteWord = /^\s*[+-]?(nan|inf|infinity)\s*$/i

const badKeyCharacter = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/u

/**
 * The ThingsBoard device API in JSON. `ts` is always the time, also beside flat keys, before or after the values. A key that
 * stands twice in an object is two readings: dropping one of them, as JSON.parse does, could drop the dangerous one.
 */
export const mqttJson: Protocol = {
  name: 'mqtt-json',
  commandTopics: [
    { topic: 'v1/devices/me/rpc/request/+', needsDevicesBehind: false },
    { topic: 'v1/devices/me/attributes', needsDevicesBehind: false },
    { topic: 'v1/devices/me/attributes/response/+', needsDevicesBehind: false },
    { topic: 'v1/gateway/rpc', needsDevicesBehind: true },
    { topic: 'v1/gateway/attributes', needsDevicesBehind: true },
    { topic: 'v1/gateway/attributes/response', needsDevicesBehind: true },
  ],
  open: () => new JsonSession(),
}

class JsonSession implements Session {
  #reader = new JsonReader()
  /* What the message has said so far, told only when all of it has been read. Row i: key, value, time. */
  #rows = 0
  #keys: string[] = []
  #values: number[] = []
  #times: number[] = []
  #faults: Fault[] = []
  #faultsLeftOut = 0
  #goodKeys = new Set<string>()
  #lastGoodKey: string | null = null
  /** Devices behind the sender: their rows and faults end where the next one's begin. */
  #sections: { device: string; position: number; rows: number; faults: number }[] = []

  understands(topic: string, hasDevicesBehind: boolean): boolean {
    if (topic === telemetry || topic === attributes) return true
    if (behindTopics.has(topic)) return hasDevicesBehind
    return topic.startsWith(responsePrefix) && topic.length > responsePrefix.length
  }

  receive(topic: string, bytes: Uint8Array, start: number, end: number, meaning: Meaning): void {
    const reader = this.#reader
    reader.open(bytes, start, end)
    try {
      if (topic === telemetry) this.#telemetry(meaning)
      else if (topic === behind.telemetry) this.#telemetryBehind(meaning)
      else if (topic === attributes) this.#attributes(meaning)
      else if (topic === behind.attributes) this.#attributesBehind(meaning)
      else if (topic === behind.connect || topic === behind.disconnect) this.#presence(topic === behind.connect, meaning)
      else this.#response(topic, meaning)
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      meaning.fault({ code: error.code, message: error.message, position: error.position, key: null })
    } finally {
      reader.close()
      this.#rows = 0
      if (this.#keys.length > MAX_REMEMBERED) this.#keys.length = this.#values.length = this.#times.length = 0
      if (this.#faults.length > 0) this.#faults = []
      if (this.#sections.length > 0) this.#sections = []
      this.#faultsLeftOut = 0
    }
  }

  #telemetry(meaning: Meaning): void {
    this.#messageOf('{"key":value}, {"ts":…,"values":{…}} or an array of these')
    this.#reader.expectEnd()
    this.#tell(meaning, 0, this.#rows, 0, this.#faults.length)
    this.#tellLeftOut(meaning)
  }

  /** `{"GAS-01":[{"ts":…,"values":{…}}],…}` */
  #telemetryBehind(meaning: Meaning): void {
    const reader = this.#reader
    this.#openObject('an object of device names')
    if (!this.#emptyObject()) {
      do {
        reader.peek()
        const position = reader.position()
        const device = reader.key()
        this.#sections.push({ device, position, rows: this.#rows, faults: this.#faults.length })
        this.#messageOf('readings of a device: an array of {"ts":…,"values":{…}}')
      } while (reader.another(byteOf.close))
    }
    reader.expectEnd()
    this.#sections.forEach(({ device, position, rows, faults }, i) => {
      const next = this.#sections[i + 1]
      if (meaning.about(device, position))
        this.#tell(meaning, rows, next?.rows ?? this.#rows, faults, next?.faults ?? this.#faults.length)
    })
    this.#tellLeftOut(meaning)
  }

  #tell(meaning: Meaning, row: number, lastRow: number, fault: number, lastFault: number): void {
    for (; row < lastRow; row++) meaning.reading(this.#keys[row]!, this.#values[row]!, this.#times[row]!)
    for (; fault < lastFault; fault++) meaning.fault(this.#faults[fault]!)
  }

  #tellLeftOut(meaning: Meaning): void {
    if (this.#faultsLeftOut === 0) return
    meaning.fault({
      code: 'wrong-type',
      message: `${this.#faultsLeftOut} more keys like these were left out`,
      position: null,
      key: null,
    })
  }

  /** One element or an array of them. */
  #messageOf(expected: string): void {
    const reader = this.#reader
    const byte = reader.peek()
    if (byte === byteOf.open) return this.#element()
    if (byte !== byteOf.openArray) throw this.#wrongShape(expected)
    reader.at++
    if (reader.peek() === byteOf.closeArray) {
      reader.at++
      return
    }
    do {
      if (reader.peek() === byteOf.open) this.#element()
      else {
        const position = reader.position()
        reader.skip()
        this.#fault('wrong-shape', 'an element of the array is not an object; expected {"ts":…,"values":{…}}', position, null)
      }
    } while (reader.another(byteOf.closeArray))
  }

  /** `{"key":value,…}` or `{"ts":…,"values":{"key":value,…}}` */
  #element(): void {
    const reader = this.#reader
    const firstRow = this.#rows
    let time = NO_TIME
    reader.at++
    if (this.#emptyObject()) return
    let count = 0
    do {
      reader.peek()
      const position = reader.position()
      const key = reader.key()
      if (key === 'ts') time = this.#time()
      else if (key === 'values' && reader.peek() === byteOf.open) this.#valuesObject()
      else if (++count <= MAX_KEYS) this.#member(key, position)
      else this.#beyond(count, key, position)
    } while (reader.another(byteOf.close))
    if (time !== time) return
    for (let row = firstRow; row < this.#rows; row++) this.#times[row] = time
  }

  #valuesObject(): void {
    const reader = this.#reader
    reader.at++
    if (this.#emptyObject()) return
    let count = 0
    do {
      reader.peek()
      const position = reader.position()
      const key = reader.key()
      if (++count <= MAX_KEYS) this.#member(key, position)
      else this.#beyond(count, key, position)
    } while (reader.another(byteOf.close))
  }

  /** One key's value, judged on its own. */
  #member(key: string, keyPosition: number): void {
    const reader = this.#reader
    const byte = reader.peek()
    const position = reader.position()
    let value: number
    if ((byte >= 0x30 && byte <= 0x39) || (byte === byteOf.minus && !reader.word('-Infinity'))) value = reader.number()
    else if (byte === byteOf.minus) value = -Infinity
    else if (byte === byteOf.quote) {
      const text = reader.string()
      value = decimal.test(text) ? Number(text) : NaN
      if (value !== value && !notFiniteWord.test(text))
        return this.#fault('wrong-type', 'a text that is not a number', position, key)
    } else if (reader.word('true')) value = 1
    else if (reader.word('false')) value = 0
    else if (reader.word('null')) return this.#fault('wrong-type', 'null where a number was expected', position, key)
    // Not JSON, but what Python and printf write for a dead sensor: the other keys of the message are still good.
    else if (reader.word('NaN') || reader.word('Infinity')) value = NaN
    else if (byte === byteOf.open || byte === byteOf.openArray) {
      reader.skip()
      const what = byte === byteOf.open ? 'an object' : 'an array'
      return this.#fault('wrong-type', `${what} where a number was expected`, position, key)
    } else throw reader.unexpected('a value')
    if (!Number.isFinite(value)) return this.#fault('not-finite', 'not a finite number', position, key)
    if (key !== this.#lastGoodKey && !this.#isGood(key)) return this.#badKey(key, keyPosition)
    const row = this.#rows++
    this.#keys[row] = key
    this.#values[row] = value
    this.#times[row] = NO_TIME
  }

  /** Remembers which keys are good: they repeat for ever, and looking at each character every time would be felt. */
  #isGood(key: string): boolean {
    if (!this.#goodKeys.has(key)) {
      if (!isGoodKey(key)) return false
      if (this.#goodKeys.size >= MAX_REMEMBERED) this.#goodKeys.clear()
      this.#goodKeys.add(key)
    }
    this.#lastGoodKey = key
    return true
  }

  #time(): number {
    const reader = this.#reader
    const byte = reader.peek()
    const position = reader.position()
    let time = NaN
    if (byte === byteOf.quote) {
      const text = reader.string()
      if (decimal.test(text)) time = Number(text)
    } else if ((byte >= 0x30 && byte <= 0x39) || byte === byteOf.minus) {
      if (!reader.word('-Infinity')) time = reader.number()
    } else {
      reader.skip()
    }
    if (Number.isFinite(time)) return Math.trunc(time)
    this.#fault(
      'bad-timestamp',
      'ts is not a time: milliseconds since 1970 (UTC) were expected; the values are kept with ours',
      position,
      'ts',
    )
    return UNREADABLE_TIME
  }

  /** Keys over the limit are still read, so that what follows them is. */
  #beyond(count: number, key: string, position: number): void {
    this.#reader.skip()
    if (count === MAX_KEYS + 1)
      this.#fault(
        'too-many-keys',
        `more than ${MAX_KEYS} keys; from this one on they were left out`,
        position,
        key.slice(0, MAX_KEY_LENGTH),
      )
  }

  #badKey(key: string, position: number): void {
    const message = `a key has 1 to ${MAX_KEY_LENGTH} characters, none of them a control character, and is not __proto__`
    this.#fault('bad-key', message, position, key.slice(0, MAX_KEY_LENGTH).toWellFormed())
  }

  #fault(code: Fault['code'], message: string, position: number, key: string | null): void {
    if (this.#faults.length >= MAX_FAULTS) this.#faultsLeftOut++
    else this.#faults.push({ code, message, position, key })
  }

  #attributes(meaning: Meaning): void {
    this.#openObject('an object of attributes')
    const values = this.#attributeMembers()
    this.#reader.expectEnd()
    if (values.size > 0) meaning.attributes(values)
    this.#tell(meaning, 0, 0, 0, this.#faults.length)
    this.#tellLeftOut(meaning)
  }

  /** `{"GAS-01":{"serial":"A7"},…}` */
  #attributesBehind(meaning: Meaning): void {
    const reader = this.#reader
    const all: { device: string; position: number; values: Map<string, AttributeValue> }[] = []
    this.#openObject('an object of device names')
    if (!this.#emptyObject()) {
      do {
        reader.peek()
        const position = reader.position()
        const device = reader.key()
        this.#openObject('an object of attributes')
        all.push({ device, position, values: this.#attributeMembers() })
      } while (reader.another(byteOf.close))
    }
    reader.expectEnd()
    for (const { device, position, values } of all)
      if (meaning.about(device, position) && values.size > 0) meaning.attributes(values)
    this.#tell(meaning, 0, 0, 0, this.#faults.length)
    this.#tellLeftOut(meaning)
  }

  #attributeMembers(): Map<string, AttributeValue> {
    const reader = this.#reader
    const values = new Map<string, AttributeValue>()
    if (this.#emptyObject()) return values
    do {
      reader.peek()
      const keyPosition = reader.position()
      const key = reader.key()
      const byte = reader.peek()
      const position = reader.position()
      let value: AttributeValue
      if (byte === byteOf.quote) value = reader.string().toWellFormed()
      else if (reader.word('true')) value = true
      else if (reader.word('false')) value = false
      else if (reader.word('null')) value = null
      else if ((byte >= 0x30 && byte <= 0x39) || byte === byteOf.minus) value = reader.number()
      else {
        reader.skip()
        this.#fault('wrong-type', 'an attribute is a text, a number, true, false or null', position, key)
        continue
      }
      if (typeof value === 'number' && !Number.isFinite(value)) this.#fault('not-finite', 'not a finite number', position, key)
      else if (isGoodKey(key)) values.set(key, value)
      else this.#badKey(key, keyPosition)
    } while (reader.another(byteOf.close))
    return values
  }

  /** `{"device":"GAS-01"}` */
  #presence(connected: boolean, meaning: Meaning): void {
    const reader = this.#reader
    this.#openObject('{"device":"name"}')
    let device: string | null = null
    let position = 0
    if (!this.#emptyObject()) {
      do {
        const isDevice = reader.key() === 'device'
        if (isDevice && reader.peek() === byteOf.quote) {
          position = reader.position()
          device = reader.string()
        } else reader.skip()
      } while (reader.another(byteOf.close))
    }
    reader.expectEnd()
    if (device === null) meaning.fault({ code: 'wrong-shape', message: 'expected {"device":"name"}', position: 0, key: 'device' })
    else if (meaning.about(device, position)) meaning.presence(connected)
  }

  #response(topic: string, meaning: Meaning): void {
    this.#reader.skip()
    this.#reader.expectEnd()
    meaning.response(topic.slice(responsePrefix.length))
  }

  #openObject(expected: string): void {
    if (this.#reader.peek() !== byteOf.open) throw this.#wrongShape(expected)
    this.#reader.at++
  }

  /** Right after `{`: consumes `}` if it stands there. */
  #emptyObject(): boolean {
    if (this.#reader.peek() !== byteOf.close) return false
    this.#reader.at++
    return true
  }

  /** Broken JSON is named as that; whole JSON of another shape as this. */
  #wrongShape(expected: string): Unreadable {
    const reader = this.#reader
    const position = reader.position()
    if (reader.peek() === -1) return reader.unexpected(expected)
    reader.skip()
    return new Unreadable('wrong-shape', position, `the message is JSON, but not ${expected}`)
  }
}

const isGoodKey = (key: string): boolean =>
  key.length > 0 && key.length <= MAX_KEY_LENGTH && key !== '__proto__' && !key.endsWith('#') && !badKeyCharacter.test(key)
