import type { LiveDevice } from '../core/live.ts'
import { type Windows } from '../core/window-book.ts'
import { endOf, isInForce, isTest } from '../core/window.ts'

export type DeviceTest = NonNullable<LiveDevice['test']>

/** By device, what is only a test at that time: all of it, or the quantities named. */
export function testsAt(windows: Windows, at: number): Map<string, DeviceTest> {
  const tests = new Map<string, DeviceTest>()
  if (windows.size === 0) return tests
  for (const window of windows.all()) {
    if (!isTest(window.kind) || !isInForce(window, at)) continue
    for (const { device, metric } of window.points) {
      const known = tests.get(device)
      const metrics = metric === null || known?.metrics === null ? null : [...new Set([...(known?.metrics ?? []), metric])].sort()
      tests.set(device, { kind: known?.kind ?? window.kind, metrics, until: Math.max(known?.until ?? 0, endOf(window)) })
    }
  }
  return tests
}
