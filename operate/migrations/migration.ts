/** One step of the data folder's layout, from the number before to `to`. Runs once, alone, before anything is opened. */
export type Migration = {
  to: number
  /** for the log: what is different afterwards */
  says: string
  /**
   * The files it changes, makes or removes, by their path in the data folder; a database by its name alone. They are copied
   * before it begins and put back before it is tried again, so `run` may count on finding them as the version before left them.
   */
  changes: string[]
  run(dataDir: string): void | Promise<void>
}
