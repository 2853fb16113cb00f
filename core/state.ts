import type { Alarm } from './alarm.ts'
import type { Fence } from './fence.ts'
import type { Series } from './reading.ts'
import type { RegistryRow } from './registry.ts'
import type { SuppressionWindow } from './window.ts'

/** What the platform knew at `pos`: alerts keeps it, the other parts start from it and follow the journal from `pos` on. */
export type StateAt = {
  pos: number
  rows: RegistryRow[]
  series: Series[]
  openAlarms: Alarm[]
  fences?: Fence[]
  windows?: SuppressionWindow[]
}
