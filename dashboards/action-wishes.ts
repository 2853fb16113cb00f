import { Type, type Static } from 'typebox'
import type { Alarm } from '../core/alarm.ts'
import { falseAlarmReasons, LONGEST_DISPATCH_MS } from '../core/case.ts'
import { Invalid, NotFound } from '../core/errors.ts'
import { levels } from '../core/level.ts'
import { alarmActions, type ActionDetails, type ActionEntry, type AlarmAction } from '../core/record.ts'
import {
  DEFAULT_SHELF_MINUTES,
  LONGEST_ALONE_MS,
  LONGEST_OUT_OF_SERVICE_MS,
  longestShelfMs,
  shelveReasons,
  SHORTEST_REASON,
} from '../core/shelving.ts'

const MINUTE_MS = 60_000
const Text = (description: string, examples: string[]) => Type.Optional(Type.String({ maxLength: 2_000, description, examples }))

/** What an action on an alarm may bring along; which of it is needed depends on the action. */
export const ActionSchema = Type.Object(
  {
    version: Type.Integer({ minimum: 0, description: 'the version of the alarm as you saw it', examples: [3] }),
    comment: Type.Optional(Type.Union([Type.String({ maxLength: 2_000 }), Type.Null()], { examples: ['sent a patrol'] })),
    note: Text('the comment under another name', ['take the detector along']),
    reason: Text('the comment under another name, or a reason code', ['calibrating the whole line']),
    reasonCode: Type.Optional(
      Type.String({
        maxLength: 40,
        description: `shelve: ${shelveReasons.join(', ')} · false-alarm: ${Object.keys(falseAlarmReasons).join(', ')}`,
        examples: ['sensor-fault'],
      }),
    ),
    minutes: Type.Optional(
      Type.Integer({
        description:
          'for how long: shelve orange ≤ 60, yellow ≤ 480, blue ≤ 1440; out-of-service ≤ 43200, over 720 by two persons; dispatch: until due',
        examples: [30],
      }),
    ),
    untilMs: Type.Optional(Type.Integer({ description: 'until when instead, ms UTC', examples: [1767225600000] })),
    dueAt: Type.Optional(Type.Integer({ description: 'dispatch: when it is due, ms UTC', examples: [1767225600000] })),
    person: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'dispatch: id or user name', examples: ['li.lei'] }),
    ),
    team: Type.Optional(Type.String({ minLength: 1, maxLength: 60, pattern: '\\S', examples: ['patrol 2'] })),
    to: Type.Optional(Type.Enum([...levels, 'superior'], { description: 'escalate: a worse level, or the authority above' })),
    cause: Text('close', ['gasket leaked']),
    measures: Text('close', ['gasket replaced']),
    result: Text('close', ['0 %LEL measured again']),
    evidence: Text('feedback, close: photo or record, where it is kept', ['record 2026-118']),
  },
  { additionalProperties: false },
)
type Given = Static<typeof ActionSchema>

/** What an action says, checked as far as it can be without knowing what has become of the alarm meanwhile. */
export type Wished = Pick<ActionEntry, 'action' | 'version' | 'comment'> &
  Partial<Pick<ActionEntry, 'minutes' | 'untilMs' | 'details'>>

type Asked = {
  alarm: Pick<Alarm, 'level'>
  now: number
  /** the id of a person who can be sent, by id or user name */
  person: (given: string) => string | undefined
}

const lengthOf = ({ minutes, untilMs }: Wished, now: number): number =>
  typeof untilMs === 'number' ? untilMs - now : (minutes ?? 0) * MINUTE_MS

const invalid = (field: string, message: string, details: Record<string, unknown> = {}) =>
  new Invalid('invalid', message, { field, ...details })

export function actionNamed(name: string): AlarmAction {
  const known = alarmActions.find((one) => one === name)
  if (!known) throw new NotFound(`there is no action ${name}; there are ${alarmActions.join(', ')}`)
  return known
}

