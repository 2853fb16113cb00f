import { computed, onScopeDispose, ref, shallowReactive, type ShallowRef } from 'vue'
import type { Alarm } from '../../core/alarm.ts'
import type { DeskView, QueueFilter, QueueSort } from '../../core/desk-view.ts'
import { deviceKinds, isDeviceKind } from '../../core/device-kind.ts'
import { locale, said, t } from '../web/i18n/i18n.ts'
import { deviceText, placeText } from '../web/live-key.ts'
import type { Live } from '../web/live.ts'
import { session } from '../web/session.ts'
import { compareBy, filtered, noFilter, type Facts } from './queue-order.ts'

/** A sort somebody chose lasts a shift: the next person finds the usual order. */
const SHIFT_MS = 8 * 3_600_000

/** The queue as it is asked for: all there is, in order, without what a filter hides. */
export function useQueue(live: Live, over: ShallowRef<ReadonlyMap<string, Alarm>>) {
  const sort = ref<QueueSort>('urgency')
  const filter = shallowReactive<QueueFilter>({ ...noFilter })
  let timer: ReturnType<typeof setTimeout> | undefined
  function sortBy(next: QueueSort): void {
    sort.value = next
    clearTimeout(timer)
    if (next !== 'urgency') timer = setTimeout(() => (sort.value = 'urgency'), SHIFT_MS)
  }
  onScopeDispose(() => clearTimeout(timer))

  const areas = computed(() => live.state.value?.regions ?? new Map<string, string>())
  const facts = computed((): Facts => {
    void locale.value
    return {
      areaOf: (enterpriseId) => areas.value.get(enterpriseId) ?? '',
      kindOf: (deviceId) => live.devices.value.get(deviceId)?.kind ?? 'platform',
      textOf: (alarm) =>
        `${deviceText(live, alarm.deviceId)} ${placeText(live, alarm.enterpriseId, alarm.zoneId)} ${said(alarm.message)}`,
      me: session.value?.user?.id ?? null,
    }
  })
  const all = computed(() => {
    const open = live.alarms.value
    const rest = [...over.value.values()].filter(({ id }) => !open.has(id))
    return [...open.values(), ...rest].sort(compareBy(sort.value))
  })
  const result = computed(() => filtered(all.value, { ...filter }, facts.value))
  const shown = computed(() => result.value.shown)

  /** What there is to choose from: only what has alarms. */
  const choices = computed(() => {
    const enterprises = new Set<string>()
    const kinds = new Set<string>()
    const regions = new Set<string>()
    for (const { enterpriseId, deviceId } of all.value) {
      enterprises.add(enterpriseId)
      kinds.add(facts.value.kindOf(deviceId))
      const area = facts.value.areaOf(enterpriseId)
      if (area !== '') regions.add(area)
    }
    const kindText = (kind: string) => (isDeviceKind(kind) ? said(deviceKinds[kind]) : t('desk.filter.platform'))
    return {
      enterprises: [...enterprises].filter(Boolean).map((id) => ({ value: id, text: placeText(live, id, null) })),
      kinds: [...kinds].map((kind) => ({ value: kind, text: kindText(kind) })),
      areas: [...regions].sort().map((code) => ({ value: code, text: code })),
    }
  })
  const clear = () => Object.assign(filter, noFilter)
  /** A saved view, or none. */
  const show = (view: DeskView | null) => {
    Object.assign(filter, noFilter, view?.filter)
    sortBy(view?.sort ?? 'urgency')
  }
  return { sort, sortBy, filter, clear, show, all, shown, result, choices }
}
export type Queue = ReturnType<typeof useQueue>
