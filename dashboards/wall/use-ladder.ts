import { computed, onScopeDispose, shallowRef, watch, type ComputedRef } from 'vue'
import type { Alarm } from '../../core/alarm.ts'
import type { LadderPlace, LadderRung } from '../../core/escalation.ts'
import type { LadderTarget } from '../../core/ladder.ts'
import { api } from '../web/api.ts'
import { durationText } from '../web/format.ts'
import { t } from '../web/i18n/i18n.ts'
import type { Live } from '../web/live.ts'

/** `text`: what happens next and when · `called`: roles that were called about this alarm so far. Never a name or an address. */
export type LadderShown = { state: LadderPlace['phase']; text: string; called: string }

/** In a flood the card is another alarm many times a second: asked at most so often, and again now and then for what came of a rung. */
const LEAST_BETWEEN_MS = 2_000
const AGAIN_MS = 20_000
/** A rung that is due is taken and recorded within a moment. */
const TAKEN_AFTER_MS = 1_500

/** Who has been called about the alarm on the card, and who is next, against the server's clock; null: nobody knows or nobody is to be called. */
export function useLadder(live: Live, alarm: () => Alarm | null): ComputedRef<LadderShown | null> {
  const place = shallowRef<(LadderPlace & { alarmId: string }) | null>(null)
  let askedAt = Number.NEGATIVE_INFINITY
  let timer: ReturnType<typeof setTimeout> | undefined
  const ask = async () => {
    const id = alarm()?.id
    timer = undefined
    if (id === undefined || live.freshness.value !== 'live') return
    askedAt = performance.now()
    try {
      place.value = await api<LadderPlace & { alarmId: string }>('GET', `/alarms/${encodeURIComponent(id)}/ladder`)
    } catch {
      // Nothing is better than what may no longer be so.
      place.value = null
    }
    if (place.value && place.value.alarmId === alarm()?.id && runs(place.value)) askIn(untilNext(place.value, live.serverNow()))
  }
  const askIn = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => void ask(), ms)
  }
  watch(
    () => {
      const now = alarm()
      return now && live.freshness.value === 'live' ? `${now.id} ${now.version} ${now.occurrences}` : null
    },
    (wanted) => wanted !== null && askIn(Math.max(0, askedAt + LEAST_BETWEEN_MS - performance.now())),
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(timer))
  return computed(() => {
    const now = place.value
    if (!now || now.alarmId !== alarm()?.id) return null
    const text = textOf(now, live.now.value)
    return text === null ? null : { state: now.phase, text, called: calledText(now.taken) }
  })
}

const runs = ({ phase }: LadderPlace) => phase === 'climbing' || phase === 'waiting' || phase === 'overdue'
const untilNext = ({ next, feedbackDueAt }: LadderPlace, now: number): number => {
  const at = next?.at ?? feedbackDueAt
  const rest = at === null ? AGAIN_MS : at + TAKEN_AFTER_MS - now
  return Math.min(AGAIN_MS, Math.max(LEAST_BETWEEN_MS, rest))
}

function textOf({ phase, next, feedbackDueAt }: LadderPlace, now: number): string | null {
  switch (phase) {
    case 'off':
      return t('wall.escalationOff')
    case 'waiting':
      return feedbackDueAt === null ? null : t('wall.ladder.feedback', { in: durationText(feedbackDueAt - now) })
    case 'climbing':
    case 'overdue':
      if (next === null) return t('wall.ladder.top')
      return next.at > now
        ? t('wall.ladder.next', { in: durationText(next.at - now), who: rolesText(next.to) })
        : t('wall.ladder.now', { who: rolesText(next.to) })
    default:
      return null
  }
}

function calledText(taken: readonly LadderRung[]): string {
  const of = (outcomes: LadderRung['outcome'][]) =>
    rolesText(taken.flatMap(({ to, outcome }) => (to !== null && outcomes.includes(outcome) ? [to] : [])))
  const called = of(['called'])
  const missed = of(['nobody', 'unarmed'])
  return [called && t('wall.ladder.called', { who: called }), missed && t('wall.ladder.missed', { who: missed })]
    .filter(Boolean)
    .join(' · ')
}

const roleOf = (to: LadderTarget): string =>
  'duty' in to ? to.duty : 'enterprise' in to ? `enterprise-${to.enterprise}` : 'superior'
const rolesText = (targets: readonly LadderTarget[]): string =>
  [...new Set(targets.map(roleOf))].map((role) => t(`wall.ladder.role.${role}`)).join(t('wall.ladder.and'))
