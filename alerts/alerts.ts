import { worried, worry } from '../core/part-words.ts'
import type { AlarmBook, AlarmQuery, RuleTypeForm, RuleWarning, TimelineItem } from '../core/alarm-book.ts'
import type { Alarm } from '../core/alarm.ts'
import type { PeopleDoor } from '../core/contact.ts'
import type { FalseAlarmsOfPoint } from '../core/case.ts'
import type { AskedAnswer, AskedCall, DryRun, Escalation, EscalationFacts, LadderPlace, MyPush } from '../core/escalation.ts'
import type { Ladder } from '../core/ladder.ts'
import type { Log } from '../core/log.ts'
import type { Mode } from '../core/mode.ts'
import type { Part, PartStatus } from '../core/part.ts'
import type { CallbackAnswer, CallbackRequest, Callbacks, ChannelFacts } from '../core/push.ts'
import type { StateAt } from '../core/state.ts'
import type { Journal } from '../journal/journal.ts'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { serve } from '../core/rpc.ts'
import { startThread, type Thread, type ThreadedJournal } from '../journal/thread.ts'
import type { PushConfig } from './outbox.ts'
import type { ChannelSettings } from './push/channel-book.ts'

export type AlertsConfig = {
  dataDir: string
  mode: Mode
  /** a folder of packs beside the ones that ship; same ids replace ours */
  packsDir: string | null
  /** people are called by their ladders; absent: nobody is */
  escalation?: { zone: string; publicUrl: string | null }
  /** the section `channels` of the settings; absent: none */
  channels?: ChannelSettings
  /** modes: the deployment's own unless it says otherwise */
  webhook: (Omit<PushConfig, 'modes'> & { modes?: readonly Mode[] | null }) | null
}

export interface Alerts extends Part, AlarmBook, Callbacks, Escalation {
  /** What was known at the journal's head when it started; resolves once it has caught up and the packs are in force. */
  state(): Promise<StateAt>
  /** the deployment's channels, with nothing secret */
  channels(): Promise<ChannelFacts[]>
}

type Parts = {
  config: AlertsConfig
  journal: ThreadedJournal
  log: Log
  failed: (error: Error) => void
}

const STATUS_EVERY_MS = 1_000

/**
 * Readings and actions in the journal → rules → changes of alarms in the record → pushes. All of it happens in a thread of its
 * own; here is its door. Every question waits until what was recorded before it has been seen.
 */
export async function startAlerts({ config, journal, log, failed }: Parts): Promise<Alerts> {
  if (config.channels) await checkChannels(config.channels)
  const file = new URL('worker.ts', import.meta.url)
  const { port1, port2 } = new MessageChannel()
  const thread = await startThread('alerts', file, { ...config, people: port2 }, journal, log, failed, [port2])
  return new AlertsThread(thread, journal, port1, await thread.call<PartStatus[]>('status'))
}

/** Opening connects to nothing, so what is wrong in the settings is found out before anything runs. */
async function checkChannels(settings: ChannelSettings): Promise<void> {
  const [{ ChannelBook }, { openOutside }] = await Promise.all([import('./push/channel-book.ts'), import('./push/outside.ts')])
  await new ChannelBook(settings, openOutside()).close()
}

class AlertsThread implements Alerts {
  #thread: Thread
  #journal: Journal
  #status: PartStatus[]
  #people: MessagePort
  #timer: NodeJS.Timeout

  constructor(thread: Thread, journal: Journal, people: MessagePort, status: PartStatus[]) {
    this.#people = people
    this.#thread = thread
    this.#journal = journal
    this.#status = status
    this.#timer = setInterval(() => void this.#refresh(), STATUS_EVERY_MS).unref()
  }

  state(): Promise<StateAt> {
    return this.#thread.call('state')
  }

  alarms(query: AlarmQuery): Promise<{ alarms: Alarm[]; next?: string }> {
    return this.#thread.call('alarms', query, this.#journal.head())
  }

  alarm(id: string): Promise<Alarm | null> {
    return this.#thread.call('alarm', id, this.#journal.head())
  }

