import type { Mode } from '../core/mode.ts'
import type { Series } from '../core/reading.ts'
import type { Rule } from '../core/rule.ts'
import type { Bound, Episode } from './binding.ts'
import { placeKey, type Place } from './open-alarms.ts'
import type { ReadyRule } from './rulebook.ts'
import type { AnySeriesRule, SeriesFacts, SeriesLimit } from './rules/rule.ts'

/** What a rule is on every series where the same rules stand beside it: made once and shared by all of them. */
export type Share = {
  ready: ReadyRule
  type: AnySeriesRule
  /** without the limits another rule has the say over */
  options: Record<string, unknown>
  /** the rule as its alarms name it */
  rule: Rule
  signature: string
  /** as the last series had it: next to always the same for all */
  quiet: Quiet | null
}
type Quiet = { above: number; below: number }
export type Shares = { shares: Share[]; limits: SeriesLimit[]; hasLimits: boolean }

const none: readonly Episode[] = Object.freeze([])

/**
 * A rule at work on one series. There are some hundred thousand of these in a county, and next to all of them have never had
 * anything to say: what an alarm would be called is put together when there is one.
 */
export class SeriesBound implements Bound {
  readonly #share: Share
  readonly #series: Series
  readonly #quiet: Quiet | null
  #place: Place | null = null
  #latePlace: Place | null = null
  readonly facts: SeriesFacts
  state: unknown
  wakeAt: number | null = null
  late: Bound['late'] = null
  episodes: readonly Episode[] = none

  constructor(share: Share, series: Series, facts: SeriesFacts) {
    this.#share = share
    this.#series = series
    this.#quiet = sharedQuiet(share, share.type.quiet(share.options, facts))
    this.facts = facts
    this.state = share.type.start
  }

  get ready(): ReadyRule {
    return this.#share.ready
  }

  get type(): AnySeriesRule {
    return this.#share.type
  }

  get options(): unknown {
    return this.#share.options
  }

  get signature(): string {
    return this.#share.signature
  }

  get above(): number {
    return this.#quiet === null ? Infinity : this.#quiet.above
  }

  get below(): number {
    return this.#quiet === null ? -Infinity : this.#quiet.below
  }

  get place(): Place {
    return (this.#place ??= this.#placed(false))
  }

  get latePlace(): Place {
    return (this.#latePlace ??= this.#placed(true))
  }

  #placed(late: boolean): Place {
    const { mode, device, metric } = this.#series
    return placeOf(mode, this.#share.rule, `${device}/${metric}`, device, metric, late)
  }
}

function sharedQuiet(share: Share, quiet: Quiet | null): Quiet | null {
  if (quiet === null) return null
  if (share.quiet?.above !== quiet.above || share.quiet.below !== quiet.below) share.quiet = quiet
  return share.quiet
}

export const placeOf = (
  mode: Mode,
  rule: Rule,
  subject: string,
  deviceId: string,
  metric: string | null,
  late: boolean,
): Place => ({ key: placeKey(mode, rule.id, subject, late), mode, rule, subject, deviceId, metric, late })
