import { levels, type Level } from '../../core/level.ts'
import type { Emission } from '../../alerts/open-alarms.ts'

/** Every time an alarm speaks up: raised, risen, or back again. */
const speaksUp = new Set(['raised', 'level', 'again'])

/** How often each rule spoke up at each level. */
export class Tally {
  readonly byLevel: Record<Level, number> = { red: 0, orange: 0, yellow: 0, blue: 0 }
  readonly byRule = new Map<string, number>()

  add(said: Emission[]): void {
    for (const { entry } of said) {
      if (entry.kind !== 'alarm.changed' || !speaksUp.has(entry.change)) continue
      const { level, ruleId } = entry.alarm
      this.byLevel[level]++
      const name = `${level} ${ruleId}`
      this.byRule.set(name, (this.byRule.get(name) ?? 0) + 1)
    }
  }

  /** The worst level first, then the loudest. */
  rows(): [name: string, count: number][] {
    const rank = (name: string) => levels.indexOf(name.split(' ')[0] as Level)
    return [...this.byRule].sort((a, b) => rank(a[0]) - rank(b[0]) || b[1] - a[1])
  }
}
