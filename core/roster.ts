/** Who is on duty in a shift (ux.md B4, B5): the ladder climbs from the first to the last. */
export const dutyRoles = ['duty1', 'duty2', 'shiftLeader', 'dutyLeader'] as const
export type DutyRole = (typeof dutyRoles)[number]

/** One shift of one region. Persons by id only; times are ms UTC, `from` ≤ t < `to`. */
export type Shift = {
  id: string
  /** changes with every change of the shift, a substitution included */
  version: number
  /** administrative division code; a region without shifts of its own is watched by the one above it */
  region: string
  from: number
  to: number
  people: Record<DutyRole, string>
  /** who stands in for whom, newest last */
  substitutions: { role: DutyRole; personId: string; by: string; at: number; reason: string }[]
  cancelledAt: number | null
}

/** Everybody who can be told of an alarm of a region at a time, and for which region they are there. */
export type OnDuty = { region: string; shiftId: string; people: Record<DutyRole, string> }

/** A time in which nobody watches a region that has a roster. */
export type RosterGap = { region: string; from: number; to: number }

/** The people of a shift after its substitutions. */
export function peopleOf({ people, substitutions }: Pick<Shift, 'people' | 'substitutions'>): Record<DutyRole, string> {
  const now = { ...people }
  for (const { role, personId } of substitutions) now[role] = personId
  return now
}

/** The shifts in force, by region: a projection of the record. */
export class RosterBook {
  #byRegion = new Map<string, Shift[]>()
  #byId = new Map<string, Shift>()

  /** Takes a shift as it stands after a change. */
  apply(shift: Shift): void {
    const before = this.#byId.get(shift.id)
    if (before) this.#drop(before)
    if (shift.cancelledAt !== null) {
      this.#byId.delete(shift.id)
      return
    }
    this.#byId.set(shift.id, shift)
    const shifts = this.#byRegion.get(shift.region) ?? []
    shifts.push(shift)
    shifts.sort((a, b) => a.from - b.from)
    this.#byRegion.set(shift.region, shifts)
  }

  shift(id: string): Shift | undefined {
    return this.#byId.get(id)
  }

  /** Shifts of a region that touch a time, earliest first. */
  shifts(region: string, from: number, to: number): Shift[] {
    return (this.#byRegion.get(region) ?? []).filter((shift) => shift.from < to && shift.to > from)
  }

  regions(): string[] {
    return [...this.#byRegion.keys()]
  }

  /** Who watches a place at a time: its own shift, else that of the next place above it; null where nobody does. */
  onDuty(region: string, at: number): OnDuty | null {
    for (const place of upwards(region)) {
      const shift = this.#byRegion.get(place)?.find(({ from, to }) => from <= at && at < to)
      if (shift) return { region: place, shiftId: shift.id, people: peopleOf(shift) }
    }
    return null
  }

  /** When nobody watches a region of its own roster, between two times. */
  gaps(region: string, from: number, to: number): RosterGap[] {
    const gaps: RosterGap[] = []
    let covered = from
    for (const shift of this.shifts(region, from, to)) {
      if (shift.from > covered) gaps.push({ region, from: covered, to: shift.from })
      covered = Math.max(covered, shift.to)
    }
    if (covered < to) gaps.push({ region, from: covered, to })
    return gaps
  }

  #drop(shift: Shift): void {
    const left = (this.#byRegion.get(shift.region) ?? []).filter((one) => one.id !== shift.id)
    if (left.length > 0) this.#byRegion.set(shift.region, left)
    else this.#byRegion.delete(shift.region)
  }
}

/** A county's code may come with zeros for "no town" and "no village" behind it. */
export const plainCode = (region: string): string => region.replace(/^(\d{6})0{3,6}$/, '$1').replace(/^(\d{9})000$/, '$1')

/** A division code and those above it: village (12 digits), town (9), county (6), city (4 + 00), province (2 + 0000). */
export function upwards(region: string): string[] {
  const county = region.slice(0, 6)
  const above = [region.slice(0, 12), region.slice(0, 9), county, `${county.slice(0, 4)}00`, `${county.slice(0, 2)}0000`]
  return [...new Set(above)].filter((code) => code.length <= region.length)
}
