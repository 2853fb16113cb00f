/** What outlives a connection with clean session 0, as far as messages to us go: QoS 2 packet ids waiting for their PUBREL. */
export type Session = { name: string; clean: boolean; connected: boolean; awaitingRelease: Set<number> }

const SESSIONS_PER_CREDENTIAL = 8

/**
 * The sessions clients may come back to. Firmware that makes up a new client id at each start would leave one behind every
 * time, so a credential keeps its newest few; the oldest one nobody is connected to is forgotten.
 */
export class Sessions {
  #byCredential = new Map<string, Map<string, Session>>()
  #forget: (sessionName: string) => void

  constructor(forget: (sessionName: string) => void) {
    this.#forget = forget
  }

  open(credential: string, name: string, clean: boolean): Session {
    let sessions = this.#byCredential.get(credential)
    if (!sessions) this.#byCredential.set(credential, (sessions = new Map<string, Session>()))
    const before = sessions.get(name)
    const session = {
      name,
      clean,
      connected: true,
      awaitingRelease: !clean && before ? before.awaitingRelease : new Set<number>(),
    }
    // Taken out first, so that the newest stands last.
    sessions.delete(name)
    sessions.set(name, session)
    if (sessions.size > SESSIONS_PER_CREDENTIAL) this.#forgetOldest(sessions)
    return session
  }

  close(credential: string, session: Session): void {
    session.connected = false
    const sessions = this.#byCredential.get(credential)
    // After a takeover the name already belongs to the newer connection.
    if (!session.clean || sessions?.get(session.name) !== session) return
    sessions.delete(session.name)
    if (sessions.size === 0) this.#byCredential.delete(credential)
  }

  #forgetOldest(sessions: Map<string, Session>): void {
    for (const session of sessions.values()) {
      if (session.connected) continue
      sessions.delete(session.name)
      this.#forget(session.name)
      return
    }
  }
}
