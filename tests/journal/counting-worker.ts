import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { recordDraft } from '../../journal/codec.ts'
import { connectJournal, type JournalTicket } from '../../journal/remote.ts'

/** Counts rows as a part in a thread would read them, and writes something back now and then. */
const { ticket, port } = workerData as { ticket: JournalTicket; port: MessagePort }
const journal = connectJournal(port, ticket)
let rows = 0
let blocks = 0
let expected = 1
const follower = journal.follow('reader', 1, async ({ entries, next, damaged }) => {
  if (damaged.length > 0) throw new Error('damage where there is none')
  for (const entry of entries) {
    if (entry.pos !== expected) throw new Error(`expected ${expected}, got ${entry.pos}`)
    expected = entry.pos + entry.count
    if (entry.kind !== 'block') continue
    rows += entry.count
    if (++blocks % 100 === 0) {
      await journal.append([
        recordDraft(
          { kind: 'push.sent', alarmId: `${blocks}`, alarmVersion: 1, channel: 'test', attempt: 1, detail: '' },
          `push:${blocks}`,
        ),
      ])
    }
  }
  follower.release(next)
  parentPort!.postMessage(rows)
})
