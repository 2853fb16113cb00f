import { connect, type Socket } from 'node:net'
import { attacks, type Attack } from './attacks.ts'
import { Dice } from './dice.ts'

/*
 * node fuzzer.ts MQTT-PORT HTTP-PORT SECONDS SOCKETS SEED [ONLY]: keeps that many sockets busy from a process of its own, each with an
 * attack drawn by lot, and a new one after it is closed or has had its time. Prints what it did as one line of JSON.
 */
const [mqttPort = 0, httpPort = 0, seconds = 10, sockets = 1_000, seed = 1] = process.argv.slice(2, 7).map(Number)
const only = process.argv[7] ?? ''
const drawn = attacks.filter(({ name }) => name.includes(only))
const dice = new Dice(seed)
const end = performance.now() + seconds * 1_000
const done: Record<string, number> = {}
let opened = 0
let refused = 0
const open = new Set<Socket>()

function attack(): void {
  if (performance.now() >= end) return
  const one: Attack = drawn[Math.floor(dice.next() * drawn.length)]!
  const socket = connect({ host: '127.0.0.1', port: one.at === 'mqtt' ? mqttPort : httpPort })
  open.add(socket)
  opened++
  done[one.name] = (done[one.name] ?? 0) + 1
  const enough = setTimeout(() => socket.destroy(), dice.between(500, 20_000))
  socket.on('connect', () => one.run(socket, dice))
  socket.on('data', () => undefined)
  socket.on('error', () => refused++)
  socket.on('close', () => {
    clearTimeout(enough)
    open.delete(socket)
    setTimeout(attack, dice.between(0, 200))
  })
}
for (let i = 0; i < sockets; i++) setTimeout(attack, dice.between(0, 2_000))
setTimeout(() => {
  process.stdout.write(`${JSON.stringify({ opened, refused, open: open.size, done })}\n`, () => process.exit(0))
}, seconds * 1_000)
