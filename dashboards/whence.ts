import { AsyncLocalStorage } from 'node:async_hooks'
import type { FastifyInstance } from 'fastify'
import type { RecordEntry } from '../core/record.ts'

/** Where the request being answered comes from. */
const whence = new AsyncLocalStorage<string>()

/** Everything done for a request from here on knows its address; the body has been read by then, which would lose it. */
export function rememberWhence(app: Pick<FastifyInstance, 'addHook'>): void {
  app.addHook('preHandler', (request, _reply, done) => whence.run(request.socket.remoteAddress ?? '', done))
}

const notPersons = new Set(['platform', 'console'])

/** What a person does is recorded with the address they did it from. */
export function signed(entry: RecordEntry): RecordEntry {
  const from = whence.getStore()
  if (from === undefined || from === '' || !('by' in entry) || notPersons.has(entry.by as string) || 'from' in entry) return entry
  return { ...entry, from } as unknown as RecordEntry
}
