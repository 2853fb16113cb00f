import { chmodSync } from 'node:fs'
import type { Clock } from '../core/clock.ts'
import type { Contact, ContactBook } from '../core/contact.ts'
import type { DeskView } from '../core/desk-view.ts'
import { Conflict, Invalid, NotFound } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Author } from '../core/record.ts'
import { hashPassword, isPassword, nobodysPassword } from './passwords.ts'
import { checkPassword, PASSWORDS_BEFORE } from './password-rules.ts'
import { PairedWalls } from './paired-walls.ts'
import {
  newAccount,
  noContact,
  type Account,
  type Credential,
  type Person,
  type Secrets,
  type Session,
} from './people-database.ts'
import { accountOf, changedContact, checkLimits, contactOf, type Due, type NewPerson, type PersonChange } from './person.ts'
import { startPeopleThread, writeAdminPassword, type Call } from './people-thread.ts'
import type { Recorder } from './recorder.ts'
import { NotLoggedIn } from './refusals.ts'
import type { Role } from './rights.ts'
import { Sessions } from './sessions.ts'
import { randomPassword, shortId } from './short-id.ts'

type Options = {
  dataDir: string
  adminPassword: string | null
  recorder: Recorder
  clock: Clock
  log: Log
  /** roles that may do nothing until their login asks for a code as well */
  secondFactorRoles?: readonly Role[]
  /** told when the database's thread has ended unasked: nobody can log in any more */
  failed?: (error: Error) => void
}

/**
 * Who may log in, and who is logged in. Both are few and asked for on every request, so they are held in memory; the
 * database thread keeps them. `left` is told of people and sessions whose connections must end.
 */
export class People implements ContactBook {
  left: (who: { personId: string } | { session: string }) => void = () => {}
  /** why nobody can log in, null when all is well */
  fault: string | null = null
  #people = new Map<string, Person>()
  #sessions!: Sessions
  #recorder: Recorder
  #clock: Clock
  #log: Log
  #call: Call
  #secondFactorRoles: readonly Role[]
  #close: () => Promise<void>

  private constructor({ recorder, clock, log, secondFactorRoles = [] }: Options, call: Call, close: () => Promise<void>) {
    this.#secondFactorRoles = secondFactorRoles
    this.#recorder = recorder
    this.#clock = clock
    this.#log = log
    this.#call = call
    this.#close = close
  }

  static async open(options: Options): Promise<People> {
    const { call, close, file } = startPeopleThread(options.dataDir, options.log, (error) => {
      people.fault = error.message
      options.failed?.(error)
    })
    const people = new People(options, call, close)
    const { people: rows, sessions } = await call<{ people: Person[]; sessions: Session[] }>('load')
    chmodSync(file, 0o600)
    for (const person of rows) people.#people.set(person.id, person)
    people.#sessions = new Sessions({ ...options, call }, sessions)
    if (rows.length === 0) await people.#addAdmin(options)
    return people
  }

