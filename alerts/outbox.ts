import { worried, worry } from '../core/part-words.ts'
import { type AlarmChangeKind } from '../core/alarm.ts'
import { isLateReport } from '../core/alarm-group.ts'
import { PlatformError } from '../core/errors.ts'
import { type Level, severity } from '../core/level.ts'
import type { Log } from '../core/log.ts'
import type { Mode } from '../core/mode.ts'
import type { Part, PartStatus } from '../core/part.ts'
import type { RecordEntry } from '../core/record.ts'
import { readRecordEntry, recordDraft } from '../journal/codec.ts'
import type { Batch, Entry, Follower, Journal } from '../journal/journal.ts'
import type { Message } from '../core/push.ts'
import { ChannelMisconfigured, channels, DeliveryFailed, DeliveryRefused, DeliveryRejected } from './channels/index.ts'
import { openOutside } from './push/outside.ts'
import { type Dropped, type Notice, type Owed, PushQueue, retryDelayMs } from './push-queue.ts'
import { pushText } from './push-text.ts'

export type PushConfig = {
  url: string
  secret: string
  /** alarms below this level (default yellow) are not pushed; once one has been, all its later changes are */
  minLevel?: Level
  /** alarms of other modes are nobody's business out there, unless somebody wants them */
  modes: readonly Mode[]
  allowLoopback: boolean
  timeoutMs?: number
  /** zone of the times people read in the text */
  zone?: string
}

/** Where notices go: tries once, with the errors of a channel; resolves with what the receiver answered. */
export type NoticeSender = { send(notice: Notice, signal: AbortSignal): Promise<string> }

export type OutboxParts = {
  journal: Journal
  config: PushConfig
  log: Log
  /** position of cursor `push`, or any earlier one: what is settled already is recorded, so starting early sends nothing twice */
  from: number
  channel?: NoticeSender
  random?: () => number
}

/** Changes nobody needs to be called for. */
const silent: ReadonlySet<AlarmChangeKind> = new Set([
  ...(['commented', 'dispatched', 'accepted', 'fed-back', 'requested', 'declined', 'withdrawn', 'explains'] as const),
])
const behind: ReadonlySet<AlarmChangeKind> = new Set(['raised', 'level', 'returned', 'again'])
const aboutWindows: ReadonlySet<AlarmChangeKind> = new Set(['suppressed', 'unsuppressed'])
const CHANNEL = 'webhook'
/** Slots, so that one receiver that hangs on one notice does not hold up the rest. */
const AT_ONCE = 4
/** A result that settles a change is recorded under this and the change's position. */
const KEY = `push/${CHANNEL}/`

/**
 * Deliveries owed to people: everything in the record that calls for a push and has no result there yet. At least once, in
 * order per alarm; every result is recorded. What is owed is read back from the record, so nothing else has to survive.
 */
export function startOutbox(parts: OutboxParts): Part {
  const { journal, config, log, from } = parts
  const channel = parts.channel ?? open(config)
  return new Outbox(journal, channel, config, log, from, parts.random ?? Math.random)
}

function open({ url, secret, allowLoopback, timeoutMs = 10_000 }: PushConfig): NoticeSender {
  const webhook = channels.webhook.open({ url, secret, allowLoopback, timeoutMs }, openOutside())
  return { send: async (notice, signal) => (await webhook.send(messageOf(notice), signal)).detail }
}

const messageOf = ({ id, mode, text, ...news }: Notice): Message => ({
  id,
  kind: news.change === 'raised' ? 'alarm' : 'update',
  mode,
  level: news.alarm.level,
  at: news.at,
  alarm: news,
  text,
  link: null,
  to: { personId: null, address: null },
  variables: {},
})

class Outbox implements Part {
  #journal: Journal
  #channel: NoticeSender
  #config: PushConfig
  #log: Log
  #random: () => number
  #queue = new PushQueue()
  /** alarms with a push behind them */
  #told = new Set<string>()
  #follower: Follower | null = null
  #read: number
  #caughtUpAt: number
  /** results on their way into the record: the cursor waits for them */
  #recording = new Set<number>()
  #underway = new Set<Promise<void>>()
  #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #counts = { sent: 0, failed: 0, refused: 0, superseded: 0 }
  #trouble: { since: number; reason: string } | null = null
  /** nothing gets through until settings are put right: one try at a time, the next one not before `until` */
  #closed: { attempts: number; until: number } | null = null

