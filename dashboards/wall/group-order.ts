import { severity, type Level } from '../../core/level.ts'
import type { AlarmGroup } from '../web/alarm-order.ts'

/**
 * Rows stay where they are: a group goes to the top when it is new or its worst level rises, never because another alarm of the same
 * kind came. Groups with a red nobody has acknowledged stand above the others, so that no flood carries them out of sight.
 */
export class GroupOrder {
  #places: string[] = []
  #levels = new Map<string, Level>()

  /** `held`: somebody has selected a row, so nothing moves; what is new waits at the end. */
  of(groups: readonly AlarmGroup[], held = false): AlarmGroup[] {
    const byKey = new Map(groups.map((group) => [group.key, group]))
    const kept = this.#places.filter((key) => byKey.has(key))
    const known = new Set(kept)
    // The given order is newest first, so the newest of several new ones comes out on top.
    const fresh = groups.filter(({ key }) => !known.has(key)).map(({ key }) => key)
    if (held) this.#places = [...kept, ...fresh]
    else {
      const risen = kept.filter((key) => severity[byKey.get(key)!.level] > severity[this.#levels.get(key) ?? 'blue'])
      const moved = new Set(risen)
      this.#places = [...fresh, ...risen, ...kept.filter((key) => !moved.has(key))]
      this.#places.sort((a, b) => Number(byKey.get(b)!.unacknowledgedRed) - Number(byKey.get(a)!.unacknowledgedRed))
      this.#levels = new Map(groups.map(({ key, level }) => [key, level]))
    }
    return this.#places.map((key) => byKey.get(key)!)
  }
}
