import { onScopeDispose, watch } from 'vue'
import { isUnacknowledged } from '../../core/alarm.ts'
import { minuteText } from '../web/format.ts'
import type { Live } from '../web/live.ts'

const FROM = '04:00'
const TO = '04:30'

/** A browser that runs for months is better off starting over once a day: at four, and only while nothing waits for anybody. */
export function usePlannedReload(live: Live, reload = () => location.reload()): void {
  const zone = () => live.state.value?.zone ?? 'Asia/Shanghai'
  /** whether the page stood before the time came: what was opened at four does not start over at once */
  let stoodBefore = false
  const stop = watch([live.now, live.freshness], ([now, freshness]) => {
    if (freshness !== 'live') return
    const time = minuteText(now, zone())
    if (time < FROM || time >= TO) {
      stoodBefore = true
      return
    }
    if (!stoodBefore || [...live.alarms.value.values()].some(isUnacknowledged)) return
    stoodBefore = false
    reload()
  })
  onScopeDispose(stop)
}
