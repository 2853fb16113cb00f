import type { Contact } from '../core/contact.ts'
import { Invalid } from '../core/errors.ts'
import { newAccount, type Account, type Person, type PersonContact } from './people-database.ts'
import { may, type Role } from './rights.ts'

export type NewPerson = {
  username: string
  password: string
  role: Role
  enterpriseId: string | null
  regions?: string[]
  sectors?: string[]
  mustChangePassword?: boolean
}
export type PersonChange = {
  role?: Role
  password?: string
  disabled?: boolean
  regions?: string[]
  sectors?: string[]
  contact?: Partial<Omit<PersonContact, 'armedAt'>>
}
export type Due = 'password' | 'second-factor' | null

export const accountOf = (person: Person): Account =>
  Object.fromEntries(Object.keys(newAccount).map((key) => [key, person[key as keyof Account]])) as Account

/** Who may do everything is limited by nothing, and an enterprise by itself already. */
export function checkLimits({ role, regions, sectors }: Pick<Person, 'role' | 'regions' | 'sectors'>): void {
  if (regions.length + sectors.length === 0 || !(role === 'enterprise' || may(role, 'govern'))) return
  throw new Invalid('invalid', `regions and sectors do not go with the role ${role}`, { field: 'regions' })
}

/** A contact after a change. Who is reached elsewhere has not answered there: they are armed anew by a test message. */
export function changedContact(contact: PersonContact, wish: Partial<Omit<PersonContact, 'armedAt'>>): PersonContact {
  const next = { ...contact, ...wish }
  const reached = ({ phone, mail, addresses }: PersonContact) => JSON.stringify([phone, mail, Object.entries(addresses).sort()])
  return reached(next) === reached(contact) ? next : { ...next, armedAt: null }
}

export function contactOf({ id, enterpriseId, contact: { phone, mail, position, addresses, armedAt } }: Person): Contact {
  return {
    personId: id,
    enterpriseId,
    position,
    addresses: { ...addresses, ...(phone !== null && { phone }), ...(mail !== null && { mail }) },
    armedAt,
  }
}
