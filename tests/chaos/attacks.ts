import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { connectPacket, packet, publishPacket } from '../bench/raw-mqtt-client.ts'
import type { Dice } from './dice.ts'

/** What somebody without credentials does with one connection. It need not end; whoever runs it closes the socket. */
export type Attack = { name: string; at: 'mqtt' | 'http'; run(socket: Socket, dice: Dice): void }

const noise = randomBytes(1 << 16)
const bytes = (dice: Dice, count: number) => {
  const at = about(dice, noise.length - count)
  return noise.subarray(at, at + count)
}
const about = (dice: Dice, most: number) => Math.floor(dice.between(0, most))

/** One piece now, the others at this pace, until the socket is gone. */
function drip(socket: Socket, pieces: Buffer, everyMs: number): void {
  let at = 0
  const dripping = setInterval(() => {
    if (socket.destroyed || at >= pieces.length) clearInterval(dripping)
    else socket.write(pieces.subarray(at, ++at))
  }, everyMs)
  socket.once('close', () => clearInterval(dripping))
}

/** Writes for as long as the other side reads, sixteen pieces in five milliseconds at most. */
function pour(socket: Socket, piece: Buffer): void {
  const pouring = setInterval(() => {
    for (let i = 0; i < 16 && !socket.writableNeedDrain; i++) socket.write(piece)
  }, 5)
  socket.once('close', () => clearInterval(pouring))
}

const upgrade = (path: string, protocol = '') =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
  `Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n${protocol ? `Sec-WebSocket-Protocol: ${protocol}\r\n` : ''}\r\n`

/** A masked frame of a client; `says` may be more than is sent. */
function frame(first: number, payload: Buffer, says = payload.length): Buffer {
  const head = Buffer.alloc(14)
  head[0] = first
  head[1] = 0xff
  head.writeBigUInt64BE(BigInt(says), 2)
  return Buffer.concat([head, payload])
}
const post = (path: string, length: number, rest = '') =>
  `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${rest}\r\n`

const half = connectPacket({ clientId: 'x'.repeat(16_200), username: 'u' })

export const attacks: Attack[] = [
  { name: 'silence', at: 'mqtt', run: () => undefined },
  { name: 'random bytes', at: 'mqtt', run: (socket, dice) => void socket.write(bytes(dice, about(dice, 2_000))) },
  { name: 'random bytes without end', at: 'mqtt', run: (socket, dice) => pour(socket, bytes(dice, 16_384)) },
  {
    name: 'huge lengths',
    at: 'mqtt',
    run: (socket, dice) => {
      socket.write(Buffer.from([dice.hits(0.5) ? 0x10 : 0x32, 0xff, 0xff, 0xff, 0x7f]))
      pour(socket, Buffer.alloc(16_384, 0x41))
    },
  },
  { name: 'most of a CONNECT', at: 'mqtt', run: (socket) => void socket.write(half.subarray(0, 16_000)) },
  { name: 'a CONNECT in drops', at: 'mqtt', run: (socket) => drip(socket, half, 20) },
  {
    name: 'a broken CONNECT',
    at: 'mqtt',
    run: (socket, dice) => {
      const broken = Buffer.from(
        connectPacket({ username: 'wf_guess', password: 'x', clientId: 'c', level: dice.hits(0.5) ? 4 : 5 }),
      )
      for (let i = 0; i < 3; i++) broken[about(dice, broken.length)] = about(dice, 256)
      socket.write(broken.subarray(0, about(dice, broken.length + 1)))
    },
  },
  {
    name: 'guessed tokens',
    at: 'mqtt',
    run: (socket, dice) =>
      void socket.write(connectPacket({ username: dice.hits(0.5) ? `wf_${about(dice, 1e9)}` : 'd1', password: 'wf_x' })),
  },
  {
    name: 'publishing without a login',
    at: 'mqtt',
    run: (socket) => pour(socket, publishPacket('v1/devices/me/telemetry', '{"levelM":1}')),
  },
  {
    name: 'a refused login that goes on and reads nothing',
    at: 'mqtt',
    run: (socket) => {
      socket.pause()
      socket.write(connectPacket({ username: 'nobody' }))
      pour(socket, packet(0xc0))
    },
  },
  {
    name: 'WebSocket junk',
    at: 'http',
    run: (socket, dice) => {
      socket.write(upgrade('/mqtt', 'mqtt'))
      socket.write(bytes(dice, about(dice, 4_000)))
    },
  },
  {
    name: 'a WebSocket frame without end',
    at: 'http',
    run: (socket) => {
      socket.write(upgrade('/mqtt', 'mqtt'))
      socket.write(frame(0x02, Buffer.alloc(1_000, 0x41), 250_000))
      pour(socket, Buffer.alloc(4_096, 0x41))
    },
  },
  {
    name: 'WebSocket fragments without end',
    at: 'http',
    run: (socket) => {
      socket.write(upgrade('/mqtt', 'mqtt'))
      socket.write(frame(0x02, Buffer.alloc(10)))
      pour(socket, frame(0x00, Buffer.alloc(100)))
    },
  },
  { name: 'a silent WebSocket', at: 'http', run: (socket) => void socket.write(upgrade('/mqtt', 'mqtt')) },
  {
    name: 'live feed junk',
    at: 'http',
    run: (socket, dice) => {
      socket.write(upgrade('/socket.io/?EIO=4&transport=websocket'))
      const text = dice.hits(0.5) ? '40/live,{"token":"guess"}' : '42["subscribe",{}]'
      socket.write(frame(0x81, Buffer.from(text)))
      pour(socket, frame(0x81, dice.hits(0.5) ? Buffer.from('40/x,') : bytes(dice, 200)))
    },
  },
  {
    name: 'a silent live feed',
    at: 'http',
    run: (socket) => void socket.write(upgrade('/socket.io/?EIO=4&transport=websocket')),
  },
  { name: 'HTTP junk', at: 'http', run: (socket, dice) => void socket.write(bytes(dice, about(dice, 4_000))) },
  {
    name: 'slow headers',
    at: 'http',
    run: (socket) => drip(socket, Buffer.from(`GET /wall HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(5_000)}`), 200),
  },
  {
    name: 'headers without end',
    at: 'http',
    run: (socket) => {
      socket.write('GET /wall HTTP/1.1\r\nHost: x\r\n')
      pour(socket, Buffer.from(`X-${'y'.repeat(200)}: z\r\n`.repeat(20)))
    },
  },
  { name: 'a body that never comes', at: 'http', run: (socket) => void socket.write(`${post('/api/v1/session', 4_000)}{`) },
  {
    name: 'bodies without end',
    at: 'http',
    run: (socket) => {
      socket.write(post('/api/v1/wf_guess/telemetry', 200_000_000))
      pour(socket, Buffer.alloc(16_384, 0x20))
    },
  },
  {
    name: 'requests whose answers nobody reads',
    at: 'http',
    run: (socket) => {
      socket.pause()
      pour(socket, Buffer.from('GET /login HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20)))
    },
  },
  {
    name: 'guessed logins',
    at: 'http',
    run: (socket, dice) => {
      const body = `{"username":"admin","password":"guess${about(dice, 1e6)}"}`
      socket.write(post('/api/v1/session', body.length) + body)
    },
  },
]
