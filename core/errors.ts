/** Something the platform expects can go wrong: `code` is stable for machines, `message` is for people, `details` are facts. */
export class PlatformError extends Error {
  readonly code: string = 'platform-error'
  readonly details: Record<string, unknown>

  constructor(message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.name = new.target.name
    this.details = details
  }
}

/** A setting that makes no sense: which one, why, and an example that works. */
export class BadSetting extends PlatformError {
  override readonly code = 'bad-setting'
}

/** The caller's input does not fit; repeating it unchanged only repeats the refusal. */
export class Invalid extends PlatformError {
  override readonly code: string

  constructor(code: string, message: string, details: Record<string, unknown> = {}) {
    super(message, details)
    this.code = code
  }
}

/** The thing asked for does not exist, or not for this person. */
export class NotFound extends PlatformError {
  override readonly code = 'not-found'
}

/** The request is right but the thing has moved on since (stale version, wrong state). */
export class Conflict extends PlatformError {
  override readonly code: string

  constructor(code: string, message: string, details: Record<string, unknown> = {}) {
    super(message, details)
    this.code = code
  }
}

/** It may work later: catching up, disk full, a part still starting. */
export class Unavailable extends PlatformError {
  override readonly code: string

  constructor(code: string, message: string, details: Record<string, unknown> = {}) {
    super(message, details)
    this.code = code
  }
}
