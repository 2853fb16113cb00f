import { EmbeddedStore } from './embedded.ts'
import { MemoryStore } from './memory.ts'
import type { Store, StoreOptions } from './store.ts'

/** Every kind of store there is, by the name the setting uses. */
export const stores = {
  embedded: (options) => EmbeddedStore.open(options),
  /** forgets when it is closed: the model the others are compared with */
  memory: () => new MemoryStore(),
} satisfies Record<string, (options: StoreOptions) => Store>

export type StoreName = keyof typeof stores
