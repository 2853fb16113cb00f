import { randomBytes } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { Conflict, Invalid } from '../core/errors.ts'
import type { Author } from '../core/record.ts'
import type { People } from './people.ts'
import type { Recorder } from './recorder.ts'
import { NotLoggedIn } from './refusals.ts'
import { sha256 } from './short-id.ts'
import { fromBase32, newSecret, otpauthUri, stepOfCode, toBase32 } from './totp.ts'

const TICKET_MS = 300_000
const TRIES = 5
const RECOVERY_CODES = 10
const TICKETS_KEPT = 1_000

type Ticket = { personId: string; until: number; tries: number }

/** The second thing a login asks for: a code of an authenticator, or one of ten kept on paper. Each works once. */
export class SecondFactor {
  #people: People
  #recorder: Recorder
  #clock: Clock
  #tickets = new Map<string, Ticket>()

  constructor(people: People, recorder: Recorder, clock: Clock) {
    this.#people = people
    this.#recorder = recorder
    this.#clock = clock
  }

  /** The password was right: for some minutes a code is enough. */
  ticket(personId: string): string {
    const text = randomBytes(24).toString('base64url')
    this.#tickets.set(sha256(text), { personId, until: this.#clock.now() + TICKET_MS, tries: TRIES })
    if (this.#tickets.size > TICKETS_KEPT) this.#tickets.delete(this.#tickets.keys().next().value!)
    return text
  }

  /** Whose ticket it is, while it is good. */
  holder(text: string): string | null {
    const ticket = this.#tickets.get(sha256(text))
    return ticket && ticket.until >= this.#clock.now() ? ticket.personId : null
  }

  /** Takes a code for a ticket, and the ticket with it. */
  async redeem(text: string, code: string, from: string): Promise<string> {
    const key = sha256(text)
    const ticket = this.#tickets.get(key)
    if (!ticket || ticket.until < this.#clock.now()) {
      this.#tickets.delete(key)
      throw new NotLoggedIn('ticket-over', 'it took too long: log in with the password again')
    }
    // Counted before it is checked: many at once are not more than many.
    if (--ticket.tries <= 0) this.#tickets.delete(key)
    if (!(await this.take(ticket.personId, code))) {
      await this.#recorder.append({ kind: 'session.refused', personId: ticket.personId, from })
      throw new NotLoggedIn('second-factor-failed', 'the code is wrong, or was used already')
    }
    this.#tickets.delete(key)
    return ticket.personId
  }

  /** Whether a code is right; it is used up by that. */
  take(personId: string, code: string): Promise<boolean> {
    return this.#recorder.inTurn(`second factor ${personId}`, async () => {
      const secrets = await this.#people.secrets(personId)
      const { totp, recovery } = secrets
      if (!totp || totp.confirmedAt === null) return false
      const step = stepOfCode(fromBase32(totp.secret), code.trim(), this.#clock.now(), totp.lastStep)
      if (step !== null) {
        await this.#people.keepSecrets(personId, { ...secrets, totp: { ...totp, lastStep: step } })
        return true
      }
      const hash = sha256(plainRecovery(code))
      if (!recovery.includes(hash)) return false
      await this.#people.keepSecrets(personId, { ...secrets, recovery: recovery.filter((one) => one !== hash) })
      return true
    })
  }

  /** A new secret, which counts for nothing until a code made with it comes back. */
  begin(personId: string, username: string): Promise<{ secret: string; uri: string }> {
    return this.#recorder.inTurn(`second factor ${personId}`, async () => {
      const secrets = await this.#people.secrets(personId)
      if (secrets.totp && secrets.totp.confirmedAt !== null)
        throw new Conflict('wrong-state', 'there is a second factor already: take it off first')
      const secret = newSecret()
      await this.#people.keepSecrets(personId, { ...secrets, totp: { secret, confirmedAt: null, lastStep: -1 } })
      return { secret, uri: otpauthUri(secret, username) }
    })
  }

  /** Puts it in force and gives the recovery codes, which nobody can be shown again. */
  confirm(personId: string, code: string): Promise<string[]> {
    return this.#recorder.inTurn(`second factor ${personId}`, async () => {
      const secrets = await this.#people.secrets(personId)
      const { totp } = secrets
      if (!totp || totp.confirmedAt !== null) throw new Conflict('wrong-state', 'no second factor is waiting to be confirmed')
      const now = this.#clock.now()
      const step = stepOfCode(fromBase32(totp.secret), code.trim(), now, totp.lastStep)
      if (step === null)
        throw new Invalid('code-wrong', 'the code is wrong; is the clock of the telephone right?', { field: 'code' })
      const codes = Array.from({ length: RECOVERY_CODES }, newRecovery)
      const recovery = codes.map((one) => sha256(plainRecovery(one)))
      await this.#people.keepSecrets(personId, { ...secrets, totp: { ...totp, confirmedAt: now, lastStep: step }, recovery })
      await this.#people.setSecondFactor(personId, true, personId)
      return codes
    })
  }

  /** Logins ask for the password alone from now on. */
  remove(personId: string, by: Author): Promise<void> {
    return this.#recorder.inTurn(`second factor ${personId}`, async () => {
      const secrets = await this.#people.secrets(personId)
      await this.#people.setSecondFactor(personId, false, by)
      await this.#people.keepSecrets(personId, { ...secrets, totp: null, recovery: [] })
    })
  }
}

/** 50 bits, in two groups that can be read out. */
const newRecovery = (): string =>
  toBase32(randomBytes(7))
    .slice(0, 10)
    .replace(/^(.{5})/, '$1-')
const plainRecovery = (code: string): string => code.toUpperCase().replaceAll(/[^A-Z2-7]/g, '')
