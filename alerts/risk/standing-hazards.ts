import { isHazardStanding, type Hazard } from '../../core/hazard.ts'

/** When each hazard that stands open is due, by the enterprise's place. A place that never had one knows nothing of tasks. */
export class StandingHazards {
  #of = new Map<string, Map<string, number>>()

  note(key: string, { id, state, dueAt }: Pick<Hazard, 'id' | 'state' | 'dueAt'>): void {
    const due = this.#of.get(key) ?? new Map<string, number>()
    this.#of.set(key, due)
    if (isHazardStanding(state) && dueAt !== null) due.set(id, dueAt)
    else due.delete(id)
  }

  /** Without a trace: the place may never have had one. */
  forget(key: string, id: string): void {
    this.#of.get(key)?.delete(id)
  }

  overdue(key: string, now: number): number | null {
    const due = this.#of.get(key)
    return due ? [...due.values()].filter((at) => now > at).length : null
  }

  /** When the next one becomes overdue. */
  next(key: string, now: number): number | null {
    const later = [...(this.#of.get(key)?.values() ?? [])].filter((at) => at >= now)
    return later.length === 0 ? null : Math.min(...later) + 1
  }

  save(): [key: string, due: [id: string, dueAt: number][]][] {
    return [...this.#of].map(([key, due]) => [key, [...due]])
  }

  restore(saved: ReturnType<StandingHazards['save']>): void {
    this.#of = new Map(saved.map(([key, due]) => [key, new Map(due)]))
  }
}
