import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export type Received = { method: string; path: string; headers: IncomingHttpHeaders; body: string }
export type Behaviour = (answer: ServerResponse, request: Received) => void

export const accept: Behaviour = (answer) => answer.writeHead(204).end()
export const status =
  (code: number, headers: Record<string, string> = {}): Behaviour =>
  (answer) =>
    answer.writeHead(code, headers).end('words nobody asked for')
export const hang: Behaviour = () => undefined
export const reset: Behaviour = (answer) => answer.socket?.resetAndDestroy()
export const says =
  (body: unknown, code = 200): Behaviour =>
  (answer) =>
    answer.writeHead(code, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body))
/** Promises a whole answer and hangs up in the middle of it. */
export const cutShort =
  (body: string): Behaviour =>
  (answer) => {
    answer.writeHead(200, { 'content-type': 'application/json', 'content-length': String(body.length) })
    answer.write(body.slice(0, body.length / 2), () => answer.socket?.destroy())
  }
/** Sends its head at once and its body for ever. */
export const endless: Behaviour = (answer) => {
  answer.writeHead(200)
  const more = setInterval(() => answer.write('x'.repeat(1000)), 5)
  answer.on('close', () => clearInterval(more))
}
export const slow =
  (ms: number): Behaviour =>
  (answer) =>
    void setTimeout(() => answer.writeHead(200).end(), ms)

/** A real HTTP server on a free port whose manners can be changed while it runs. */
export async function startReceiver(behave: Behaviour = accept, pair?: { key: string; cert: string }) {
  const received: Received[] = []
  const receiver = {
    behave,
    received,
    url: '',
    port: 0,
    stop: () => Promise.resolve(),
    listen: (_port: number) => Promise.resolve(),
  }
  const listen = (take: RequestListener) => (pair ? createTlsServer(pair, take) : createServer(take))
  const server = listen((request, answer) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body }
      received.push(one)
      receiver.behave(answer, one)
    })
  })
  receiver.listen = async (port) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    receiver.port = (server.address() as AddressInfo).port
    receiver.url = `${pair ? 'https' : 'http'}://127.0.0.1:${receiver.port}/hook/very-private-path`
  }
  receiver.stop = async () => {
    server.closeAllConnections()
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }
  await receiver.listen(0)
  return receiver
}
