import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { serve } from '../core/rpc.ts'
import {
  PeopleDatabase,
  type Account,
  type PairedWall,
  type Person,
  type PersonContact,
  type Secrets,
  type Session,
} from './people-database.ts'

/** The thread that owns people.db: SQL waits for the disk, and the main thread must not. */
if (!parentPort) throw new Error('this file runs as a worker thread')
const { file, port } = workerData as { file: string; port: MessagePort }
const database = new PeopleDatabase(file)
serve(port, {
  load: () => database.load(),
  addPerson: (person: Person, password: string) => database.addPerson(person, password),
  changePerson: (person: Person) => database.changePerson(person),
  setContact: (personId: string, contact: PersonContact) => database.setContact(personId, contact),
  setAccount: (personId: string, account: Account) => database.setAccount(personId, account),
  secrets: (personId: string) => database.secrets(personId),
  setSecrets: (personId: string, secrets: Secrets) => database.setSecrets(personId, secrets),
  erase: (personId: string, account: Account) => database.erase(personId, account),
  credential: (personId: string) => database.credential(personId),
  setPassword: (personId: string, password: string) => database.setPassword(personId, password, null),
  settleReset: (personId: string) => database.settleReset(personId),
  addSession: (session: Session) => database.addSession(session),
  touchSession: (hash: string, usedAt: number) => database.touchSession(hash, usedAt),
  removeSessions: (hashes: string[]) => database.removeSessions(hashes),
  walls: () => database.walls(),
  addWall: (wall: PairedWall) => database.addWall(wall),
  touchWall: (hash: string, usedAt: number) => database.touchWall(hash, usedAt),
  removeWall: (hash: string) => database.removeWall(hash),
  close: () => database.close(),
})
