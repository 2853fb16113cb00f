import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { generate, parser, type Packet } from 'mqtt-packet'

export type BrokerManner = 'accepting' | 'hanging' | 'refusing' | 'failing' | 'slow' | 'cut' | 'wrong-password'

/** An MQTT broker of one client, 3.1.1 and 5, whose speakers answer what they are told to. */
export async function startBroker() {
  const fake = {
    manner: 'accepting' as BrokerManner,
    url: '',
    announced: [] as { topic: string; payload: string }[],
    /** what comes back on the subscribed topic for an announcement */
    answers: (_announced: { id: string }): unknown[] => [],
    stop: () => Promise.resolve(),
  }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    talk(socket, fake)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  fake.url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`
  fake.stop = async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return fake
}

function talk(socket: Socket, fake: Awaited<ReturnType<typeof startBroker>>): void {
  let version: 4 | 5 = 4
  let listens: string | null = null
  const say = (packet: Packet) => void (socket.writable && socket.write(generate(packet, { protocolVersion: version })))
  const parsed = parser()
  socket.on('data', (bytes) => void parsed.parse(bytes))
  parsed.on('packet', (packet: Packet) => {
    if (fake.manner === 'hanging') return
    if (packet.cmd === 'connect') {
      version = packet.protocolVersion === 5 ? 5 : 4
      const code =
        fake.manner === 'wrong-password' ? (version === 5 ? 134 : 4) : fake.manner === 'failing' ? (version === 5 ? 137 : 3) : 0
      return say({ cmd: 'connack', sessionPresent: false, returnCode: code, reasonCode: code } as Packet)
    }
    if (packet.cmd === 'subscribe') {
      listens = packet.subscriptions[0]!.topic
      return say({ cmd: 'suback', messageId: packet.messageId!, granted: [1] } as Packet)
    }
    if (packet.cmd !== 'publish') return
    if (fake.manner === 'cut') return void socket.destroy()
    const payload = packet.payload.toString()
    fake.announced.push({ topic: packet.topic, payload })
    const ack = { cmd: 'puback', messageId: packet.messageId!, reasonCode: fake.manner === 'refusing' ? 153 : 0 } as Packet
    setTimeout(() => say(ack), fake.manner === 'slow' ? 150 : 0)
    if (listens === null) return
    for (const answer of fake.answers(JSON.parse(payload) as { id: string })) {
      const text = typeof answer === 'string' ? answer : JSON.stringify(answer)
      say({ cmd: 'publish', topic: listens, payload: text, qos: 0, dup: false, retain: false })
    }
  })
}
