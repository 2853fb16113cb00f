/** What a first administrator is led through (ux.md B), in this order. */
export const startSteps = ['jurisdiction', 'map', 'duty', 'import', 'push'] as const
export type StartStep = (typeof startSteps)[number]

/** `done` is read from the platform, never ticked. */
export type StartState = 'done' | 'open' | 'skipped'
export type StartFacts = {
  jurisdiction: { name: string; isSet: boolean; regions: number }
  /** where maps open: the middle of what is placed */
  map: { isOwn: boolean; files: number; centre: { latitude: number; longitude: number } | null; placed: number; unplaced: number }
  duty: { hasRoster: boolean; isWatched: boolean; people: number; reachable: number }
  import: { enterprises: number; devices: number }
  push: { hasChannels: boolean; answered: number; sentAt: number | null; messageIds: string[] }
}
export type StartView = { steps: { name: StartStep; state: StartState }[]; facts: StartFacts; isOver: boolean }
