import { noRoomFor } from './window-room.ts'
import { endOf, isBounded, isTest, type SuppressionWindow, type WindowEntry } from './window.ts'

const DAY_MS = 86_400_000

/** Those that are over stay known for so long: late data may still tell of their time. */
export const WINDOWS_KEPT_MS = 30 * DAY_MS

/** Windows as the record has them. Does not judge who may: an entry that changes nothing is not heard. */
export class Windows {
  readonly #byId = new Map<string, SuppressionWindow>()

  all(): SuppressionWindow[] {
    return [...this.#byId.values()]
  }

  get size(): number {
    return this.#byId.size
  }

  get(id: string): SuppressionWindow | undefined {
    return this.#byId.get(id)
  }

  load(windows: Iterable<SuppressionWindow>): void {
    for (const window of windows) this.#byId.set(window.id, window)
  }

  /** The window as it stands after the entry; null when that changes nothing. */
  apply(entry: WindowEntry, at: number): SuppressionWindow | null {
    const after = entry.kind === 'window.declared' ? this.#declared(entry, at) : this.#changed(entry, at)
    if (after) this.#byId.set(after.id, after)
    return after
  }

  /** Those that ended too long ago to matter are forgotten; gives their ids. */
  forget(at: number): string[] {
    const old = this.all().filter((window) => endOf(window) + WINDOWS_KEPT_MS <= at)
    for (const { id } of old) this.#byId.delete(id)
    return old.map(({ id }) => id)
  }

  #declared({ window, by }: Extract<WindowEntry, { kind: 'window.declared' }>, at: number): SuppressionWindow | null {
    if (this.#byId.has(window.id)) return null
    const nobody = { confirmedBy: null, confirmedAt: null, refusedBy: null, refusedAt: null, endedBy: null, endedAt: null }
    return { ...window, declaredBy: by, declaredAt: at, ...nobody, comment: null }
  }

  #changed(entry: Exclude<WindowEntry, { kind: 'window.declared' }>, at: number): SuppressionWindow | null {
    const window = this.#byId.get(entry.windowId)
    if (!window || window.refusedAt !== null || window.endedAt !== null) return null
    switch (entry.kind) {
      case 'window.confirmed':
        // Two persons are two.
        if (window.confirmedAt !== null || entry.by === window.declaredBy || at >= endOf(window)) return null
        if (isTest(window.kind) && isBounded(window) && noRoomFor(window, this.#byId.values(), at)) return null
        return { ...window, confirmedBy: entry.by, confirmedAt: at }
      case 'window.refused':
        return { ...window, refusedBy: entry.by, refusedAt: at, comment: entry.reason }
      case 'window.ended':
        return { ...window, endedBy: entry.by, endedAt: at, comment: entry.reason }
    }
  }
}
