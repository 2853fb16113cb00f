import type { PeopleDoor } from '../../core/contact.ts'
import type { Log } from '../../core/log.ts'
import type { Journal } from '../../journal/journal.ts'
import type { AlertsConfig } from '../alerts.ts'
import type { RecipientOf } from '../push/callbacks.ts'
import type { ChannelBook } from '../push/channel-book.ts'
import { codeSecretIn, notePlaceIn, placeIn } from './answer-code.ts'
import { EscalationDesk } from './desk.ts'
import { EscalationRunner } from './runner.ts'

type Parts = {
  config: AlertsConfig
  journal: Journal
  log: Log
  channels: ChannelBook
  people: <T>(name: string, ...args: unknown[]) => Promise<T>
  judged: Promise<unknown>
}

/** Escalation in the alerts thread: its place in the data folder, people behind a door in the main thread. */
export function openEscalation({ config, journal, log, channels, people, judged }: Parts) {
  const { dataDir, mode } = config
  const { zone } = config.escalation!
  const publicUrl = config.escalation!.publicUrl?.replace(/\/+$/, '') ?? null
  const door: PeopleDoor = {
    contacts: (ids) => (ids.length === 0 ? Promise.resolve([]) : people('contacts', ids)),
    enterpriseContacts: (id) => people('enterpriseContacts', id),
    names: (ids) => people('names', ids),
    arm: (id) => people('arm', id),
  }
  const noteFrom = (pos: number) => {
    try {
      notePlaceIn(dataDir, pos)
    } catch (error) {
      log.warn('the place of escalation is not on disk', { reason: error instanceof Error ? error.message : 'unknown' })
    }
  }
  const own = { mode, zone, publicUrl, codeSecret: codeSecretIn(dataDir) }
  const parts = {
    journal,
    log,
    channels,
    people: door,
    config: own,
    noteFrom,
    judged,
    from: firstPlace(dataDir, journal, noteFrom),
  }
  const runner = new EscalationRunner(parts)
  const recipientOf: RecipientOf = (channel, messageId, providerId) => {
    const due = runner.machine.dues.find(channel, messageId, providerId)
    if (!due) return null
    const { alarmId, personId, id } = due.entry
    return { messageId: id, personId, ...(alarmId !== null && { alarmId }) }
  }
  return { runner, desk: new EscalationDesk(runner, parts), recipientOf }
}

/**
 * Where it left off. A platform that never called anybody begins with what happens from now on; one that did and has lost its place
 * reads everything again: what is over calls nobody.
 */
async function firstPlace(dataDir: string, journal: Journal, noteFrom: (pos: number) => void): Promise<number> {
  const known = placeIn(dataDir)
  const head = journal.head()
  if (known !== null && known <= head) return known
  const [before] = await journal.readRecord(1, ['ladder.step', 'push.due'])
  const from = before ? 1 : head
  noteFrom(from)
  return from
}
