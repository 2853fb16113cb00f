import { PlatformError } from './errors.ts'

/** Either end of a message channel between threads; structural, so that core needs no platform types. */
export type Port = {
  postMessage(message: unknown, moved?: ArrayBuffer[]): void
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- MessagePort's own overloads take any
  on(event: 'message', listener: (message: any) => void): unknown
}

type Handlers = Record<string, (...args: never[]) => unknown>
type Call = { call: number; name: string; args: unknown[] }
type Answer = {
  answer: number
  value?: unknown
  error?: { name: string; code: string; message: string; details: Record<string, unknown> }
}

/** An error that crossed a thread: same code, message and details, so a catcher can tell by `code`. */
export class RemoteError extends PlatformError {
  override readonly code: string

  constructor(code: string, message: string, details: Record<string, unknown>) {
    super(message, details)
    this.code = code
  }
}

const moving = new WeakMap<object, ArrayBuffer[]>()

/** Marks an answer whose bytes are moved to the asking thread instead of copied: whoever answers does not touch them again. */
export function moved<T extends object>(answer: T, ...bytes: Uint8Array<ArrayBuffer>[]): T {
  moving.set(
    answer,
    bytes.map(({ buffer }) => buffer),
  )
  return answer
}

/** Answers calls that arrive on the port. A handler may return a promise. */
export function serve(port: Port, handlers: Handlers): void {
  port.on('message', (message: Call) => {
    if (typeof message?.call !== 'number') return
    void (async () => {
      try {
        const handler = handlers[message.name]
        if (!handler) throw new PlatformError(`no such call: ${message.name}`)
        const value = await handler(...(message.args as never[]))
        const buffers = typeof value === 'object' && value !== null ? moving.get(value) : undefined
        port.postMessage({ answer: message.call, value } satisfies Answer, buffers ?? [])
      } catch (error) {
        const { name, message: text } = error as Error
        const code = error instanceof PlatformError ? error.code : 'bug'
        const details = error instanceof PlatformError ? error.details : { stack: (error as Error).stack }
        port.postMessage({ answer: message.call, error: { name, code, message: text, details } } satisfies Answer)
      }
    })()
  })
}

/** Calls what the other end serves: `const call = caller(port); await call('readings', query)`. */
export function caller(port: Port): { call: <T>(name: string, ...args: unknown[]) => Promise<T>; fail: (error: Error) => void } {
  let next = 1
  let failed: Error | null = null
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  port.on('message', (message: Answer) => {
    if (typeof message?.answer !== 'number') return
    const one = waiting.get(message.answer)
    waiting.delete(message.answer)
    if (!one) return
    if (message.error) one.reject(new RemoteError(message.error.code, message.error.message, message.error.details))
    else one.resolve(message.value as never)
  })
  return {
    call: (name, ...args) =>
      new Promise((resolve, reject) => {
        if (failed) return reject(failed)
        const id = next++
        waiting.set(id, { resolve, reject })
        port.postMessage({ call: id, name, args } satisfies Call)
      }),
    /** The other end is gone: everything waiting and everything later fails with this. */
    fail: (error) => {
      failed = error
      for (const one of waiting.values()) one.reject(error)
      waiting.clear()
    },
  }
}
