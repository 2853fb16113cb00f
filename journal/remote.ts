import type { MessagePort } from 'node:worker_threads'
import type { Journal } from './journal.ts'

/** What a worker thread needs to open its own end of the journal. */
export type JournalTicket = { dir: string }

export function serveJournal(_port: MessagePort, _journal: Journal): void {
  throw new Error('being built')
}

export function connectJournal(_port: MessagePort, _ticket: JournalTicket): Journal {
  throw new Error('being built')
}
