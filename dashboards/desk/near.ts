import type { Alarm } from '../../core/alarm.ts'
import { metresBetween, type Point } from '../../core/ground.ts'
import type { LiveDevice } from '../../core/live.ts'

const NEAR_M = 200

const placeOf = ({ longitude, latitude }: LiveDevice): Point | null =>
  longitude === null || latitude === null ? null : [longitude, latitude]

/** `alarm`: its own that is nearest in time to the one looked at. */
export type Neighbour = { device: LiveDevice; metres: number | null; alarm: Alarm | null }

/** What stands in the same zone or within 200 m: first what went into alarm at about the same time, then what is nearest. */
export function neighboursOf(of: Alarm, devices: ReadonlyMap<string, LiveDevice>, alarms: Iterable<Alarm>): Neighbour[] {
  const here = devices.get(of.deviceId)
  if (!here) return []
  const place = placeOf(here)
  const found: Neighbour[] = []
  for (const device of devices.values()) {
    if (device.id === here.id) continue
    const there = place && placeOf(device)
    const metres = place && there ? metresBetween(place, there) : null
    const isSameZone = here.zoneId !== null && device.zoneId === here.zoneId
    if (isSameZone || (metres !== null && metres <= NEAR_M)) found.push({ device, metres, alarm: null })
  }
  if (found.length === 0) return found
  const byDevice = new Map(found.map((one) => [one.device.id, one]))
  const apart = (alarm: Alarm) => Math.abs(alarm.measuredAt - of.measuredAt)
  for (const alarm of alarms) {
    const one = byDevice.get(alarm.deviceId)
    if (one && (one.alarm === null || apart(alarm) < apart(one.alarm))) one.alarm = alarm
  }
  const apartOf = ({ alarm }: Neighbour) => (alarm ? apart(alarm) : Infinity)
  return found.sort((a, b) => {
    const [inTime, other] = [apartOf(a), apartOf(b)]
    if (inTime !== other) return inTime - other
    return (a.metres ?? Infinity) === (b.metres ?? Infinity) ? 0 : (a.metres ?? Infinity) - (b.metres ?? Infinity)
  })
}
