import { shallowRef, type ShallowRef } from 'vue'
import type { Alarm } from '../../core/alarm.ts'
import type { AlarmAction } from '../../core/record.ts'
import { api, ApiFailure, failureText } from '../web/api.ts'
import { has, t } from '../web/i18n/i18n.ts'

/** What a person saw and what the alarm had become when the platform refused. */
export type ConflictSeen = { action: string; seen: Alarm; now: Alarm }
export type Outcome = { alarmId: string; action: string } & (
  | { kind: 'done'; alarm: Alarm | null; text: string }
  | { kind: 'failed'; text: string }
  | { kind: 'conflict'; conflict: ConflictSeen }
)
export type GroupAnswer = { acknowledged: Alarm[]; requested: Alarm[]; refused: { id: string }[] }

const RETRY_MS = 1_000

/** One call, tried once more when nobody answered: the key makes the second a repetition, not another act. */
async function sent<T>(path: string, body: unknown): Promise<T> {
  const key = [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('')
  const post = () => api<T>('POST', path, body, { 'idempotency-key': key })
  try {
    return await post()
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.status !== 0) throw error
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    return post()
  }
}

/** A refusal in the person's language: the reason where the platform names one. */
function refusalText(error: unknown): string {
  const why = error instanceof ApiFailure ? error.details['why'] : undefined
  return typeof why === 'string' && has(`desk.refusal.${why}`) ? t(`desk.refusal.${why}`) : failureText(error)
}

/** Acts on alarms in the version the person saw. */
export function useActions() {
  const outcome: ShallowRef<Outcome | null> = shallowRef(null)
  const busy = shallowRef(false)

  async function within(alarm: Alarm, action: string, work: () => Promise<Outcome>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    const about = { alarmId: alarm.id, action }
    try {
      outcome.value = await work()
      return true
    } catch (error) {
      const now =
        error instanceof ApiFailure && error.status === 409 ? (error.details['alarm'] as Alarm | null | undefined) : undefined
      outcome.value =
        now && now.version !== alarm.version
          ? { ...about, kind: 'conflict', conflict: { action, seen: alarm, now } }
          : { ...about, kind: 'failed', text: refusalText(error) }
      return false
    } finally {
      busy.value = false
    }
  }

  const act = (seen: Alarm, action: AlarmAction, body: object = {}): Promise<boolean> =>
    within(seen, action, async () => {
      if ('call' in body) return callUp(seen, body as { call: string; comment: string })
      const path = `/alarms/${encodeURIComponent(seen.id)}/${action}`
      const { alarm } = await sent<{ alarm: Alarm }>(path, { version: seen.version, ...body })
      const asked = alarm.request !== undefined && alarm.request.version === alarm.version
      const text = t(asked ? 'desk.asked' : 'desk.done', { action: t(`action.${action}`) })
      return { alarmId: seen.id, action, kind: 'done', alarm, text }
    })

  /** Up the ladder by hand: the alarm stays as it is, somebody's telephone rings. */
  async function callUp(seen: Alarm, { call, comment }: { call: string; comment: string }): Promise<Outcome> {
    const path = `/alarms/${encodeURIComponent(seen.id)}/call`
    await sent(path, { version: seen.version, to: call, reason: comment })
    const text = t('desk.ladder.called', { who: t(`desk.ladder.callee.${call}`) })
    return { alarmId: seen.id, action: 'escalate', kind: 'done', alarm: null, text }
  }

  const versions = (alarms: readonly Alarm[]) => alarms.map(({ id, version }) => ({ id, version }))

  const acknowledgeGroup = (about: Alarm, alarms: readonly Alarm[], reason: string): Promise<boolean> =>
    within(about, 'group', async () => {
      const said = reason.trim()
      const body = { alarms: versions(alarms), ...(said !== '' && { reason: said }) }
      const { acknowledged, requested, refused } = await sent<GroupAnswer>('/alarms/acknowledge', body)
      const parts = [
        ...(acknowledged.length > 0 ? [t('desk.groupDone', { n: acknowledged.length })] : []),
        ...(requested.length > 0 ? [t('desk.groupAsked', { n: requested.length })] : []),
        ...(refused.length > 0 ? [t('desk.groupStayed', { n: refused.length })] : []),
      ]
      return { alarmId: about.id, action: 'group', kind: 'done', alarm: null, text: parts.join(' · ') }
    })

  /** What was asked for of several alarms is decided for all of them. */
  const decideGroup = (group: string, alarms: readonly Alarm[], decision: 'confirm' | 'decline' | 'withdraw'): Promise<boolean> =>
    within(alarms[0]!, decision, async () => {
      await sent(`/alarms/acknowledge/${encodeURIComponent(group)}/${decision}`, { alarms: versions(alarms) })
      const text = t('desk.done', { action: t(`action.${decision}`) })
      return { alarmId: alarms[0]!.id, action: decision, kind: 'done', alarm: null, text }
    })

  /** 投屏: that no wall is there is no success. */
  const show = (alarm: Alarm): Promise<boolean> =>
    within(alarm, 'wall', async () => {
      const { walls } = await api<{ walls: number }>('POST', `/alarms/${encodeURIComponent(alarm.id)}/show`)
      const about = { alarmId: alarm.id, action: 'wall' }
      return walls === 0
        ? { ...about, kind: 'failed', text: t('desk.wall.none') }
        : { ...about, kind: 'done', alarm: null, text: t('desk.wall.done', { n: walls }) }
    })

  return { outcome, busy, act, acknowledgeGroup, decideGroup, show }
}
export type Actions = ReturnType<typeof useActions>
