import { inject, type InjectionKey } from 'vue'
import type { LiveDevice } from '../../core/live.ts'
import type { Live } from './live.ts'

export const liveKey: InjectionKey<Live> = Symbol('live')

/** The page's one live feed, for the panels below it. */
export function useShared(): Live {
  const live = inject(liveKey)
  if (!live) throw new Error('no live feed was provided above this panel')
  return live
}

/** Enterprise and zone in words; an id nobody named is shown as it is. */
export function placeText(live: Live, enterpriseId: string, zoneId: string | null): string {
  const state = live.state.value
  const enterprise = state?.enterprises.get(enterpriseId) ?? enterpriseId
  return zoneId === null ? enterprise : `${enterprise} · ${state?.zones.get(zoneId) ?? zoneId}`
}

export const deviceText = (live: Live, id: string): string => live.devices.value.get(id)?.name ?? id
export const devicePlace = (live: Live, device: LiveDevice): string => placeText(live, device.enterpriseId, device.zoneId)
