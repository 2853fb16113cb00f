import { parseArgs } from 'node:util'
import type { Aedes } from 'aedes'
import type { Log } from '../core/log.ts'
import { MemoryJournal } from '../journal/memory.ts'
import { ReadingBuffer } from './reading-buffer.ts'
import { startMqtt, type MqttTransport } from './transports/mqtt.ts'
import type { Link, Policy, Published } from './transports/mqtt/policy.ts'
import { hasControlCharacter } from './transports/mqtt/text.ts'

const maxPacketBytes = 256 * 1024

/** Anybody, any topic, routed between clients as an ordinary broker does; one filter is refused so that suites can see a refusal. */
class OpenPolicy implements Policy {
  #broker: Aedes

  constructor(broker: Aedes) {
    this.#broker = broker
  }

  admit(): Link {
    const broker = this.#broker
    return {
      credential: 'anybody',
      refresh: () => true,
      mayPublish: () => true,
      waitMs: 0,
      publish({ topic, qos, retain, bytes, start, end }: Published) {
        if (topic.startsWith('$SYS/') || hasControlCharacter(topic)) return
        // The bytes belong to the socket's chunk, a retained or queued message lives longer.
        const payload = Buffer.from(bytes.subarray(start, end))
        broker.publish({ cmd: 'publish', topic, qos: qos as 0 | 1 | 2, retain, payload, dup: false }, () => undefined)
      },
      filter: (asked) => (asked === 'test/nosubscribe' || asked.startsWith('$SYS') || asked.startsWith('$share/') ? null : asked),
      topic: (internal) => internal,
      tooLarge: () => undefined,
      closed: () => undefined,
    }
  }

  wrongVersion(): void {}
}

/** The MQTT transport alone over a journal in memory, on this machine only, for public MQTT suites (semantics 27). */
export async function startConformance(port: number, log: Log): Promise<MqttTransport> {
  const journal = new MemoryJournal()
  const config = { host: '127.0.0.1', mqttPort: port, mqttsPort: null, tls: null, maxPacketBytes, maxConnections: 10_000 }
  return startMqtt(
    config,
    (broker) => new OpenPolicy(broker),
    new ReadingBuffer(journal, log),
    () => journal.clock.now(),
    log,
  )
}

// npm starts it through launch.js, so it is not the main module there.
if (process.argv[1] === import.meta.filename) await main()

async function main(): Promise<void> {
  const refuse = (why: string): never => {
    process.stderr.write(`${why}\n`)
    process.exit(1)
  }
  if (process.env['WATCHFIRE_DATA_DIR'] !== undefined)
    refuse('mqtt-conformance lets anybody in and stores nothing: it does not run where WATCHFIRE_DATA_DIR is set; unset it')
  let port = 1883
  try {
    const { values } = parseArgs({ options: { port: { type: 'string' } } })
    port = values.port === undefined ? port : Number(values.port)
  } catch (error) {
    refuse((error as Error).message)
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    refuse('--port is a number from 0 to 65535; for example: npm run mqtt-conformance -- --port 1883')
  const log = (level: string) => (text: string, fields?: object) =>
    void process.stderr.write(`${JSON.stringify({ level, text, ...fields })}\n`)
  const quiet = () => undefined
  const transport = await startConformance(port, { debug: quiet, info: quiet, warn: log('warn'), error: log('error') }).catch(
    (error: Error) => refuse(error.message),
  )
  for (const { name, url } of transport.addresses) process.stdout.write(`listening ${name} ${url}\n`)
  process.stdout.write('watchfire ready\n')
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void transport.stop().then(() => process.exit(0)))
}
