import { DatabaseSync } from 'node:sqlite'
import type { Position } from '../core/contact.ts'
import type { DeskView } from '../core/desk-view.ts'
import type { Role } from './rights.ts'

export type Person = {
  id: string
  username: string
  role: Role
  enterpriseId: string | null
  disabled: boolean
  createdAt: number
  contact: PersonContact
} & Account
/** What else is known of somebody who may log in. */
export type Account = {
  /** division codes and sectors they answer for; both empty: everything their role may see */
  regions: string[]
  sectors: string[]
  /** an administrator chose their password: they choose another before anything else */
  mustChangePassword: boolean
  /** since when a login asks for a code as well; null: it does not */
  secondFactorSince: number | null
  /** wrong passwords since they were last logged in, told to them then */
  failedLogins: number
  lastLoginAt: number | null
  /** since when they cannot log in; null also where nobody noted it */
  disabledAt: number | null
  /** when their name and contact were deleted; the id stays, for the record has it */
  erasedAt: number | null
  /** of the queue of the desk */
  views: DeskView[]
}
export const newAccount: Account = {
  regions: [],
  sectors: [],
  mustChangePassword: false,
  secondFactorSince: null,
  failedLogins: 0,
  lastLoginAt: null,
  disabledAt: null,
  erasedAt: null,
  views: [],
}
/** What proves who somebody is, besides their password; read only when it is asked for. */
export type Secrets = {
  /** hashes of former passwords, newest first */
  formerPasswords: string[]
  /** `lastStep`: the newest step a code was taken for, so that one works once */
  totp: { secret: string; confirmedAt: number | null; lastStep: number } | null
  /** SHA-256 of the recovery codes that are left */
  recovery: string[]
}
export const noSecrets: Secrets = { formerPasswords: [], totp: null, recovery: [] }
/** What a person is called and how they are reached: personal data, kept here and nowhere else. */
export type PersonContact = {
  name: string | null
  phone: string | null
  mail: string | null
  /** what they are at their enterprise */
  position: Position | null
  /** further addresses by name of the channel */
  addresses: Record<string, string>
  /** when they last answered a test message */
  armedAt: number | null
}
export const noContact: PersonContact = { name: null, phone: null, mail: null, position: null, addresses: {}, armedAt: null }
/** A login that is still good. `hash` is the SHA-256 of its token; the token itself is kept nowhere. */
export type Session = {
  hash: string
  personId: string
  createdAt: number
  usedAt: number
  from: string
  /** what the browser or program says it is */
  device: string
}
/** What a password is checked against; `resetAt` when it was set from the command line and that is not in the record yet. */
export type Credential = { password: string; resetAt: number | null }

/** A screen that is a wall. `hash` is the SHA-256 of its token, `wall` the id of the browser the token is bound to. */
export type PairedWall = {
  hash: string
  id: string
  wall: string
  name: string
  /** null: the whole jurisdiction */
  enterpriseId: string | null
  layout: { seams: number[]; theme: 'auto' | 'day' | 'night'; locale: 'zh-CN' | 'en'; names: boolean }
  createdAt: number
  createdBy: string
  usedAt: number
}

const schema = `
  create table if not exists people (
    id text primary key, username text not null, role text not null, enterprise_id text,
    disabled integer not null, created_at integer not null, password text not null, reset_at integer
  ) strict;
  create unique index if not exists people_by_name on people (lower(username));
  create table if not exists sessions (
    hash text primary key, person_id text not null, created_at integer not null, used_at integer not null, came_from text not null
  ) strict;
  create table if not exists walls (
    hash text primary key, id text not null, wall text not null, name text not null, enterprise_id text, layout text not null,
    created_at integer not null, created_by text not null, used_at integer not null
  ) strict;
  create table if not exists contacts (person_id text primary key, json text not null) strict;
  create table if not exists accounts (person_id text primary key, json text not null) strict;
  create table if not exists secrets (person_id text primary key, json text not null) strict;
  create table if not exists session_devices (hash text primary key, device text not null) strict;
`

/** Names, passwords and sessions: the only place with personal data, and one that can be deleted from (semantics 9). */
export class PeopleDatabase {
  #db: DatabaseSync

  constructor(file: string) {
    this.#db = new DatabaseSync(file, { timeout: 5_000 })
    this.#db.exec('pragma journal_mode = wal; pragma synchronous = full;')
    this.#db.exec(schema)
  }

  load(): { people: Person[]; sessions: Session[] } {
    const people = this.#db.prepare('select id, username, role, enterprise_id, disabled, created_at from people').all()
    const contacts = new Map(
      this.#db
        .prepare('select person_id, json from contacts')
        .all()
        .map((row) => [row['person_id'] as string, JSON.parse(row['json'] as string) as PersonContact]),
    )
    const accounts = new Map(
      this.#db
        .prepare('select person_id, json from accounts')
        .all()
        .map((row) => [row['person_id'] as string, JSON.parse(row['json'] as string) as Account]),
    )
    const sessions = this.#db
      .prepare(
        'select s.hash, person_id, created_at, used_at, came_from, device from sessions s left join session_devices d on d.hash = s.hash',
      )
      .all()
    return {
      people: people.map((row) => ({
        id: row['id'] as string,
        username: row['username'] as string,
        role: row['role'] as Role,
        enterpriseId: row['enterprise_id'] as string | null,
        disabled: row['disabled'] === 1,
        createdAt: row['created_at'] as number,
        contact: { ...noContact, ...contacts.get(row['id'] as string) },
        ...newAccount,
        ...accounts.get(row['id'] as string),
      })),
      sessions: sessions.map((row) => ({
        hash: row['hash'] as string,
        personId: row['person_id'] as string,
        createdAt: row['created_at'] as number,
        usedAt: row['used_at'] as number,
        from: row['came_from'] as string,
        device: (row['device'] as string | null) ?? '',
      })),
    }
  }

