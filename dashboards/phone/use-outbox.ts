import { computed, onScopeDispose, shallowRef } from 'vue'
import type { Alarm } from '../../core/alarm.ts'
import { api, ApiFailure, failureText } from '../web/api.ts'
import { has, t } from '../web/i18n/i18n.ts'
import { session } from '../web/session.ts'
import { afterwards, bodyOf, isStaleCall, type PhoneDeed, type QueuedAction, type Sent, type TakenPhoto } from './outbox.ts'
import { deedText } from './deed-text.ts'
import { outboxStore } from './kept.ts'

const TRY_AGAIN_MS = 5_000
/** Answers of a proxy, or of a platform that is starting: nobody has decided anything. */
const nobodyThere = new Set([0, 429, 502, 503, 504])

const newKey = () => [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('')

/** Actions of this phone, sent in the order they were done in. */
export function useOutbox() {
  const items = shallowRef<QueuedAction[]>([])
  const last = shallowRef<{ alarmId: string; text: string } | null>(null)
  const needsLogin = shallowRef(false)
  let sending = false
  const me = () => session.value?.user?.id ?? null
  const mine = computed(() => items.value.filter(({ by }) => by === me()))
  const waiting = computed(() => mine.value.filter(({ state }) => state === 'waiting'))

  const load = async () => {
    items.value = await outboxStore.all().catch(() => items.value)
  }

  async function act(
    seen: Alarm,
    action: PhoneDeed,
    body: Record<string, unknown> = {},
    photo: TakenPhoto | null = null,
  ): Promise<void> {
    const by = me()
    if (by === null) return
    last.value = null
    const item = {
      ...{ key: newKey(), by, at: Date.now(), alarmId: seen.id, seen, version: seen.version, action, body, photo },
      ...{ state: 'waiting' as const, now: null, why: null },
    }
    try {
      const seq = await outboxStore.put(item)
      items.value = [...items.value, { ...item, seq }]
    } catch {
      // Nothing can be stored here: it is kept as long as the page is open.
      items.value = [...items.value, { ...item, seq: Math.max(0, ...items.value.map(({ seq }) => seq)) + 1 }]
    }
    await flush()
  }

  async function flush(): Promise<void> {
    if (sending) return
    sending = true
    try {
      for (;;) {
        const next = waiting.value.toSorted((a, b) => a.seq - b.seq)[0]
        if (!next) return
        if (isStaleCall(next, Date.now())) {
          await change({ ...next, state: 'asks' })
          continue
        }
        const sent = await send(next)
        needsLogin.value = sent.kind === 'login'
        if (sent.kind === 'unreachable' || sent.kind === 'login') return
        await settle(next, sent)
      }
    } finally {
      sending = false
    }
  }

  async function settle(item: QueuedAction, sent: Sent): Promise<void> {
    for (const other of afterwards(items.value, item, sent)) await change(other)
    if (sent.kind === 'done') {
      const asked = sent.alarm?.request !== undefined && sent.alarm.request.version === sent.alarm.version
      last.value = {
        alarmId: item.alarmId,
        text: t(asked ? 'desk.asked' : 'desk.done', { action: deedText(item) }),
      }
      await drop(item)
    } else if (sent.kind === 'conflict') await change({ ...item, state: 'conflict', now: sent.now, why: sent.why })
    else if (sent.kind === 'refused') await change({ ...item, state: 'refused', why: sent.why })
  }

  async function change(item: QueuedAction): Promise<void> {
    items.value = items.value.map((one) => (one.seq === item.seq ? item : one))
    await outboxStore.put(item).catch(() => undefined)
  }

  /** Its person still wants it, of the alarm as they see it now. */
  async function again(item: QueuedAction, seen: Alarm | null): Promise<void> {
    const now = seen ?? item.seen
    await change({ ...item, state: 'waiting', wantedAt: Date.now(), seen: now, version: now.version })
    await flush()
  }

  async function drop({ seq }: QueuedAction): Promise<void> {
    items.value = items.value.filter((one) => one.seq !== seq)
    await outboxStore.drop(seq).catch(() => undefined)
  }

  const timer = setInterval(() => waiting.value.length > 0 && void flush(), TRY_AGAIN_MS)
  const online = () => void flush()
  addEventListener('online', online)
  onScopeDispose(() => {
    clearInterval(timer)
    removeEventListener('online', online)
  })
  return { items, mine, waiting, last, needsLogin, load, act, again, flush, drop }
}
export type Outbox = ReturnType<typeof useOutbox>

async function send(item: QueuedAction): Promise<Sent> {
  try {
    const sha256 = item.photo === null ? null : await sendPhoto(item.alarmId, item.photo.blob)
    const path = `/alarms/${encodeURIComponent(item.alarmId)}/${item.action}`
    const answer = await api<{ alarm: Alarm }>('POST', path, bodyOf(item, sha256), { 'idempotency-key': item.key })
    return { kind: 'done', alarm: answer.alarm ?? null }
  } catch (error) {
    if (!(error instanceof ApiFailure)) return { kind: 'refused', why: String(error) }
    if (nobodyThere.has(error.status)) return { kind: 'unreachable' }
    if (error.status === 401) return { kind: 'login' }
    const why = error.details['why']
    const text = typeof why === 'string' && has(`desk.refusal.${why}`) ? t(`desk.refusal.${why}`) : failureText(error)
    if (error.status !== 409) return { kind: 'refused', why: text }
    return { kind: 'conflict', now: (error.details['alarm'] as Alarm | null | undefined) ?? null, why: text }
  }
}

/** The same bytes have the same name: sent twice they are there once. */
async function sendPhoto(alarmId: string, blob: Blob): Promise<string> {
  let response: Response
  try {
    response = await fetch(`/api/v1/photos?alarm=${encodeURIComponent(alarmId)}`, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': blob.type },
      body: blob,
    })
  } catch {
    throw new ApiFailure(0, 'unreachable', '', {}, null)
  }
  const answer = (await response.json().catch(() => null)) as { sha256?: string; error?: { message?: string } } | null
  if (response.ok && answer?.sha256) return answer.sha256
  throw new ApiFailure(response.status, 'photo', answer?.error?.message ?? '', {}, null)
}
