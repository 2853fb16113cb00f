import { Registry, type Device } from '../core/registry.ts'
import { readRecordEntry } from '../journal/codec.ts'
import type { Entry } from '../journal/journal.ts'
import type { About } from './stores/store.ts'

const nobody: About = { enterprise: '', region: '', kind: '' }

/** What is true of each device, as far as the record has been applied. */
export class Tags {
  #registry = new Registry()
  #known = new Map<string, About>()

  /** Returns the devices of which something else is true now. */
  apply(entry: Entry): string[] {
    if (entry.kind !== 'registry.changed') return []
    const change = readRecordEntry(entry)
    if (change.kind !== 'registry.changed') return []
    this.#registry.apply(change)
    const { entity, row } = change
    const touched =
      entity === 'device'
        ? [row.id]
        : entity === 'enterprise'
          ? [...this.#registry.devices.values()].filter(({ enterpriseId }) => enterpriseId === row.id).map(({ id }) => id)
          : []
    for (const device of touched) this.#known.delete(device)
    return touched
  }

  /** The same object as long as nothing about the device has changed. */
  of(device: string): About {
    let about = this.#known.get(device)
    if (!about) {
      about = this.#look(this.#registry.devices.get(device))
      // One nobody knows yet may be made known by a row that does not name it.
      if (about !== nobody) this.#known.set(device, about)
    }
    return about
  }

  #look(device: Device | undefined): About {
    if (!device) return nobody
    const { enterpriseId: enterprise, kind } = device
    return { enterprise, kind, region: this.#registry.enterprises.get(enterprise)?.region ?? '' }
  }
}

/** The same for any time of the past, from all that the record says of the registry. */
export class TagHistory {
  #steps = new Map<string, { since: number; about: About }[]>()

  constructor(entries: readonly Entry[]) {
    const tags = new Tags()
    for (const entry of entries)
      for (const device of tags.apply(entry)) {
        const steps = this.#steps.get(device) ?? []
        this.#steps.set(device, steps)
        steps.push({ since: entry.receivedAt, about: tags.of(device) })
      }
  }

  at(device: string, receivedAt: number): About {
    const steps = this.#steps.get(device)
    return (steps?.findLast(({ since }) => since <= receivedAt) ?? steps?.[0])?.about ?? nobody
  }
}
