import { createHash } from 'node:crypto'
import type { Snapshot } from '../../core/live.ts'
import { Scope } from '../live-scope.ts'
import type { Sight } from '../sight.ts'
import type { WallMoment, WallQuestion } from './question.ts'
import type { View } from './view.ts'

const EPOCH = 'replay'
const byText =
  <T>(textOf: (one: T) => string) =>
  (a: T, b: T) =>
    textOf(a) < textOf(b) ? -1 : 1

/** Puts a view into the words of the feed. */
export class Drawing {
  #view: View
  #question: WallQuestion
  #sight: Sight

  constructor(view: View, question: WallQuestion, sight: Sight) {
    this.#view = view
    this.#question = question
    this.#sight = sight
  }

  moment(downSince: number | null): WallMoment {
    const { mode, at } = this.#question
    const snapshot = inOrder(this.#snapshot())
    const sha256 = createHash('sha256').update(JSON.stringify(snapshot)).digest('hex')
    const { source, keptSince } = this.#view
    return { at, mode, sha256, readings: at < keptSince ? 'gone' : 'kept', source, downSince, snapshot }
  }

  #snapshot(): Snapshot {
    const { mode, at, enterpriseId, jurisdiction, zone } = this.#question
    const { live, directory } = this.#view
    const scope = new Scope(mode, enterpriseId, live, directory.registry, { epoch: EPOCH, jurisdiction, zone }, this.#sight)
    const { text } = scope.snapshot(at, null)
    return (JSON.parse(text.slice(text.indexOf('['))) as [string, Snapshot])[1]
  }
}

/** Lists whose order means nothing stand in one order, however the moment was reached: the same moment is the same text. */
export const inOrder = (snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  enterprises: snapshot.enterprises.toSorted(byText(({ id }) => id)),
  zones: snapshot.zones.toSorted(byText(({ id }) => id)),
  ...(snapshot.risks && { risks: snapshot.risks.toSorted(byText(({ id }) => id)) }),
  devices: snapshot.devices.toSorted(byText(({ id }) => id)),
  // Counts from a start of the platform, which is not where every way to a moment begins.
  ...(snapshot.fences !== undefined && { fences: 0 }),
  readings: snapshot.readings.toSorted(byText(([device, metric]) => `${device}\n${metric}`)),
})
