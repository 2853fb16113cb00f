import { badReading } from './bad-reading.ts'
import { deviation } from './deviation.ts'
import { expression } from './expression.ts'
import { forecast } from './forecast.ts'
import { jump } from './jump.ts'
import { limitTooFine } from './limit-too-fine.ts'
import { noSubstance } from './no-substance.ts'
import { rateOfChange } from './rate-of-change.ts'
import { convoy } from './convoy.ts'
import { copied } from './copied.ts'
import { curfew } from './curfew.ts'
import { drivingTime } from './driving-time.ts'
import { geofence } from './geofence.ts'
import { gps } from './gps.ts'
import { route } from './route.ts'
import { sequence } from './sequence.ts'
import { speed } from './speed.ts'
import { voting } from './voting.ts'
import type { RuleType } from './rule.ts'
import { silent } from './silent.ts'
import { state } from './state.ts'
import { stuck } from './stuck.ts'
import { unusual } from './unusual.ts'
import { threshold } from './threshold.ts'
import { wrongClock } from './wrong-clock.ts'

/** Every type of rule there is. */
export const ruleTypes: readonly RuleType[] = [
  threshold,
  rateOfChange,
  deviation,
  unusual,
  forecast,
  state,
  stuck,
  copied,
  jump,
  expression,
  silent,
  badReading,
  noSubstance,
  limitTooFine,
  wrongClock,
  geofence,
  speed,
  curfew,
  route,
  drivingTime,
  gps,
  voting,
  sequence,
  convoy,
]

export const ruleTypeOf = (name: string): RuleType | undefined => ruleTypes.find((type) => type.name === name)