  addPerson({ id, username, role, enterpriseId, disabled, createdAt }: Person, password: string): void {
    this.#db
      .prepare(
        'insert into people (id, username, role, enterprise_id, disabled, created_at, password) values (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(id, username, role, enterpriseId, disabled ? 1 : 0, createdAt, password)
  }

  changePerson({ id, role, disabled }: Pick<Person, 'id' | 'role' | 'disabled'>): void {
    this.#db.prepare('update people set role = ?, disabled = ? where id = ?').run(role, disabled ? 1 : 0, id)
  }

  setContact(personId: string, contact: PersonContact): void {
    this.#db.prepare('insert or replace into contacts (person_id, json) values (?, ?)').run(personId, JSON.stringify(contact))
  }

  setAccount(personId: string, account: Account): void {
    this.#db.prepare('insert or replace into accounts (person_id, json) values (?, ?)').run(personId, JSON.stringify(account))
  }

  secrets(personId: string): Secrets {
    const row = this.#db.prepare('select json from secrets where person_id = ?').get(personId)
    return row ? { ...noSecrets, ...(JSON.parse(row['json'] as string) as Secrets) } : noSecrets
  }

  setSecrets(personId: string, secrets: Secrets): void {
    this.#db.prepare('insert or replace into secrets (person_id, json) values (?, ?)').run(personId, JSON.stringify(secrets))
  }

  /** Everything that says who it was: what stays is an id that cannot log in. Overwritten, not only unlinked. */
  erase(personId: string, account: Account): void {
    this.#db.exec('pragma secure_delete = on; begin immediate')
    for (const [table, column] of [
      ['contacts', 'person_id'],
      ['secrets', 'person_id'],
      ['sessions', 'person_id'],
    ])
      this.#db.prepare(`delete from ${table} where ${column} = ?`).run(personId)
    this.#db.exec('delete from session_devices where hash not in (select hash from sessions)')
    this.#db.prepare("update people set username = id, password = '', reset_at = null, disabled = 1 where id = ?").run(personId)
    this.setAccount(personId, account)
    this.#db.exec('commit; pragma wal_checkpoint(truncate)')
  }

  credential(personId: string): Credential | null {
    const row = this.#db.prepare('select password, reset_at from people where id = ?').get(personId)
    return row ? { password: row['password'] as string, resetAt: row['reset_at'] as number | null } : null
  }

  setPassword(personId: string, password: string, resetAt: number | null): void {
    this.#db.prepare('update people set password = ?, reset_at = ? where id = ?').run(password, resetAt, personId)
  }

  /** The reset is in the record now. */
  settleReset(personId: string): void {
    this.#db.prepare('update people set reset_at = null where id = ?').run(personId)
  }

  addSession({ hash, personId, createdAt, usedAt, from, device }: Session): void {
    this.#db.prepare('insert or replace into session_devices (hash, device) values (?, ?)').run(hash, device)
    this.#db
      .prepare('insert into sessions (hash, person_id, created_at, used_at, came_from) values (?, ?, ?, ?, ?)')
      .run(hash, personId, createdAt, usedAt, from)
  }

  touchSession(hash: string, usedAt: number): void {
    this.#db.prepare('update sessions set used_at = ? where hash = ?').run(usedAt, hash)
  }

  removeSessions(hashes: string[]): void {
    for (const table of ['sessions', 'session_devices']) {
      const remove = this.#db.prepare(`delete from ${table} where hash = ?`)
      for (const hash of hashes) remove.run(hash)
    }
  }

  walls(): PairedWall[] {
    const rows = this.#db
      .prepare('select hash, id, wall, name, enterprise_id, layout, created_at, created_by, used_at from walls')
      .all()
    return rows.map((row) => ({
      hash: row['hash'] as string,
      id: row['id'] as string,
      wall: row['wall'] as string,
      name: row['name'] as string,
      enterpriseId: row['enterprise_id'] as string | null,
      layout: JSON.parse(row['layout'] as string) as PairedWall['layout'],
      createdAt: row['created_at'] as number,
      createdBy: row['created_by'] as string,
      usedAt: row['used_at'] as number,
    }))
  }

  addWall({ hash, id, wall, name, enterpriseId, layout, createdAt, createdBy, usedAt }: PairedWall): void {
    this.#db
      .prepare(
        'insert into walls (hash, id, wall, name, enterprise_id, layout, created_at, created_by, used_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      )
      .run(hash, id, wall, name, enterpriseId, JSON.stringify(layout), createdAt, createdBy, usedAt)
  }

  touchWall(hash: string, usedAt: number): void {
    this.#db.prepare('update walls set used_at = ? where hash = ?').run(usedAt, hash)
  }

  removeWall(hash: string): void {
    this.#db.prepare('delete from walls where hash = ?').run(hash)
  }

  close(): void {
    this.#db.close()
  }
}