/** The wish behind a call, or what is missing in it and what would do. */
export function wishOf(action: AlarmAction, given: Given, asked: Asked): Wished {
  const details: ActionDetails = {}
  const codes: readonly string[] =
    action === 'shelve' ? shelveReasons : action === 'false-alarm' ? Object.keys(falseAlarmReasons) : []
  const isCode = given.reason !== undefined && codes.includes(codeOf(given.reason))
  const text = (given.comment ?? given.note ?? (isCode ? null : given.reason) ?? null)?.trim() || null
  const wished: Wished = { action, version: given.version, comment: text }
  const mustSay = (atLeast: number, example: string) => {
    if ((text?.length ?? 0) >= atLeast) return
    const why = atLeast > 1 ? `must have at least ${atLeast} characters` : 'is empty'
    throw invalid('comment', `comment ${why}; for example ${JSON.stringify(example)}`, { minLength: atLeast })
  }
  const until = (longestMs: number, byDefault?: number) =>
    Object.assign(wished, timeOf(action, given, asked.now, longestMs, byDefault))

  switch (action) {
    case 'comment':
      mustSay(1, 'sent a patrol')
      break
    case 'feedback':
      mustSay(1, 'flange tightened, 0 %LEL')
      if (given.evidence?.trim()) details.evidence = given.evidence.trim()
      break
    case 'shelve': {
      details.reasonCode = reasonIn(codes, given, isCode)
      mustSay(SHORTEST_REASON, 'chatters since the storm')
      // A red is not shelved at all, whatever is asked for: the engine says so.
      const { level } = asked.alarm
      if (level !== 'red') until(longestShelfMs[level], DEFAULT_SHELF_MINUTES)
      else Object.assign(wished, { minutes: given.minutes ?? null, untilMs: given.untilMs ?? null })
      break
    }
    case 'out-of-service':
      mustSay(1, 'permit 118, pump overhaul')
      until(LONGEST_OUT_OF_SERVICE_MS)
      // Said either way: what says that one person is enough is measured again where it is decided.
      details.twoPersons = lengthOf(wished, asked.now) > LONGEST_ALONE_MS
      break
    case 'dispatch':
      Object.assign(details, whom(given, asked.person))
      until(LONGEST_DISPATCH_MS)
      break
    case 'false-alarm':
      details.reasonCode = reasonIn(codes, given, isCode)
      if (details.reasonCode === 'other') mustSay(1, 'steam from the kitchen')
      break
    case 'escalate':
      if (given.to === undefined) throw invalid('to', `to is missing; it is one of ${[...levels, 'superior'].join(', ')}`)
      details.to = given.to
      mustSay(1, 'a school next door')
      break
    case 'close':
      for (const field of ['cause', 'measures', 'result'] as const) {
        const said = given[field]?.trim()
        if (!said) throw invalid(field, `${field} is missing: closing needs cause, measures and result`)
        details[field] = said
      }
      if (given.evidence?.trim()) details.evidence = given.evidence.trim()
  }
  return { ...wished, ...(Object.keys(details).length > 0 && { details }) }
}

/** Codes may be given as people say them: 标定 for `calibration`. */
function codeOf(given: string): string {
  const named = Object.entries(falseAlarmReasons).find(([, { zh }]) => zh === given.trim())
  return named?.[0] ?? given.trim()
}

function reasonIn(codes: readonly string[], { reasonCode, reason }: Given, isCode: boolean): string {
  const code = reasonCode !== undefined ? codeOf(reasonCode) : isCode ? codeOf(reason!) : undefined
  if (code !== undefined && codes.includes(code)) return code
  throw invalid(
    'reasonCode',
    `reasonCode ${code === undefined ? 'is missing' : 'is not known'}; it is one of ${codes.join(', ')}`,
    {
      allowed: codes,
    },
  )
}

function whom({ person, team }: Given, find: Asked['person']): ActionDetails {
  if ((person === undefined) === (team === undefined)) {
    throw invalid('person', 'say to whom: person or team, one of them; for example {"team":"patrol 2"}')
  }
  if (team !== undefined) return { team: team.trim() }
  const id = find(person!)
  if (id === undefined) throw invalid('person', `there is nobody ${person} who could be sent`)
  return { person: id }
}

/** How long it holds, within what is allowed: both ends are told to whoever asks for something else. */
function timeOf(
  action: AlarmAction,
  { minutes, untilMs, dueAt }: Given,
  now: number,
  longestMs: number,
  byDefault?: number,
): Pick<Wished, 'minutes' | 'untilMs'> {
  const max = longestMs / MINUTE_MS
  const range = { min: 1, max, ...(byDefault !== undefined && { default: byDefault }) }
  const end = dueAt ?? untilMs
  if (minutes === undefined && end === undefined) {
    throw invalid('minutes', `${action} needs an end: minutes from 1 to ${max}, or untilMs within that`, range)
  }
  if (minutes !== undefined && (minutes < 1 || minutes > max)) {
    throw invalid('minutes', `minutes must be from 1 to ${max}`, range)
  }
  if (end !== undefined && (end <= now || end > now + longestMs)) {
    throw invalid(dueAt === undefined ? 'untilMs' : 'dueAt', `must be within ${max} minutes from now`, range)
  }
  return end === undefined ? { minutes: minutes! } : { untilMs: end }
}
