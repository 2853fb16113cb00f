import { EmbeddedStore } from './embedded.ts'
import { InfluxArchive } from './influx.ts'
import type { InfluxOptions } from './influx/options.ts'
import { MemoryStore } from './memory.ts'
import type { Archive, Store, StoreOptions } from './store.ts'

/** Every kind of store there is, by the name the setting uses. */
export const stores = {
  embedded: (options) => EmbeddedStore.open(options),
  /** forgets when it is closed: the model the others are compared with */
  memory: () => new MemoryStore(),
} satisfies Record<string, (options: StoreOptions) => Store>

export type StoreName = keyof typeof stores

/** Every kind of archive there is. */
export const archives = {
  influx: (options: InfluxOptions): Archive => new InfluxArchive(options),
}

export type { InfluxOptions } from './influx/options.ts'
