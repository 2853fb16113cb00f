import type { Clock } from '../core/clock.ts'
import type { Contact, PeopleDoor } from '../core/contact.ts'
import type { Escalation, EscalationFacts } from '../core/escalation.ts'
import type { PlatformState } from '../core/live.ts'
import type { People } from './people.ts'

const LOOK_EVERY_MS = 10_000

/** The people part as escalation sees it: how somebody is reached, and what they are called in a follow-up. */
export const peopleDoor = (people: People): PeopleDoor => ({
  contacts: (ids) => people.contacts(ids),
  enterpriseContacts: (id) => people.enterpriseContacts(id),
  names: (ids) =>
    Promise.resolve(
      Object.fromEntries(
        ids.flatMap((id) => {
          const person = people.person(id)
          return person ? [[id, person.contact.name ?? person.username]] : []
        }),
      ),
    ),
  arm: (id) => people.arm(id),
})

/** Enterprises some of whose contacts have never answered a test message: nothing is pushed to those. */
export function unarmedEnterprises(people: People): { enterpriseId: string; contacts: number; unarmed: number }[] {
  const byEnterprise = new Map<string, { contacts: number; unarmed: number }>()
  for (const { enterpriseId, disabled, contact } of people.list()) {
    if (enterpriseId === null || disabled || contact.position === null) continue
    const known = byEnterprise.get(enterpriseId) ?? { contacts: 0, unarmed: 0 }
    known.contacts++
    if (isUnarmed(contact)) known.unarmed++
    byEnterprise.set(enterpriseId, known)
  }
  return [...byEnterprise].filter(([, { unarmed }]) => unarmed > 0).map(([enterpriseId, one]) => ({ enterpriseId, ...one }))
}

const isUnarmed = ({ armedAt }: Pick<Contact, 'armedAt'>): boolean => armedAt === null

/** What everybody at a wall or desk has to know about who is not called. The demo calls nobody and says so by being one. */
export class EscalationNotices {
  #escalation: Escalation | null
  #people: People
  #clock: Clock
  #facts: EscalationFacts | null = null
  #since: number | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(escalation: Escalation | null, people: People, clock: Clock, isDemo: boolean) {
    this.#clock = clock
    this.#escalation = isDemo ? null : escalation
    this.#people = people
    if (!this.#escalation) return
    void this.#look()
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS).unref()
  }

  notices(): PlatformState['notices'] {
    if (!this.#facts || !this.#escalation) return []
    const since = (this.#since ??= this.#clock.now())
    const notices: PlatformState['notices'] = []
    if (!this.#facts.hasChannels) notices.push({ code: 'escalation-off', text: '未配置通知通道', since })
    else if (!this.#facts.leavesSomewhere) notices.push({ code: 'outside-steps-off', text: '上级与企业负责人步骤未启用', since })
    const unarmed = unarmedEnterprises(this.#people).length
    if (unarmed > 0) notices.push({ code: 'enterprises-unarmed', text: String(unarmed), since })
    return notices
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    // Asked while the thread starts or ends it has no answer yet; the next look has.
    this.#facts = (await this.#escalation?.escalationFacts().catch(() => null)) ?? this.#facts
  }
}
