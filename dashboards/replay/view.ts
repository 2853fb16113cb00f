import type { KnownReadings } from '../../core/history.ts'
import type { Mode } from '../../core/mode.ts'
import { readConnection, readRecordEntry } from '../../journal/codec.ts'
import { Directory } from '../../journal/directory.ts'
import type { Entry } from '../../journal/journal.ts'
import { LiveState } from '../live-state.ts'
import type { RecordFold } from './record-fold.ts'

/** The live view of a moment that has passed: the same projection the feed shows, stopped there, and able to go on. */
export class View {
  readonly mode: Mode
  readonly source: 'journal' | 'history'
  readonly keptSince: number
  readonly directory = new Directory()
  readonly live: LiveState
  stoppedSince: number | null
  /** the position to read on at */
  next: number
  at: number
  #connected = new Set<string>()

  /** As after a start at the end of `fold`, with what was known of readings then. */
  constructor(mode: Mode, fold: RecordFold, known: KnownReadings, source: 'journal' | 'history', next: number, at: number) {
    this.mode = mode
    this.source = source
    this.keptSince = known.keptSince
    this.next = next
    this.at = at
    this.stoppedSince = fold.stoppedSince
    this.directory.load([...fold.directory.registry.rows()], fold.directory.series.all())
    this.live = new LiveState(this.directory, (deviceId) => this.#connected.has(deviceId))
    this.live.newest.load(known.readings)
    this.live.windows.load(fold.windows.all())
    this.live.load([...fold.alarms.values()], [], at)
    this.live.loadRisks([...fold.risks.values()])
    for (const { damage, at: since } of fold.damages) this.live.damaged([damage], since)
    this.live.setPlatform(fold.receiving.receiving, fold.receiving.detail, [])
  }

  apply(entry: Entry): void {
    this.next = entry.pos + entry.count
    this.at = entry.receivedAt
    if (entry.stream === 'record') this.#record(entry)
    if (entry.kind === 'connection') {
      const { deviceId, connected } = readConnection(entry)
      if (connected) this.#connected.add(deviceId)
      else this.#connected.delete(deviceId)
    }
    this.live.apply(entry)
  }

  /** Nothing more was received until then. */
  stand(at: number): void {
    this.at = at
    while (this.live.look(at).length > 0);
  }

  #record(entry: Entry): void {
    this.directory.apply(entry)
    if (entry.kind === 'platform.started') {
      // Whoever was connected before has to come again.
      this.#connected.clear()
      this.stoppedSince = null
      this.live.setPlatform('ok', null, [])
    } else if (entry.kind === 'platform.stopped') this.stoppedSince = entry.receivedAt
    else if (entry.kind === 'receiving.resumed') this.live.setPlatform('ok', null, [])
    else if (entry.kind === 'receiving.stopped') {
      const said = readRecordEntry(entry)
      if (said.kind === 'receiving.stopped') this.live.setPlatform('stopped', said.reason, [])
    }
  }
}
