import type { QueuedAction } from './outbox.ts'

/** What this phone keeps: actions that have not arrived, and the last answers, each with the time it was given. */
const DATABASE = 'watchfire-phone'
const SHAPE = 1

const answered = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('no database')))
  })

async function opened(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, SHAPE)
  request.addEventListener('upgradeneeded', () => {
    request.result.createObjectStore('outbox', { keyPath: 'seq', autoIncrement: true })
    request.result.createObjectStore('answers')
  })
  return answered(request)
}

async function use<T>(
  store: 'outbox' | 'answers',
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const database = await opened()
  try {
    return await answered(work(database.transaction(store, mode).objectStore(store)))
  } finally {
    database.close()
  }
}

/** Rejects when this browser may store nothing: then an action that cannot be sent is not kept either, and its person is told. */
export const outboxStore = {
  all: () => use('outbox', 'readonly', (store) => store.getAll() as IDBRequest<QueuedAction[]>),
  put: async (item: Omit<QueuedAction, 'seq'> & { seq?: number }): Promise<number> =>
    (await use('outbox', 'readwrite', (store) => store.put(item))) as number,
  drop: (seq: number) => use('outbox', 'readwrite', (store) => store.delete(seq)),
}

export type KeptAnswer<T> = { at: number; value: T }
/** Answers are an aid: without storage there are none. */
export const answers = {
  load: async <T>(name: string): Promise<KeptAnswer<T> | null> => {
    try {
      return ((await use('answers', 'readonly', (store) => store.get(name))) as KeptAnswer<T> | undefined) ?? null
    } catch {
      return null
    }
  },
  keep: (name: string, value: unknown): void => {
    use('answers', 'readwrite', (store) => store.put({ at: Date.now(), value }, name)).catch(() => undefined)
  },
}

/** Whoever logs out leaves nothing of what they saw. */
export async function forgetAll(): Promise<void> {
  await Promise.allSettled([
    use('outbox', 'readwrite', (store) => store.clear()),
    use('answers', 'readwrite', (store) => store.clear()),
  ])
}
