import { Conflict, NotFound } from '../core/errors.ts'
import type { Hazard } from '../core/hazard.ts'
import type { Caller } from './access.ts'
import type { Context } from './context.ts'
import { seesHazard, shownHazard } from './hazard-view.ts'

/** How the calls about hazards find one and tell it, each person in their own view of it. */
export function hazardAnswers({ clock, hazards, people, registry }: Context) {
  const beginning = ({ id, enterpriseId }: Hazard) => ({
    taken: hazards.takenUp(id),
    enterprise: registry.enterprises.get(enterpriseId ?? '')?.name ?? '—',
  })
  const shown = (caller: Caller, hazard: Hazard) => shownHazard(caller, hazard, beginning(hazard), hazards.time, clock.now())
  /** A refusal tells the hazard as it stands now: as this person is shown it. */
  const asShown = (caller: Caller) => (error: unknown) => {
    if (error instanceof Conflict && error.details['hazard'])
      throw new Conflict(error.code, error.message, {
        ...error.details,
        hazard: shown(caller, error.details['hazard'] as Hazard),
      })
    throw error
  }
  const find = async (caller: Caller, id: string): Promise<Hazard> => {
    await hazards.known()
    const hazard = hazards.hazard(id)
    if (!hazard || !seesHazard(caller, hazard)) throw new NotFound(`there is no hazard ${id}`)
    return hazard
  }
  const nameOf = (id: string) => {
    const person = people.person(id)
    return person ? (person.contact.name ?? person.username) : id
  }
  /** An enterprise is told the names of its own people only. */
  const namesFor = (caller: Caller, ids: Iterable<string | null | undefined>) => {
    const known = [...new Set(ids)].map((id) => (id ? people.person(id) : undefined)).filter((one) => one !== undefined)
    const told = known.filter((one) => caller.enterpriseId === null || one.enterpriseId === caller.enterpriseId)
    return Object.fromEntries(told.map(({ id }) => [id, nameOf(id)]))
  }
  const peopleIn = ({ createdBy, fixers, verifiedBy, listing, fields, notices = [] }: Hazard) => [
    ...notices.flatMap(({ issuedBy, served, ended }) => [issuedBy, served?.by, served?.personId, ended?.by]),
    ...[createdBy, ...fixers, verifiedBy, listing?.by, fields.responsible?.personId],
  ]
  return { beginning, shown, asShown, find, nameOf, namesFor, peopleIn }
}