  /** The walls, which live in the same database. */
  async walls(): Promise<PairedWalls> {
    return new PairedWalls(await this.#call('walls'), this.#call, this.#recorder, this.#clock)
  }

  list(): Person[] {
    return [...this.#people.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  person(id: string): Person | undefined {
    return this.#people.get(id)
  }

  /** Who a session token stands for. Cheap: asked for on every request. */
  identify(token: string): { person: Person; session: string } | null {
    const session = this.#sessions.byToken(token)
    const person = session && this.#people.get(session.personId)
    if (!session || !person || person.disabled) return null
    this.#sessions.touch(session)
    return { person, session: session.hash }
  }

  /** What they have to do before anything else. */
  due({ mustChangePassword, secondFactorSince, role }: Person): Due {
    if (mustChangePassword) return 'password'
    return secondFactorSince === null && this.#secondFactorRoles.includes(role) ? 'second-factor' : null
  }

  sessions(personId?: string): Session[] {
    return this.#sessions.list(personId)
  }

  /** Whether a login of this name has come from there before: who guesses elsewhere must not lock them out. */
  knows(username: string, from: string): boolean {
    const person = this.#byName(username)
    return person !== undefined && this.sessions(person.id).some((session) => session.from === from)
  }

  /** Who it is by name and password; a second factor may still be asked for. */
  async prove(username: string, password: string, from: string): Promise<Person> {
    const person = this.#byName(username)
    const credential = person ? await this.#call<Credential | null>('credential', person.id) : null
    const right = await isPassword(password, credential?.password ?? nobodysPassword)
    if (!person || !credential || !right || (person.disabled && credential.resetAt === null)) {
      await this.#recorder.append({ kind: 'session.refused', personId: person?.id ?? null, from })
      if (person) await this.#note(person.id, { failedLogins: person.failedLogins + 1 })
      throw new NotLoggedIn('login-failed', 'user name or password is wrong')
    }
    if (credential.resetAt !== null) await this.#settleReset(person)
    return this.#people.get(person.id)!
  }

  /** A session of somebody who has proved who they are, and what they should hear of since the last one. */
  async enter(id: string, from: string, device: string): Promise<{ token: string; person: Person }> {
    const person = this.#people.get(id)!
    const token = await this.#sessions.begin(id, from, device)
    await this.#note(id, { failedLogins: 0, lastLoginAt: this.#clock.now() })
    return { token, person }
  }

  secrets(id: string): Promise<Secrets> {
    return this.#call('secrets', id)
  }

  async keepSecrets(id: string, secrets: Secrets): Promise<void> {
    await this.#call('setSecrets', id, secrets)
  }

  /** The second factor is in force from now on, or no longer. */
  async setSecondFactor(id: string, isOn: boolean, by: Author): Promise<void> {
    const person = this.#known(id)
    const change = isOn ? 'second-factor' : 'second-factor-removed'
    await this.#recorder.append({ kind: 'user.changed', personId: id, role: person.role, change, by })
    await this.#keep(id, { secondFactorSince: isOn ? this.#clock.now() : null })
  }

  /** Nothing follows from these: they are kept, and not recorded. */
  keepViews(id: string, views: DeskView[]): Promise<void> {
    return this.#keep(id, { views })
  }

  /** Ends sessions of a person: some, or all but one. */
  async revoke(personId: string, hashes: string[], from: string, by: Author): Promise<void> {
    for (const hash of hashes) {
      if (this.#sessions.get(hash)?.personId !== personId) continue
      if (await this.#sessions.end(hash, from, by)) this.left({ session: hash })
    }
  }

  /** Those whose data nobody may need any more: shut out for so long. */
  async eraseAfter(days: number): Promise<void> {
    const before = this.#clock.now() - days * 86_400_000
    for (const { id, disabledAt, erasedAt } of this.list()) {
      if (erasedAt === null && disabledAt !== null && disabledAt < before) await this.erase(id, 'platform')
    }
  }

  /** Name, contact, sessions and secrets go for good; the id stays, for the record has it, and logs in no more. */
  erase(id: string, by: Author): Promise<Person> {
    return this.#recorder.inTurn('people', async () => {
      const person = this.#known(id)
      this.#keepAnAdmin(person, { ...person, disabled: true })
      const account: Account = { ...newAccount, regions: person.regions, sectors: person.sectors, erasedAt: this.#clock.now() }
      await this.#recorder.append({ kind: 'user.changed', personId: id, role: person.role, change: 'erased', by })
      await this.#call('erase', id, account)
      await this.#sessions.drop(this.#sessions.hashesOf(id))
      const erased: Person = { ...person, ...account, username: id, disabled: true, contact: noContact }
      this.#people.set(id, erased)
      this.left({ personId: id })
      return erased
    })
  }

  async logOut(session: string, from: string): Promise<void> {
    if (await this.#sessions.end(session, from)) this.left({ session })
  }

  add(wanted: NewPerson, by: Author): Promise<Person> {
    return this.#recorder.inTurn('people', () => this.#add(wanted, by))
  }

  change(id: string, wish: PersonChange, by: Author): Promise<Person> {
    return this.#recorder.inTurn('people', () => this.#change(id, wish, by))
  }

  contacts(personIds: string[]): Promise<Contact[]> {
    const known = personIds.map((id) => this.#people.get(id)).filter((person) => person !== undefined && !person.disabled)
    return Promise.resolve(known.map((person) => contactOf(person!)))
  }

  enterpriseContacts(enterpriseId: string): Promise<Contact[]> {
    const there = this.list().filter((one) => one.enterpriseId === enterpriseId && !one.disabled && one.contact.position !== null)
    return Promise.resolve(there.map(contactOf))
  }

  /** They have answered a test message: from now on an enterprise's pushes reach them. */
  async arm(id: string): Promise<void> {
    const person = this.#known(id)
    const contact = { ...person.contact, armedAt: this.#clock.now() }
    await this.#recorder.append({ kind: 'user.changed', personId: id, role: person.role, change: 'armed', by: id })
    await this.#call('setContact', id, contact)
    this.#people.set(id, { ...person, contact })
  }

  close(): Promise<void> {
    return this.#close()
  }

  async #add(wanted: NewPerson, by: Author): Promise<Person> {
    const { username, password, role, enterpriseId, regions = [], sectors = [], mustChangePassword = false } = wanted
    checkPassword(password, { username, role })
    checkLimits({ role, regions, sectors })
    if (this.#byName(username)) throw new Conflict('username-taken', `there is already a user ${username}`, { field: 'username' })
    const person: Person = {
      id: shortId('p', (id) => this.#people.has(id)),
      username,
      role,
      enterpriseId,
      disabled: false,
      createdAt: this.#clock.now(),
      contact: noContact,
      ...{ ...newAccount, regions, sectors, mustChangePassword },
    }
    await this.#save(person, await hashPassword(password), by)
    return person
  }

  async #change(id: string, wish: PersonChange, by: Author): Promise<Person> {
    const person = this.#known(id)
    if (person.erasedAt !== null) throw new Conflict('wrong-state', 'their data was deleted: make a new user')
    const contact = wish.contact ? changedContact(person.contact, wish.contact) : person.contact
    const { role = person.role, disabled = person.disabled, regions = person.regions, sectors = person.sectors } = wish
    const next = { ...person, role, disabled, regions, sectors, contact }
    checkLimits(next)
    if ((next.role === 'enterprise') !== (person.enterpriseId !== null)) {
      throw new Invalid('invalid', 'the role enterprise belongs to users of an enterprise, and only to them: make a new user', {
        field: 'role',
      })
    }
    this.#keepAnAdmin(person, next)
    if (wish.password !== undefined) {
      await this.#setPassword(next, wish.password, by)
      // Somebody else knows it now: good for one login.
      next.mustChangePassword = by !== id
    }
    if (next.role !== person.role) {
      const [before, after] = [{ role: person.role }, { role: next.role }]
      await this.#recorder.append({ kind: 'user.changed', personId: id, role: next.role, change: 'role', before, after, by })
    }
    if (wish.regions || wish.sectors) {
      const [before, after] = [person, next].map(({ regions, sectors }) => ({ regions, sectors }))
      await this.#recorder.append({ kind: 'user.changed', personId: id, role: next.role, change: 'rights', before, after, by })
    }
    if (next.disabled !== person.disabled) {
      const change = next.disabled ? 'disabled' : 'enabled'
      await this.#recorder.append({ kind: 'user.changed', personId: id, role: next.role, change, by })
    }
    if (wish.contact) {
      // That it changed is recorded, what it says is not: the record is for ever.
      await this.#recorder.append({ kind: 'user.changed', personId: id, role: next.role, change: 'contact', by })
      await this.#call('setContact', id, contact)
    }
    await this.#call('changePerson', next)
    this.#people.set(id, next)
    const disabledAt = !disabled ? null : person.disabled ? person.disabledAt : this.#clock.now()
    await this.#keep(id, { regions, sectors, disabledAt, mustChangePassword: next.mustChangePassword })
    if (wish.password !== undefined || next.disabled) await this.#sessions.drop(this.#sessions.hashesOf(id))
    const isFelt = (['role', 'password', 'disabled', 'regions', 'sectors'] as const).some((what) => wish[what] !== undefined)
    if (isFelt) this.left({ personId: id })
    return this.#people.get(id)!
  }

  /** Their own choice. Every other session of theirs ends. */
  choosePassword(id: string, given: string, chosen: string, session: string | null): Promise<void> {
    return this.#recorder.inTurn('people', async () => {
      const person = this.#known(id)
      const { password } = (await this.#call<Credential | null>('credential', id))!
      if (!(await isPassword(given, password))) throw new NotLoggedIn('login-failed', 'the present password is wrong')
      await this.#setPassword(person, chosen, id)
      await this.#keep(id, { mustChangePassword: false })
      const others = this.#sessions.hashesOf(id).filter((hash) => hash !== session)
      await this.#sessions.drop(others)
      for (const hash of others) this.left({ session: hash })
    })
  }

  async #setPassword(person: Person, chosen: string, by: Author): Promise<void> {
    const { id, role } = person
    checkPassword(chosen, person)
    const { password: present } = (await this.#call<Credential | null>('credential', id))!
    const secrets = await this.secrets(id)
    const former = [present, ...secrets.formerPasswords].slice(0, PASSWORDS_BEFORE)
    for (const one of former) {
      if (await isPassword(chosen, one))
        throw new Invalid('password-used', 'they had this password before', { field: 'password' })
    }
    const password = await hashPassword(chosen)
    await this.#recorder.append({ kind: 'user.changed', personId: id, role, change: 'password', by })
    await this.#call('setPassword', id, password)
    await this.keepSecrets(id, { ...secrets, formerPasswords: former.slice(0, PASSWORDS_BEFORE - 1) })
  }

  async #keep(id: string, change: Partial<Account>): Promise<void> {
    const person = { ...this.#known(id), ...change }
    this.#people.set(id, person)
    await this.#call('setAccount', id, accountOf(person))
  }

  /** What may be lost: no login fails over it. */
  async #note(id: string, change: Partial<Account>): Promise<void> {
    await this.#keep(id, change).catch((error: Error) =>
      this.#log.warn('what a login left to remember is not on disk', { reason: error.message }),
    )
  }

  #known(id: string): Person {
    const person = this.#people.get(id)
    if (!person) throw new NotFound(`there is no user ${id}`)
    return person
  }

  async #addAdmin({ dataDir, adminPassword }: Options): Promise<void> {
    const password = adminPassword ?? randomPassword()
    if (adminPassword === null) writeAdminPassword(dataDir, password)
    const admin: Person = {
      id: 'admin',
      username: 'admin',
      role: 'admin',
      enterpriseId: null,
      disabled: false,
      createdAt: this.#clock.now(),
      contact: noContact,
      ...newAccount,
    }
    await this.#save(admin, await hashPassword(password), 'platform')
  }

  /** Record first: a user nobody recorded must not exist; one recorded without a row is only made again. */
  async #save(person: Person, password: string, by: Author): Promise<void> {
    await this.#recorder.append({ kind: 'user.changed', personId: person.id, role: person.role, change: 'created', by })
    await this.#call('addPerson', person, password)
    await this.#call('setAccount', person.id, accountOf(person))
    this.#people.set(person.id, person)
  }