  constructor(journal: Journal, channel: NoticeSender, config: PushConfig, log: Log, from: number, random: () => number) {
    this.#journal = journal
    this.#channel = channel
    this.#config = config
    this.#log = log
    this.#random = random
    this.#read = from
    // Results recorded before this start stand behind the changes they settle, so nothing is sent before all are read.
    this.#caughtUpAt = journal.head()
    this.#follower = journal.follow('push', from, (batch) => this.#take(batch))
  }

  status(): PartStatus {
    const now = this.#journal.clock.now()
    const oldest = this.#queue.oldestRecordedAt()
    const figures = {
      watchfire_push_sent_total: this.#counts.sent,
      watchfire_push_failed_attempts_total: this.#counts.failed,
      watchfire_push_refused_total: this.#counts.refused,
      watchfire_push_superseded_total: this.#counts.superseded,
      watchfire_push_owed: this.#queue.size,
      watchfire_push_channel_failed: this.#closed ? 1 : 0,
      watchfire_push_oldest_owed_seconds: oldest === null ? 0 : Math.max(0, (now - oldest) / 1000),
    }
    if (!this.#trouble) return { name: 'push', state: 'ok', figures }
    const seconds = Math.round((now - this.#trouble.since) / 1000)
    if (this.#closed) {
      const says = worry('webhook-failed', { reason: this.#trouble.reason, n: this.#queue.size })
      return { name: 'push', state: 'degraded', ...worried(says), figures }
    }
    const says = worry('webhook-silent', { s: seconds, reason: this.#trouble.reason, n: this.#queue.size })
    return { name: 'push', state: 'degraded', ...worried(says), figures }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await this.#follower?.stop()
    // A result that waits for a full disk is not waited for: its notice counts as owed and leaves again after the next start.
    await Promise.race([Promise.all(this.#underway), new Promise((resolve) => setTimeout(resolve, 2_000).unref())])
  }

  #take(batch: Batch): void {
    for (const entry of batch.entries) this.#apply(entry)
    this.#read = batch.next
    this.#release()
    if (this.#read >= this.#caughtUpAt) this.#deliver()
  }

  #apply(entry: Entry): void {
    if (entry.kind === 'alarm.changed') {
      const notice = this.#noticeOf(entry)
      if (notice) this.#queue.add(notice)
    } else if (entry.key?.startsWith(KEY)) {
      this.#queue.settle(Number(entry.key.slice(KEY.length)))
    }
  }

  #noticeOf(entry: Entry): Notice | null {
    const change = readRecordEntry(entry)
    if (change.kind !== 'alarm.changed' || silent.has(change.change)) return null
    const { alarm } = change
    if (!this.#config.modes.includes(alarm.mode)) return null
    // It was over before anybody knew: there is nobody to call (semantics 20).
    if (isLateReport(alarm)) return null
    // That it was set aside is told; what goes on behind it is not.
    if (alarm.setAside && behind.has(change.change)) return null
    // Of what nobody was told, nobody needs to hear that it is suppressed or that this is over.
    if (aboutWindows.has(change.change) && alarm.state !== 'active' && !this.#told.has(alarm.id)) return null
    const wanted = severity[alarm.level] >= severity[this.#config.minLevel ?? 'yellow']
    if (!wanted && !this.#told.has(alarm.id)) return null
    if (alarm.state === 'normal') this.#told.delete(alarm.id)
    else this.#told.add(alarm.id)
    return {
      id: `${alarm.id}.${entry.pos}`,
      mode: alarm.mode,
      change: change.change,
      alarm,
      at: change.at,
      recordedAt: entry.receivedAt,
      pos: entry.pos,
      comment: change.comment,
      text: pushText(change, this.#config.zone ?? 'Asia/Shanghai'),
    }
  }

  #deliver(): void {
    if (this.#stopping.signal.aborted) return
    const now = this.#journal.clock.now()
    for (const dropped of this.#queue.dropStale(now)) this.#track(this.#giveUp(dropped))
    const closedUntil = this.#closed?.until ?? 0
    const slots = this.#closed ? 1 : AT_ONCE
    while (now >= closedUntil && this.#underway.size < slots) {
      const owed = this.#queue.take(now)
      if (!owed) break
      this.#track(this.#attempt(owed))
    }
    clearTimeout(this.#timer)
    const due = this.#queue.nextDueAt()
    if (due === null || this.#underway.size >= slots) return
    this.#timer = setTimeout(() => this.#deliver(), Math.max(10, Math.max(due, closedUntil) - now))
  }

  #track(work: Promise<void>): void {
    const done = work.finally(() => {
      this.#underway.delete(done)
      this.#deliver()
    })
    this.#underway.add(done)
  }

  async #attempt(owed: Owed): Promise<void> {
    const { notice } = owed
    const attempt = owed.attempts + 1
    try {
      const detail = await this.#channel.send(notice, this.#stopping.signal)
      this.#counts.sent++
      this.#trouble = null
      this.#closed = null
      await this.#settle(notice, 'push.sent', attempt, detail)
    } catch (error) {
      if (!this.#stopping.signal.aborted) await this.#missed(owed, attempt, error)
    }
  }

  async #missed(owed: Owed, attempt: number, error: unknown): Promise<void> {
    const { notice } = owed
    const now = this.#journal.clock.now()
    const reason = describe(error)
    this.#trouble ??= { since: now, reason }
    this.#trouble.reason = reason
    if (error instanceof ChannelMisconfigured) this.#close(now, reason)
    else this.#closed = null
    const isFinal = error instanceof DeliveryRefused || (error instanceof DeliveryRejected && this.#queue.rejected(owed, now))
    if (isFinal) {
      this.#counts.refused++
      this.#log.warn('push refused', { alarmId: notice.alarm.id, channel: CHANNEL, reason })
      await this.#settle(notice, 'push.refused', attempt, reason)
      return
    }
    this.#counts.failed++
    if (!(error instanceof PlatformError)) this.#log.error('push channel broke', { channel: CHANNEL, reason })
    const retryAfterMs = error instanceof DeliveryFailed ? error.retryAfterMs : 0
    this.#queue.failed(owed, now, this.#random(), retryAfterMs)
    // Once per notice: the record is kept for ever, and an outage of a day would fill it with retries.
    if (attempt > 1) return
    this.#log.warn('push failed and will be retried', { alarmId: notice.alarm.id, channel: CHANNEL, reason })
    await this.#record(result(notice, 'push.failed', attempt, reason), undefined)
  }

  /** What is owed stays owed; one notice after the other asks whether it goes again. */
  #close(now: number, reason: string): void {
    if (!this.#closed) this.#log.error('push channel failed: its settings or the receiver must be put right', { reason })
    const attempts = (this.#closed?.attempts ?? 0) + 1
    this.#closed = { attempts, until: now + retryDelayMs(attempts, this.#random()) }
  }

  async #giveUp({ notice, reason, by }: Dropped): Promise<void> {
    this.#counts.superseded++
    this.#log.warn('push given up', { alarmId: notice.alarm.id, channel: CHANNEL, reason })
    this.#recording.add(notice.pos)
    await this.#record(result(notice, 'push.failed', 0, by ? `${reason} by ${by}` : reason), `${KEY}${notice.pos}`)
    this.#recording.delete(notice.pos)
    this.#release()
  }

  async #settle(notice: Notice, kind: 'push.sent' | 'push.refused', attempt: number, detail: string): Promise<void> {
    this.#recording.add(notice.pos)
    this.#queue.settle(notice.pos)
    await this.#record(result(notice, kind, attempt, detail), `${KEY}${notice.pos}`)
    this.#recording.delete(notice.pos)
    this.#release()
  }

  /** A full append buffer passes; until then the notice counts as unsettled and would be sent again after a crash. */
  async #record(entry: RecordEntry, key: string | undefined): Promise<void> {
    for (;;) {
      try {
        await this.#journal.append([recordDraft(entry, key)])
        return
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        this.#log.warn('push result not recorded yet', { reason: describe(error) })
        await new Promise((resolve) => setTimeout(resolve, 500))
      }
    }
  }

  #release(): void {
    this.#follower?.release(Math.min(this.#read, this.#queue.oldestPos() ?? Infinity, ...this.#recording))
  }
}

const result = (
  { alarm }: Notice,
  kind: 'push.sent' | 'push.failed' | 'push.refused',
  attempt: number,
  detail: string,
): RecordEntry => ({ kind, alarmId: alarm.id, alarmVersion: alarm.version, channel: CHANNEL, attempt, detail })

function describe(error: unknown): string {
  if (!(error instanceof PlatformError)) return error instanceof Error ? error.name : 'unknown'
  const { status, reason } = error.details
  return `${error.message}${status === undefined ? '' : ` (HTTP ${String(status)})`}${reason === undefined ? '' : ` (${String(reason)})`}`
}
