import { onScopeDispose, ref, type Ref } from 'vue'
import type { Alarm } from '../../core/alarm.ts'
import { isLateReport } from '../../core/alarm-group.ts'
import { alarmValueText, alarmWhat } from '../web/alarm-words.ts'
import { t } from '../web/i18n/i18n.ts'
import type { Live } from '../web/live.ts'
import { deviceText, placeText } from '../web/live-key.ts'

/** `impossible`: the browser gives notices only to pages that came by HTTPS. */
export type NoticeState = 'granted' | 'default' | 'denied' | 'impossible'

const LOOK_MS = 1_000
const stateNow = (): NoticeState =>
  isSecureContext && typeof Notification === 'function' ? Notification.permission : 'impossible'

/** Tells of a new red while nobody looks at this tab; of all open tabs only the leading one does. */
export function useRedNotice(live: Live, leads: Ref<boolean>) {
  const state = ref<NoticeState>(stateNow())
  /** what has been red before, by alarm and occurrence: only what is new is told */
  const known = new Set<string>()
  const keyOf = ({ id, occurrences }: Alarm) => `${id}/${occurrences}`
  const stops = [
    live.onSnapshot(({ alarms }) => {
      for (const alarm of alarms) if (alarm.level === 'red') known.add(keyOf(alarm))
    }),
    live.onAlarm((alarm) => {
      if (alarm.level !== 'red' || alarm.state !== 'active' || isLateReport(alarm) || known.has(keyOf(alarm))) return
      known.add(keyOf(alarm))
      if (document.visibilityState === 'hidden' && leads.value && stateNow() === 'granted') tell(alarm)
    }),
  ]
  function tell(alarm: Alarm): void {
    const value = alarmValueText(alarm)
    const body = [alarmWhat(alarm), value, value === null ? '' : alarm.unit, placeText(live, alarm.enterpriseId, alarm.zoneId)]
    const notice = new Notification(`${t('levelFull.red')} · ${deviceText(live, alarm.deviceId)}`, {
      body: body.filter(Boolean).join(' '),
      tag: alarm.id,
      requireInteraction: true,
    })
    notice.addEventListener('click', () => (window.focus(), notice.close()))
  }
  async function ask(): Promise<void> {
    if (state.value === 'default') state.value = await Notification.requestPermission()
  }
  const timer = setInterval(() => (state.value = stateNow()), LOOK_MS)
  onScopeDispose(() => {
    clearInterval(timer)
    for (const stop of stops) stop()
  })
  return { state, ask }
}
export type RedNotice = ReturnType<typeof useRedNotice>