  timeline(id: string): Promise<TimelineItem[]> {
    return this.#thread.call('timeline', id, this.#journal.head())
  }

  openCases(): Promise<Alarm[]> {
    return this.#thread.call('openCases', this.#journal.head())
  }

  falseAlarms(point: Pick<Alarm, 'mode' | 'deviceId' | 'subject'>, at: number): Promise<FalseAlarmsOfPoint> {
    const { mode, deviceId, subject } = point
    return this.#thread.call('falseAlarms', { mode, deviceId, subject }, at, this.#journal.head())
  }

  falseAlarmPoints(mode: string, at: number): ReturnType<NonNullable<AlarmBook['falseAlarmPoints']>> {
    return this.#thread.call('falseAlarmPoints', mode, at, this.#journal.head())
  }

  rules(): ReturnType<AlarmBook['rules']> {
    return this.#thread.call('rules', this.#journal.head())
  }

  checkRule(rule: unknown): Promise<{ message: string; path: string } | null> {
    return this.#thread.call('checkRule', rule)
  }

  warningsIf(rule: unknown): Promise<RuleWarning[]> {
    return this.#thread.call('warningsIf', rule)
  }

  receive(channel: string, request: CallbackRequest): Promise<CallbackAnswer> {
    return this.#thread.call('callback', channel, request)
  }

  channels(): Promise<ChannelFacts[]> {
    return this.#thread.call('channels')
  }

  reach(people: PeopleDoor): void {
    serve(this.#people, {
      contacts: (ids: string[]) => people.contacts(ids),
      enterpriseContacts: (id: string) => people.enterpriseContacts(id),
      names: (ids: string[]) => people.names(ids),
      arm: (id: string) => people.arm(id),
    })
    // It does not keep the process up: the thread does.
    this.#people.unref()
  }

  escalationFacts(): Promise<EscalationFacts> {
    return this.#thread.call('escalationFacts')
  }

  ladderPlace(alarmId: string): Promise<LadderPlace> {
    return this.#thread.call('ladderPlace', alarmId)
  }

  tryLadder(ladder: Ladder, by: string): Promise<DryRun> {
    return this.#thread.call('tryLadder', ladder, by)
  }

  askCall(wish: AskedCall): Promise<AskedAnswer> {
    return this.#thread.call('askCall', wish)
  }

  testContacts(enterpriseId: string): ReturnType<Escalation['testContacts']> {
    return this.#thread.call('testContacts', enterpriseId)
  }

  testPerson(personId: string): ReturnType<Escalation['testPerson']> {
    return this.#thread.call('testPerson', personId)
  }

  answerPush(messageId: string, by: string, code: string | null): ReturnType<Escalation['answerPush']> {
    return this.#thread.call('answerPush', messageId, by, code)
  }

  answerRollCall(personId: string): Promise<{ shiftId: string }> {
    return this.#thread.call('answerRollCall', personId)
  }

  myPushes(personId: string): Promise<MyPush[]> {
    return this.#thread.call('myPushes', personId)
  }

  ruleTypes(): Promise<RuleTypeForm[]> {
    return this.#thread.call('ruleTypes')
  }

  /** One part to the outside: the worst of judging and pushing, the figures of both. */
  status(): PartStatus {
    const figures = Object.assign({}, ...this.#status.map((one) => one.figures)) as Record<string, number>
    const troubled = this.#status.filter(({ state }) => state !== 'ok')
    if (troubled.length === 0) return { name: 'alerts', state: 'ok', figures }
    const state = troubled.some((one) => one.state === 'down') ? 'down' : 'degraded'
    const alarms = this.#status.flatMap((one) => one.alarms ?? [])
    return { name: 'alerts', state, detail: troubled.map(({ detail }) => detail ?? '').join('; '), figures, alarms }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#thread.stop()
    this.#people.close()
  }

  async #refresh(): Promise<void> {
    try {
      this.#status = await this.#thread.call<PartStatus[]>('status')
    } catch {
      // The thread has ended; startThread has told `failed` why.
      this.#status = this.#status.map((one) => ({ ...one, state: 'down', ...worried(worry('alerts-ended')) }))
    }
  }
}
