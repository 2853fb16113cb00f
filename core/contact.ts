/** What somebody is at an enterprise: the three responsible persons of a major hazard source, and who answers its duty phone. */
export const positions = ['head', 'technical', 'operation', 'duty-room'] as const
export type Position = (typeof positions)[number]

/** What came of ringing somebody up. */
export const callResults = ['reached', 'no-answer', 'busy', 'wrong-number'] as const
export type CallResult = (typeof callResults)[number]

/**
 * How one person can be reached. Held where it can be deleted from, never in the record (semantics 9); handed to the part that
 * pushes and to nobody else.
 */
export type Contact = {
  personId: string
  /** null for the regulator's own people */
  enterpriseId: string | null
  position: Position | null
  /** by name of the channel's kind: `phone` for text messages and calls, `mail`, else the channel's own name */
  addresses: { phone?: string; mail?: string; [channel: string]: string | undefined }
  /** when this person last answered a test message; null: never, so nothing of an enterprise is pushed to them */
  armedAt: number | null
}

/** Who can be reached how. The people part answers; what pushes asks just before it sends. */
export interface ContactBook {
  /** in the order asked; who is unknown, disabled or gone is left out */
  contacts(personIds: string[]): Promise<Contact[]>
  /** everybody of an enterprise who holds a position there */
  enterpriseContacts(enterpriseId: string): Promise<Contact[]>
}

/** What calling people needs besides. */
export interface PeopleDoor extends ContactBook {
  /** what colleagues call them, by id */
  names(personIds: string[]): Promise<Record<string, string>>
  /** they have answered a test message */
  arm(personId: string): Promise<void>
}
