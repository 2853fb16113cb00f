import { PlatformError } from '../core/errors.ts'

/** Nobody we know is asking. */
export class NotLoggedIn extends PlatformError {
  override readonly code: string

  constructor(
    code: 'not-logged-in' | 'login-failed' | 'second-factor' | 'second-factor-failed' | 'ticket-over',
    message: string,
    details: Record<string, unknown> = {},
  ) {
    super(message, details)
    this.code = code
  }
}

/** We know who is asking, and they may not. */
export class Forbidden extends PlatformError {
  override readonly code: string

  constructor(
    code:
      | 'forbidden'
      | 'origin-refused'
      | 'own-proposal'
      | 'own-window'
      | 'own-version'
      | 'two-persons'
      | 'password-change-required'
      | 'second-factor-required',
    message: string,
    details: Record<string, unknown> = {},
  ) {
    super(message, details)
    this.code = code
  }
}

/** Too often: wait `retryAfterS` seconds. */
export class TooMany extends PlatformError {
  override readonly code = 'too-many-attempts'
  readonly retryAfterS: number

  constructor(message: string, retryAfterS: number) {
    super(message, { retryAfterS })
    this.retryAfterS = retryAfterS
  }
}
