import type { LiveDevice } from '../../core/live.ts'
import { isPoint } from '../../core/window.ts'

/** What the device says of this quantity is a test just now, and of which kind. */
export function testOf(device: LiveDevice | undefined, metric: string): NonNullable<LiveDevice['test']>['kind'] | null {
  const { test } = device ?? {}
  if (!device || !test) return null
  const isNamed =
    test.metrics === null || test.metrics.some((one) => isPoint({ device: device.id, metric: one }, device.id, metric))
  return isNamed ? test.kind : null
}
