import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Aedes } from 'aedes'

export type Received = { client: string; user: string; topic: string; json: unknown }

export type Broker = {
  url: string
  received: Received[]
  /** client ids connected now */
  connected: Set<string>
  stop(): Promise<void>
}

/** A plain MQTT broker on a free port that remembers what it acknowledged. */
export async function startBroker(
  policy: { login?: (user: string) => boolean; acknowledge?: () => boolean; port?: number } = {},
): Promise<Broker> {
  const { login = () => true, acknowledge = () => true, port = 0 } = policy
  const received: Received[] = []
  const users = new Map<string, string>()
  const connected = new Set<string>()
  const aedes = await Aedes.createBroker({
    authenticate(client, user, _password, done) {
      users.set(client.id, user ?? '')
      if (login(user ?? '')) return done(null, true)
      done(Object.assign(new Error('refused'), { returnCode: 5 }), false)
    },
    authorizePublish(client, packet, done) {
      if (!acknowledge()) return
      const id = client?.id ?? ''
      received.push({ client: id, user: users.get(id) ?? '', topic: packet.topic, json: JSON.parse(packet.payload.toString()) })
      done(null)
    },
  })
  aedes.on('client', ({ id }) => connected.add(id))
  aedes.on('clientDisconnect', ({ id }) => connected.delete(id))
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    aedes.handle(socket)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    connected,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => aedes.close(() => server.close(() => resolve())))
    },
  }
}

/** Every value that arrived: device (or user for a device's own topic), metric, time, value. */
export function valuesOf(received: Received[]): { who: string; metric: string; ts: number; value: number }[] {
  type Item = { ts: number; values: Record<string, number> }
  const flat = (who: string, items: Item[]) =>
    items.flatMap(({ ts, values }) => Object.entries(values).map(([metric, value]) => ({ who, metric, ts, value })))
  return received.flatMap(({ topic, user, json }) => {
    if (topic === 'v1/devices/me/telemetry') return flat(user, Array.isArray(json) ? (json as Item[]) : [json as Item])
    if (topic === 'v1/gateway/telemetry')
      return Object.entries(json as Record<string, Item[]>).flatMap(([device, items]) => flat(device, items))
    return []
  })
}
