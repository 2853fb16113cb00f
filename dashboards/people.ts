import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { Clock } from '../core/clock.ts'
import type { Contact, ContactBook } from '../core/contact.ts'
import { Conflict, Invalid, NotFound } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Author } from '../core/record.ts'
import { caller } from '../core/rpc.ts'
import { hashPassword, isPassword, nobodysPassword } from './passwords.ts'
import { PairedWalls } from './paired-walls.ts'
import { noContact, type Credential, type Person, type Session, type PersonContact } from './people-database.ts'
import type { Recorder } from './recorder.ts'
import { NotLoggedIn } from './refusals.ts'
import type { Role } from './rights.ts'
import { randomPassword, sessionToken, sha256, shortId } from './short-id.ts'

/** A session nobody used for this long is over; a wall that stands on uses its own every second. */
const SESSION_MS = 30 * 86_400_000
const TOUCH_MS = 3_600_000
const SESSIONS_EACH = 100

export type NewPerson = { username: string; password: string; role: Role; enterpriseId: string | null }
export type PersonChange = {
  role?: Role
  password?: string
  disabled?: boolean
  contact?: Partial<Omit<PersonContact, 'armedAt'>>
}
type Call = <T>(name: string, ...args: unknown[]) => Promise<T>
type Options = {
  dataDir: string
  adminPassword: string | null
  recorder: Recorder
  clock: Clock
  log: Log
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
  #sessions = new Map<string, Session>()
  #recorder: Recorder
  #clock: Clock
  #log: Log
  #call: Call
  #close: () => Promise<void>

  private constructor({ recorder, clock, log }: Options, call: Call, close: () => Promise<void>) {
    this.#recorder = recorder
    this.#clock = clock
    this.#log = log
    this.#call = call
    this.#close = close
  }

  static async open(options: Options): Promise<People> {
    const { port1, port2 } = new MessageChannel()
    const file = join(options.dataDir, 'people.db')
    const worker = new Worker(new URL('./people-worker.ts', import.meta.url), {
      name: 'people',
      workerData: { file, port: port2 },
      transferList: [port2],
    })
    const { call, fail } = caller(port1)
    let stopping = false
    worker.once('error', (error: Error) => {
      options.log.error('thread failed', { thread: 'people', error: error.message, stack: error.stack })
    })
    worker.once('exit', (code) => {
      const error = new Error(`thread people ended by itself with code ${code}`)
      fail(error)
      if (stopping) return
      people.fault = error.message
      options.failed?.(error)
    })
    const people = new People(options, call, async () => {
      stopping = true
      await call('close').catch(() => undefined)
      await worker.terminate()
      port1.close()
    })
    const { people: rows, sessions } = await call<{ people: Person[]; sessions: Session[] }>('load')
    chmodSync(file, 0o600)
    for (const person of rows) people.#people.set(person.id, person)
    for (const session of sessions) people.#sessions.set(session.hash, session)
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
    const hash = sha256(token)
    const session = this.#sessions.get(hash)
    const person = session && this.#people.get(session.personId)
    if (!session || !person || person.disabled) return null
    const now = this.#clock.now()
    if (now - session.usedAt > SESSION_MS) return null
    if (now - session.usedAt > TOUCH_MS) {
      session.usedAt = now
      // Not written on a full disk, it only ends earlier than it might after a restart.
      this.#call('touchSession', hash, now).catch((error: Error) =>
        this.#log.warn('the last use of a session is not on disk', { reason: error.message }),
      )
    }
    return { person, session: hash }
  }

  async logIn(username: string, password: string, from: string): Promise<{ token: string; person: Person }> {
    const person = this.#byName(username)
    const credential = person ? await this.#call<Credential | null>('credential', person.id) : null
    const right = await isPassword(password, credential?.password ?? nobodysPassword)
    if (!person || !credential || !right || (person.disabled && credential.resetAt === null)) {
      await this.#recorder.append({ kind: 'session.refused', personId: person?.id ?? null, from })
      throw new NotLoggedIn('login-failed', 'user name or password is wrong')
    }
    if (credential.resetAt !== null) await this.#settleReset(person)
    return { token: await this.#openSession(person, from), person: this.#people.get(person.id)! }
  }

  async logOut(session: string, from: string): Promise<void> {
    const known = this.#sessions.get(session)
    if (!known) return
    await this.#recorder.append({ kind: 'session.closed', personId: known.personId, from })
    await this.#dropSessions([session])
    this.left({ session })
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
    const person = this.#people.get(id)
    if (!person) throw new NotFound(`there is no user ${id}`)
    const contact = { ...person.contact, armedAt: this.#clock.now() }
    await this.#recorder.append({ kind: 'user.changed', personId: id, role: person.role, change: 'armed', by: id })
    await this.#call('setContact', id, contact)
    this.#people.set(id, { ...person, contact })
  }

  close(): Promise<void> {
    return this.#close()
  }

  async #add(wanted: NewPerson, by: Author): Promise<Person> {
    const { username, password, role, enterpriseId } = wanted
    if (this.#byName(username)) throw new Conflict('username-taken', `there is already a user ${username}`, { field: 'username' })
    const person: Person = {
      id: shortId('p', (id) => this.#people.has(id)),
      username,
      role,
      enterpriseId,
      disabled: false,
      createdAt: this.#clock.now(),
      contact: noContact,
    }
    await this.#save(person, await hashPassword(password), by)
    return person
  }

  async #change(id: string, wish: PersonChange, by: Author): Promise<Person> {
    const person = this.#people.get(id)
    if (!person) throw new NotFound(`there is no user ${id}`)
    const contact = wish.contact ? { ...person.contact, ...wish.contact } : person.contact
    const next = { ...person, role: wish.role ?? person.role, disabled: wish.disabled ?? person.disabled, contact }
    if ((next.role === 'enterprise') !== (person.enterpriseId !== null)) {
      throw new Invalid('invalid', 'the role enterprise belongs to users of an enterprise, and only to them: make a new user', {
        field: 'role',
      })
    }
    this.#keepAnAdmin(person, next)
    if (wish.password !== undefined) {
      const password = await hashPassword(wish.password)
      await this.#recorder.append({ kind: 'user.changed', personId: id, role: next.role, change: 'password', by })
      await this.#call('setPassword', id, password)
    }
    if (next.role !== person.role) {
      await this.#recorder.append({ kind: 'user.changed', personId: id, role: next.role, change: 'role', by })
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
    if (wish.password !== undefined || next.disabled) await this.#dropSessions(this.#sessionsOf(id))
    if (wish.role !== undefined || wish.password !== undefined || wish.disabled !== undefined) this.left({ personId: id })
    return next
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
    }
    await this.#save(admin, await hashPassword(password), 'platform')
  }

  /** Record first: a user nobody recorded must not exist; one recorded without a row is only made again. */
  async #save(person: Person, password: string, by: Author): Promise<void> {
    await this.#recorder.append({ kind: 'user.changed', personId: person.id, role: person.role, change: 'created', by })
    await this.#call('addPerson', person, password)
    this.#people.set(person.id, person)
  }

  async #openSession(person: Person, from: string): Promise<string> {
    const token = sessionToken()
    const now = this.#clock.now()
    const session: Session = { hash: sha256(token), personId: person.id, createdAt: now, usedAt: now, from }
    await this.#recorder.append({ kind: 'session.opened', personId: person.id, from })
    await this.#call('addSession', session)
    this.#sessions.set(session.hash, session)
    const mine = this.#sessionsOf(person.id)
    if (mine.length > SESSIONS_EACH) await this.#dropSessions(mine.slice(0, mine.length - SESSIONS_EACH))
    return token
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
    const enabled = { ...person, disabled: false }
    await this.#call('changePerson', enabled)
    await this.#call('settleReset', person.id)
    this.#people.set(person.id, enabled)
    await this.#dropSessions(this.#sessionsOf(person.id))
    this.left({ personId: person.id })
  }

  #keepAnAdmin(person: Person, next: Person): void {
    const isAdmin = ({ role, disabled }: Person) => role === 'admin' && !disabled
    if (!isAdmin(person) || isAdmin(next)) return
    if (this.list().filter(isAdmin).length === 1)
      throw new Conflict('last-admin', 'this is the last administrator: make another first')
  }

  #sessionsOf(personId: string): string[] {
    return [...this.#sessions.values()].filter((one) => one.personId === personId).map(({ hash }) => hash)
  }

  async #dropSessions(hashes: string[]): Promise<void> {
    for (const hash of hashes) this.#sessions.delete(hash)
    if (hashes.length > 0) await this.#call('removeSessions', hashes)
  }

  #byName(username: string): Person | undefined {
    const name = username.toLowerCase()
    return this.#people.values().find((one) => one.username.toLowerCase() === name)
  }
}

function contactOf({ id, enterpriseId, contact: { phone, mail, position, addresses, armedAt } }: Person): Contact {
  return {
    personId: id,
    enterpriseId,
    position,
    addresses: { ...addresses, ...(phone !== null && { phone }), ...(mail !== null && { mail }) },
    armedAt,
  }
}

/** Readable by the owner of the folder only. */
export function writeAdminPassword(dataDir: string, password: string): void {
  const file = join(dataDir, 'admin-password')
  if (existsSync(file)) chmodSync(file, 0o600)
  writeFileSync(file, `${password}\n`, { mode: 0o600 })
}
