import type { Journal } from '../journal/journal.ts'

/** The journal as it is, except that it is noted how far a follower has released. */
export function noteReleases(journal: Journal, note: (pos: number) => void): Journal {
  return {
    clock: journal.clock,
    append: (drafts) => journal.append(drafts),
    pendingBytes: () => journal.pendingBytes(),
    head: () => journal.head(),
    tail: () => journal.tail(),
    read: (from, maxBytes) => journal.read(from, maxBytes),
    readRecord: (from, kinds) => journal.readRecord(from, kinds),
    status: () => journal.status(),
    stop: () => journal.stop(),
    follow(cursor, from, handle) {
      const follower = journal.follow(cursor, from, handle)
      return {
        release(pos) {
          note(pos)
          follower.release(pos)
        },
        stop: () => follower.stop(),
      }
    },
  }
}
