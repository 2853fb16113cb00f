import { badReading } from './bad-reading.ts'
import { noSubstance } from './no-substance.ts'
import type { RuleType } from './rule.ts'
import { silent } from './silent.ts'
import { state } from './state.ts'
import { threshold } from './threshold.ts'
import { wrongClock } from './wrong-clock.ts'

/** Every type of rule there is. */
export const ruleTypes: readonly RuleType[] = [threshold, state, silent, badReading, noSubstance, wrongClock]

export const ruleTypeOf = (name: string): RuleType | undefined => ruleTypes.find((type) => type.name === name)
