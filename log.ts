import pino from 'pino'
import type { Log, LogFields, LogLevel } from './core/log.ts'

const shorthand: Record<LogLevel, string> = { debug: 'debug', info: 'info ', warn: 'WARN ', error: 'ERROR' }
const rank: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 }

/** Logs go to stderr: JSON lines on a pipe (pino), one readable line each on a terminal. */
export function stderrLog(level: LogLevel): Log {
  return process.stderr.isTTY ? readable(level) : jsonLines(level)
}

function jsonLines(level: LogLevel): Log {
  // sync: a line about a crash must be out before the process is; volume is low (nothing is logged per reading).
  const out = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    pino.destination({ dest: 2, sync: true }),
  )
  const say = (at: LogLevel) => (text: string, fields?: LogFields) => out[at](fields ?? {}, text)
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}

function readable(level: LogLevel): Log {
  const say =
    (at: LogLevel) =>
    (text: string, fields: LogFields = {}) => {
      if (rank[at] < rank[level]) return
      const facts = Object.entries(fields).map(
        ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      )
      process.stderr.write(`${new Date().toISOString().slice(11, 23)} ${shorthand[at]} ${[text, ...facts].join('  ')}\n`)
    }
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}
