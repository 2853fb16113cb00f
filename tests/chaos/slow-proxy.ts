import { createServer, request } from 'node:http'

/** What happens to the next request: how long it is held, or which answer it gets instead of the server's. */
export type Treatment = { delayMs?: number; status?: number }

/** A proxy in front of an HTTP server that can be slow, ill, or tell when a request of many bytes is half through. */
export class SlowProxy {
  url = ''
  treatment: Treatment = {}
  requests = 0
  /** Called once, when a write has been handed on for a part. */
  onHalfWrite: (() => void) | null = null
  #server

  private constructor(target: string) {
    this.#server = createServer((from, to) => {
      this.requests++
      const { delayMs = 0, status } = this.treatment
      const chunks: Buffer[] = []
      from.on('data', (chunk: Buffer) => chunks.push(chunk))
      from.on('end', () => {
        setTimeout(() => {
          if (status !== undefined) {
            to.writeHead(status, { 'content-type': 'application/json' }).end('{"error":"engine: no space left on device"}')
            return
          }
          const body = Buffer.concat(chunks)
          const url = URL.parse(from.url!, target)!
          const forward = request(url, { method: from.method!, headers: { ...from.headers, host: url.host } }, (answer) => {
            to.writeHead(answer.statusCode!, answer.headers)
            answer.pipe(to)
            answer.on('error', () => to.destroy())
          })
          forward.on('error', () => to.destroy())
          if (this.onHalfWrite && from.url!.startsWith('/write')) {
            forward.write(body.subarray(0, body.length >> 1))
            const tell = this.onHalfWrite
            this.onHalfWrite = null
            setTimeout(() => {
              tell()
              forward.end(body.subarray(body.length >> 1))
            }, 20)
          } else forward.end(body)
        }, delayMs)
      })
    })
  }

  static async start(target: string): Promise<SlowProxy> {
    const proxy = new SlowProxy(target)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    proxy.url = `http://127.0.0.1:${(proxy.#server.address() as { port: number }).port}`
    return proxy
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}