  /** The password was set on the command line: enter it in the record, and end what was open under the old one. */
  async #settleReset(person: Person): Promise<void> {
    await this.#recorder.append({
      kind: 'user.changed',
      personId: person.id,
      role: person.role,
      change: 'password',
      by: 'console',
    })
    const enabled = { ...person, disabled: false, mustChangePassword: false, secondFactorSince: null }
    await this.#call('changePerson', enabled)
    await this.#call('settleReset', person.id)
    // Who lost the telephone as well comes in by the same door.
    await this.keepSecrets(person.id, { ...(await this.secrets(person.id)), totp: null, recovery: [] })
    this.#people.set(person.id, enabled)
    await this.#keep(person.id, {})
    await this.#sessions.drop(this.#sessions.hashesOf(person.id))
    this.left({ personId: person.id })
  }

  #keepAnAdmin(person: Person, next: Person): void {
    const isAdmin = ({ role, disabled }: Person) => role === 'admin' && !disabled
    if (!isAdmin(person) || isAdmin(next)) return
    if (this.list().filter(isAdmin).length === 1)
      throw new Conflict('last-admin', 'this is the last administrator: make another first')
  }

  #byName(username: string): Person | undefined {
    const name = username.toLowerCase()
    return this.#people.values().find((one) => one.username.toLowerCase() === name)
  }
}
