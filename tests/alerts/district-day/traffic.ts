import { mix, seedOf, uniform } from '../../../simulators/signals.ts'
import { END, EVE, HELD_BACK_MS, installed, isBehindIt, isHeldBack, outage } from './scenarios.ts'

/** One publish of a device, and when it comes to us. */
export type Message = { sentAt: number; token: string; body: string }

const DUPLICATES = 0.05
const LATE = 0.02
const LATE_AT_MOST_MS = 8 * 60_000

export type Traffic = { messages: Message[]; duplicates: number; late: number }

/**
 * Everything that is sent from the eve to the end of the day, in the order it arrives: 2 % come after what their device said
 * later, 5 % come twice, and what was said behind the gateway that was out comes when it is back.
 */
export function trafficOf(seed: number): Traffic {
  const messages: Message[] = []
  let duplicates = 0
  let late = 0
  for (const one of installed(seed).reporters) {
    const own = mix(seedOf(seed, one.id), 7)
    let n = 0
    let wasLate = false
    for (let now = one.from + one.phaseMs; now < END; now += one.periodMs, n++) {
      const values = one.says(now)
      if (values === null) continue
      const body = JSON.stringify({ ts: one.stamp(now), values })
      const dice = (what: number) => uniform(mix(own, what), n)
      // Late is out of order; two in a row would be a silence of three periods, and rightly told as one.
      const isLate: boolean = dice(1) < LATE && !wasLate
      wasLate = isLate
      let sentAt = now + Math.floor(dice(2) * 2_000)
      if (isLate) sentAt = now + Math.min(LATE_AT_MOST_MS, Math.floor((1.3 + 2.5 * dice(3)) * one.periodMs))
      if (isHeldBack(one.id, now)) sentAt = now + HELD_BACK_MS
      const again = dice(4) < DUPLICATES ? sentAt + Math.floor(3 * dice(5) * one.periodMs) : null
      for (const time of again === null ? [sentAt] : [sentAt, again]) {
        // Stored in the gateway's order while it is out.
        const waits = isBehindIt(one.id) && time >= outage.from && time < outage.to
        messages.push({ sentAt: waits ? outage.to + (time - outage.from) / 1000 : time, token: one.token, body })
      }
      if (isLate) late++
      if (again !== null) duplicates++
    }
  }
  messages.sort((a, b) => a.sentAt - b.sentAt)
  if (messages[0]!.sentAt < EVE) throw new Error('nothing is sent before the eve')
  return { messages, duplicates, late }
}
