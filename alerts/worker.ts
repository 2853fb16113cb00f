import type { MessagePort } from 'node:worker_threads'
import type { AlarmQuery } from '../core/alarm-book.ts'
import type { AskedCall } from '../core/escalation.ts'
import type { Ladder } from '../core/ladder.ts'
import type { CallbackRequest } from '../core/push.ts'
import type { Part } from '../core/part.ts'
import { caller } from '../core/rpc.ts'
import type { Follower, Journal } from '../journal/journal.ts'
import { threadContext } from '../journal/thread.ts'
import { Unavailable } from '../core/errors.ts'
import type { AlertsConfig } from './alerts.ts'
import { openEscalation } from './escalation/open.ts'
import { Judging } from './judging.ts'
import { startOutbox } from './outbox.ts'
import { CallbackDesk } from './push/callbacks.ts'
import { ChannelBook } from './push/channel-book.ts'
import { openOutside } from './push/outside.ts'
import { noteReleases } from './push-cursor.ts'

/** The alerts thread: the engine behind the journal, and pushes of what it recorded. */
const { data: config, journal, log, ready } = threadContext<AlertsConfig & { people?: MessagePort }>()
const judging = new Judging({ config, journal, log })
const outbox = pushes(journal)
const channels = new ChannelBook(config.channels ?? { named: {}, fromEnvironment: {} }, openOutside())
const escalation =
  config.escalation && config.people
    ? openEscalation({ config, journal, log, channels, people: caller(config.people).call, judged: judging.state() })
    : null
const callbacks = new CallbackDesk(channels, journal, escalation?.recipientOf)
const desk = () => {
  if (!escalation) throw new Unavailable('no-escalation', 'nobody is called from here')
  return escalation.desk
}

ready({
  state: () => judging.state(),
  alarms: (query: AlarmQuery, through: number) => judging.alarms(query, through),
  alarm: (id: string, through: number) => judging.alarm(id, through),
  timeline: (id: string, through: number) => judging.timeline(id, through),
  openCases: (through: number) => judging.openCases(through),
  falseAlarms: (point: Parameters<Judging['falseAlarms']>[0], at: number, through: number) =>
    judging.falseAlarms(point, at, through),
  falseAlarmPoints: (mode: string, at: number, through: number) => judging.falseAlarmPoints(mode, at, through),
  rules: (through: number) => judging.rules(through),
  checkRule: (rule: unknown) => judging.checkRule(rule),
  warningsIf: (rule: unknown) => judging.warningsIf(rule),
  ruleTypes: () => judging.ruleTypes(),
  callback: (channel: string, request: CallbackRequest) => callbacks.receive(channel, request),
  channels: () => channels.facts(),
  escalationFacts: () => desk().escalationFacts(),
  ladderPlace: (alarmId: string) => desk().ladderPlace(alarmId),
  tryLadder: (ladder: Ladder, by: string) => desk().tryLadder(ladder, by),
  askCall: (wish: AskedCall) => desk().askCall(wish),
  testContacts: (enterpriseId: string) => desk().testContacts(enterpriseId),
  testPerson: (personId: string) => desk().testPerson(personId),
  answerPush: (messageId: string, by: string, code: string | null) => desk().answerPush(messageId, by, code),
  answerRollCall: (personId: string) => desk().answerRollCall(personId),
  myPushes: (personId: string) => desk().myPushes(personId),
  status: () => [
    judging.status(),
    ...(outbox ? [outbox.status()] : []),
    channels.status(),
    ...(escalation ? [escalation.runner.status()] : []),
  ],
  stop: async () => {
    await escalation?.runner.stop()
    await outbox?.stop()
    await channels.close()
    await judging.stop()
  },
})

/** A webhook that was set just now is told what happens from now on, not what is long past. */
function pushes(own: Journal): Part | null {
  const from = judging.pushCursor() ?? own.head()
  if (config.webhook) {
    const noted = noteReleases(own, (pos) => judging.setPushCursor(pos))
    const modes = config.webhook.modes ?? [config.mode]
    return startOutbox({ journal: noted, config: { ...config.webhook, modes }, log, from })
  }
  // Nobody is owed a push, so the cursor goes along and holds nothing back.
  let follower: Follower | null = null
  follower = own.follow('push', from, (batch) => {
    judging.setPushCursor(batch.next)
    follower?.release(batch.next)
  })
  return null
}
