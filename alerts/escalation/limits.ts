const MINUTE = 60_000
/** Per person (ux.md B4): what a mature pager allows. */
const limits = {
  sms: [
    { messages: 1, perMs: MINUTE },
    { messages: 5, perMs: 15 * MINUTE },
  ],
  voice: [{ messages: 3, perMs: 15 * MINUTE }],
} as const
export type Limited = keyof typeof limits
const REMEMBERED_MS = 15 * MINUTE

/** How often each person was called lately. */
export class Limits {
  #sent = new Map<string, number[]>()

  note(personId: string, way: Limited, at: number): void {
    const key = `${way} ${personId}`
    this.#sent.set(key, [...(this.#sent.get(key) ?? []).filter((one) => at - one < REMEMBERED_MS), at])
  }

  /** When the next message may leave: `now` or later. */
  freeAt(personId: string, way: Limited, now: number): number {
    const sent = this.#sent.get(`${way} ${personId}`) ?? []
    let free = now
    for (const { messages, perMs } of limits[way]) {
      const inWindow = sent.filter((at) => at > now - perMs)
      if (inWindow.length >= messages) free = Math.max(free, inWindow.at(-messages)! + perMs)
    }
    return free
  }
}
