import { computed, onScopeDispose, ref, watch, watchEffect, type Ref } from 'vue'
import type { Live } from '../web/live.ts'
import { minuteText } from '../web/format.ts'
import { wallSettings } from './wall-settings.ts'

const FROM = '19:00'
const TO = '07:00'
const LIFTED_MS = 60_000
export type ThemeChoice = 'auto' | 'day' | 'night'
const choices: ThemeChoice[] = ['auto', 'day', 'night']

/** Less light from 19:00 to 07:00 of the deployment; a new red lifts the wall to daylight for a minute. */
export function useNight(live: Live): { night: Ref<boolean>; choice: Ref<ThemeChoice>; next(): void } {
  const asked = new URLSearchParams(location.search).get('theme') as ThemeChoice
  const choice = ref<ThemeChoice>(choices.includes(asked) ? asked : wallSettings.value.theme)
  const liftedUntil = ref(0)
  const byClock = computed(() => {
    const time = minuteText(live.now.value, live.state.value?.zone ?? 'Asia/Shanghai')
    return time >= FROM || time < TO
  })
  const dark = computed(() => (choice.value === 'auto' ? byClock.value : choice.value === 'night'))
  const night = computed(() => dark.value && live.now.value >= liftedUntil.value)
  live.onAlarm((alarm) => {
    if (alarm.level === 'red' && alarm.state === 'active') liftedUntil.value = live.serverNow() + LIFTED_MS
  })
  const stop = watchEffect(() => document.documentElement.toggleAttribute('data-night', night.value))
  onScopeDispose(stop)
  watch(
    () => wallSettings.value.theme,
    (theme) => (choice.value = theme),
  )
  watch(choice, () => (liftedUntil.value = 0))
  return { night: dark, choice, next: () => (choice.value = choices[(choices.indexOf(choice.value) + 1) % choices.length]!) }
}
