import type { Level } from './level.ts'

/** How the queue of the desk can be ordered, and what it can leave out: never a red. */
export const queueSorts = ['urgency', 'newest', 'level'] as const
export type QueueSort = (typeof queueSorts)[number]
export type QueueFilter = { text: string; area: string; enterprise: string; kind: string; level: Level | ''; mine: boolean }

/** A filter and an order a person has given a name. It is theirs, and decides nothing for anybody else. */
export type DeskView = { name: string; sort: QueueSort; filter: QueueFilter }
export const MOST_VIEWS = 20
