import type { Clock } from '../../core/clock.ts'
import { wallClock } from '../../journal/wall-clock.ts'
import type { Outside } from '../channels/index.ts'
import { pinnedResolver } from './guard.ts'
import { guardedHttp } from './http.ts'
import { openLine } from './serial-line.ts'

/** The world as channels may reach it: real sockets and lines behind the guards. */
export function openOutside(clock: Clock = wallClock): Outside {
  const resolver = pinnedResolver(() => clock.now())
  return { now: () => clock.now(), ...resolver, http: guardedHttp(resolver), openLine: openLine(resolver) }
}
