import type { Migration } from './migration.ts'

/** Every migration there is, in order, each one number further. Format 1 is the first and needs none. */
export const migrations: Migration[] = []
