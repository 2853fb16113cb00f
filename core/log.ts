export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFields = Record<string, unknown>

/**
 * A log line is constant text plus fields. `error`: a part of the platform is down. `warn`: someone should look at one
 * device or delivery. `info`: belongs in the day's story. `debug`: for us. Never tokens, passwords or phone numbers.
 */
export type Log = Record<LogLevel, (text: string, fields?: LogFields) => void>

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
