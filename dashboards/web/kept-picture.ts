import type { LiveState } from './live-state.ts'

/** The last picture of a screen, kept in its own browser: what it shows, with its age, until the server answers. */
export type Picture = { state: LiveState; at: number }
export type PictureStore = {
  load(): Promise<Picture | null>
  keep(picture: Picture): Promise<void>
  forget(): Promise<void>
}

const DATABASE = 'watchfire-pictures'
const STORE = 'pictures'
/** Changes with the shape of the state: a picture of another version of the page is not shown. */
const SHAPE = 1

const answered = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('no database')))
  })

async function opened(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, SHAPE)
  request.addEventListener('upgradeneeded', () => {
    const database = request.result
    for (const name of [...database.objectStoreNames]) database.deleteObjectStore(name)
    database.createObjectStore(STORE)
  })
  return answered(request)
}

/** `name`: which view it is a picture of. A browser without storage keeps none, and loses nothing else. */
export function pictureStore(name: string): PictureStore {
  const use = async <T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | null> => {
    try {
      const database = await opened()
      try {
        return await answered(work(database.transaction(STORE, mode).objectStore(STORE)))
      } finally {
        database.close()
      }
    } catch {
      return null // storage may be forbidden or full in a kiosk
    }
  }
  return {
    load: async () => ((await use('readonly', (store) => store.get(name))) as Picture | null | undefined) ?? null,
    keep: async (picture) => void (await use('readwrite', (store) => store.put(picture, name))),
    forget: async () => void (await use('readwrite', (store) => store.delete(name))),
  }
}
