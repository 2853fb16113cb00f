import type { Alarm } from '../core/alarm.ts'
import { GOOD, isBad, reasonOf } from '../core/quality.ts'
import { readBlock, type ReadingBlock, type Series } from '../core/reading.ts'
import type { RecordEntry } from '../core/record.ts'
import type { WindowEntry } from '../core/window.ts'
import { readConnection, readRecordEntry } from '../journal/codec.ts'
import { Directory } from '../journal/directory.ts'
import type { Entry } from '../journal/journal.ts'
import { answerAction } from './actions.ts'
import type { EndedAlarm } from './cases/ended-alarms.ts'
import { isInService } from './binding.ts'
import { CauseWatch, type SavedCause } from './causes.ts'
import { DeviceWatch, type SavedDevice } from './device-watch.ts'
import { DueTimes } from './due-times.ts'
import { GroupWatch, type SavedGroup } from './group-watch.ts'
import { judgePart } from './part-alarms.ts'
import { OpenAlarms, type Emission, type Moment, type OpenAlarmsState } from './open-alarms.ts'
import { PositionWatch, type SavedPosition } from './position-watch.ts'
import { Rulebook } from './rulebook.ts'
import { ABOVE, BELOW, HIGHEST, STRIDE, SeriesMemory } from './series-memory.ts'
import { SeriesWatch, type Quiet, type SavedSeries } from './series-watch.ts'
import { isByDevice, isWindowKind, TEST_BIT, WindowWatch, type SavedWindow } from './windows.ts'

/** What changed in the engine since it was last asked: everything that is needed to go on after a restart. */
export type EngineState = {
  head: { lastPos: number; listeningFrom: number | null; alarms: OpenAlarmsState }
  pages: [page: number, bytes: Uint8Array][]
  series: [id: number, saved: SavedSeries | null][]
  devices: [id: string, saved: SavedDevice | null][]
  alarms: [key: string, alarm: Alarm | null][]
  ended: [id: string, ended: EndedAlarm | null][]
  positions: [key: string, saved: SavedPosition | null][]
  groups: [key: string, saved: SavedGroup | null][]
  windows: [id: string, window: SavedWindow | null][]
  causes: [id: string, saved: SavedCause | null][]
}

const isMains = ({ metric }: Series): boolean => metric === 'powerLost'

/**
 * Decides. A pure, deterministic function of the journal in the order of `pos`: the same entries give the same changes with
 * the same keys, however they are cut into batches and wherever it was stopped and restored in between.
 */
export class Engine {
  readonly directory = new Directory()
  readonly rulebook = new Rulebook()
  #due = new DueTimes()
  readonly windows = new WindowWatch(this.#due, (ruleId) => this.rulebook.ready(ruleId)?.rule.type)
  readonly alarms: OpenAlarms = new OpenAlarms(
    (id) => this.directory.registry.devices.get(id),
    this.#due,
    this.windows,
    (id) => this.#causes.carrierOf(id),
  )
  readonly memory = new SeriesMemory()
  readonly figures = { readings: 0, slow: 0, late: 0, resent: 0, standing: 0, stray: 0 }
  #causes: CauseWatch = new CauseWatch({
    registry: this.directory.registry,
    alarms: this.alarms,
    due: this.#due,
    lastPos: () => this.#lastPos,
    heardAt: (device) => this.#devices.heardAt(device),
    periodOf: (device) => this.#devices.periodOf(device),
    freed: (device, at, pos) => this.#devices.grace(device, at, pos),
  })
  #devices: DeviceWatch = new DeviceWatch({
    registry: this.directory.registry,
    memory: this.memory,
    alarms: this.alarms,
    causes: this.#causes,
    due: this.#due,
    refreshQuiet: (id) => this.#series.refreshQuiet(id),
  })
  #series = new SeriesWatch({
    directory: this.directory,
    rulebook: this.rulebook,
    memory: this.memory,
    alarms: this.alarms,
    due: this.#due,
    quietFor: (series) => this.#quietFor(series),
    isUnderTest: ({ device, metric }, at) => this.windows.isUnderTest(device, metric, at),
    lastPos: () => this.#lastPos,
  })
  #groups = new GroupWatch({
    directory: this.directory,
    rulebook: this.rulebook,
    memory: this.memory,
    alarms: this.alarms,
    due: this.#due,
    lastPos: () => this.#lastPos,
    seriesOf: (device) => this.#devices.seriesOf(device),
    isDoubtful: (id) => this.#series.isDoubtful(id),
    refreshQuiet: (device) => this.#refreshQuiet(device),
  })
  #positions = new PositionWatch({
    directory: this.directory,
    rulebook: this.rulebook,
    alarms: this.alarms,
    due: this.#due,
    lastPos: () => this.#lastPos,
    isWanted: (mode, device) => this.#groups.isWanted(mode, device),
    located: (one) => this.#groups.locate(one),
  })
  /** last position of the inputs so far: the cause of what a tick decides */
  #lastPos = 0

  /** Takes the next entry. What the engine itself wrote is not an input: it only proves how far time had come. */
  apply(entry: Entry): void {
    // Between the last entry of the process before and this one nobody was listening, however it ended.
    if (entry.kind === 'platform.started') this.#devices.stopListening()
    this.advance(entry.receivedAt)
    if (entry.kind === 'platform.started') this.#causes.restarted(entry.receivedAt)
    switch (entry.kind) {
      case 'alarm.changed':
      case 'action.refused':
      case 'push.due':
      case 'ladder.step':
      case 'push.sent':
      case 'push.failed':
      case 'push.refused':
      // What follows from alarms causes none.
      case 'risk.changed':
      case 'risk.weights':
      case 'kpi.set':
      // Nor does what is only proposed.
      case 'rule.proposed':
      case 'rule.decided':
        return
    }
    if (isWindowKind(entry.kind) && isByDevice(readRecordEntry(entry) as WindowEntry)) return
    if (entry.kind === 'block') this.judgeBlock(readBlock(entry.payload), entry.pos)
    else if (entry.kind === 'connection') this.#causes.connection(readConnection(entry), entry.receivedAt, entry.pos)
    else if (entry.stream === 'record') this.#applyRecord(entry)
    this.#lastPos = entry.pos + entry.count - 1
  }

  /** Derives the ticks up to `clock`: every entry received before it has been applied. */
  advance(clock: number): void {
    while (this.#due.next <= clock) {
      const due = this.#due.take()!
      switch (due.kind) {
        case 'alarm':
          this.alarms.tick(due.id as string, due.at, this.#lastPos)
          break
        case 'case':
          this.alarms.tickCase(due.id as string, due.at, this.#lastPos)
          break
        case 'device':
          this.#devices.tick(due.id as string, due.at, this.#lastPos)
          break
        case 'explained':
          this.#causes.tick(due.id as string, due.at, this.#lastPos)
          break
        case 'group':
          this.#groups.tick(due.id as string, due.at)
          break
        case 'position':
          this.#positions.tick(due.id as string, due.at)
          break
        case 'series':
          this.#series.tick(due.id as number, due.at)
          break
        case 'window':
          this.alarms.settleWindows(this.windows.tick(due.id as string, due.at), due.at, this.#lastPos)
      }
    }
  }

  /** What was decided since it was last asked, in order. */
  take(): Emission[] {
    return this.alarms.take()
  }

  judgeBlock(block: ReadingBlock, pos: number): void {
    const { count, series, measuredAt, receivedAt, value, quality } = block
    const memory = this.memory
    for (let row = 0; row < count; row++) {
      const id = series[row]!
      const at = id * STRIDE
      const rows = memory.rows
      const v = value[row]!
      const measured = measuredAt[row]!
      // The quiet reading: in order, good, and inside everything any rule of the series cares about.
      if (quality[row] === GOOD && measured > rows[at + HIGHEST]! && v > rows[at + ABOVE]! && v < rows[at + BELOW]!) {
        memory.note(id, measured, receivedAt[row]!, v, GOOD, pos + row)
      } else {
        this.#judge(id, measured, receivedAt[row]!, v, quality[row]!, pos + row)
      }
    }
    this.#positions.flush()
    this.figures.readings += count
  }

  #judge(id: number, measuredAt: number, receivedAt: number, value: number, quality: number, pos: number): void {
    const series = this.directory.series.get(id)
    if (!series) {
      this.figures.stray++
      return
    }
    this.figures.slow++
    const judged = this.#series.judge(series, measuredAt, receivedAt, value, quality, pos)
    if (judged !== 'next') this.figures[judged]++
    this.#positions.collect(series, judged, measuredAt, receivedAt, value, quality, pos)
    const isTest = this.windows.isUnderTest(series.device, series.metric, receivedAt)
    if ((judged === 'next' || judged === 'standing') && !isTest) this.#groups.hear(series, pos)
    if (judged === 'next' && isMains(series) && !isBad(quality)) this.#mains(series, value >= 1, receivedAt, pos)
    // A bad bit opens no test, and a clock that stands still keeps none open.
    const isOpening = judged === 'next' && value >= 1 && !isBad(quality)
    const isClosing = (judged === 'next' || judged === 'standing') && value < 1
    if (series.metric === TEST_BIT && (isOpening || isClosing)) this.#testBit(series.device, value, receivedAt, pos)
    this.#devices.hear(series.device, receivedAt, judged === 'standing' || reasonOf(quality) === 'clock', pos)
  }

  #mains(series: Series, lost: boolean, at: number, pos: number): void {
    const device = this.directory.registry.devices.get(series.device)
    if (device && this.#causes.mains(device, lost, at, pos)) this.#series.refreshQuiet(series.id)
  }

  #testBit(deviceId: string, value: number, at: number, pos: number): void {
    const device = this.directory.registry.devices.get(deviceId)
    const entry = device && this.windows.testBit(device, value, at, pos)
    if (!entry) return
    this.alarms.emit(`window:${pos}`, entry)
    this.#windowChanged(entry, at, pos)
  }

  #windowChanged(entry: WindowEntry, at: number, pos: number): void {
    this.alarms.settleWindows(this.windows.apply(entry, at), at, pos)
  }

  /** Good values of the series that nobody but its own rules needs to hear; null when somebody needs all. */
  #quietFor(series: Series): Quiet | null {
    if (series.metric === TEST_BIT || this.#devices.isWatching(series.device) || this.#positions.listensTo(series)) return null
    const quiet = this.#groups.quietFor(series)
    if (quiet === null || !isMains(series)) return quiet
    return this.#causes.isDark(series.device) ? null : { above: quiet.above, below: Math.min(quiet.below, 1) }
  }

  #refreshQuiet(device: string): void {
    for (const id of this.#devices.seriesOf(device)) this.#series.refreshQuiet(id)
  }

  #applyRecord(entry: Entry): void {
    const { pos, receivedAt } = entry
    const moment: Moment = { causePos: pos, at: receivedAt, knownAt: receivedAt, value: null, overRange: false, causes: [] }
    switch (entry.kind) {
      case 'series.defined':
        this.directory.apply(entry)
        return (readRecordEntry(entry) as { series: Series[] }).series.forEach((series) => this.#define(series))
      case 'registry.changed': {
        this.directory.apply(entry)
        return this.#registryChanged(readRecordEntry(entry) as Extract<RecordEntry, { kind: 'registry.changed' }>, moment)
      }
      case 'fence.set':
        // Who is where is asked with the next position.
        return this.directory.apply(entry)
      case 'window.declared':
      case 'window.confirmed':
      case 'window.refused':
      case 'window.ended':
        return this.#windowChanged(readRecordEntry(entry) as WindowEntry, receivedAt, pos)
      case 'rule.set':
      case 'rule.removed':
        return this.#ruleChanged(readRecordEntry(entry) as Extract<RecordEntry, { kind: 'rule.set' | 'rule.removed' }>, moment)
      case 'action':
        return answerAction(this.alarms, readRecordEntry(entry) as Extract<RecordEntry, { kind: 'action' }>, pos, receivedAt)
      case 'part.alarm':
        return judgePart(this.alarms, readRecordEntry(entry) as Extract<RecordEntry, { kind: 'part.alarm' }>, moment)
      case 'platform.started':
      case 'receiving.resumed':
        return this.#devices.listen(receivedAt, pos)
      case 'receiving.stopped':
      case 'platform.stopped':
        return this.#devices.stopListening()
    }
  }

  #define(series: Series): void {
    this.memory.ensure(series.id)
    this.#devices.define(series)
  }

  #registryChanged(change: Extract<RecordEntry, { kind: 'registry.changed' }>, moment: Moment): void {
    const { registry } = this.directory
    if (change.entity === 'device') this.#rebindDevice(change.row.id, moment, change.by)
    if (change.entity !== 'enterprise' && change.entity !== 'zone') return
    const whose = change.entity === 'zone' ? 'zoneId' : 'enterpriseId'
    for (const id of this.#devices.ids()) {
      if (registry.devices.get(id)?.[whose] === change.row.id) this.#rebindDevice(id, moment, change.by)
    }
  }

  #rebindDevice(deviceId: string, moment: Moment, by: string): void {
    const { registry } = this.directory
    const reason = isInService(registry.devices.get(deviceId), registry) ? 'the rule no longer applies' : 'device retired'
    this.#devices.bind(deviceId, this.rulebook.allReady(), moment, by, reason)
    for (const id of this.#devices.seriesOf(deviceId)) this.#series.rebind(id, moment, by, reason)
    this.#positions.rebind(deviceId, moment, by, reason)
    this.#groups.rebind(deviceId, moment)
  }

  #ruleChanged(change: Extract<RecordEntry, { kind: 'rule.set' | 'rule.removed' }>, moment: Moment): void {
    const id = change.kind === 'rule.set' ? change.rule.id : change.ruleId
    const before = this.rulebook.ready(id)
    this.rulebook.apply(change)
    const after = this.rulebook.ready(id)
    const reason = after ? 'the rule no longer applies' : 'the rule is no longer in force'
    if (before?.type.over === 'device' || after?.type.over === 'device') {
      for (const deviceId of this.#devices.ids()) {
        this.#devices.bind(deviceId, this.rulebook.allReady(), moment, change.by, reason)
      }
    }
    this.#series.rulesChanged([before, after], moment, change.by, reason)
    if (before?.type.over === 'position' || after?.type.over === 'position') {
      for (const deviceId of this.#positions.devices()) {
        this.#positions.rebind(deviceId, moment, change.by, reason)
        this.#refreshQuiet(deviceId)
      }
    }
    if (before?.type.over === 'group' || after?.type.over === 'group') {
      this.#groups.rulesChanged(new Set([id]), moment, change.by, reason)
    }
  }

  /** What changed since the last call; merged over what was taken before it is the whole state. */
  takeState(): EngineState {
    return {
      head: { lastPos: this.#lastPos, listeningFrom: this.#devices.listeningFrom, alarms: this.alarms.state() },
      pages: this.memory.takePages(),
      series: this.#series.takeChanged(),
      devices: this.#devices.takeChanged(),
      alarms: this.alarms.takeChanged(),
      ended: this.alarms.takeEnded(),
      positions: this.#positions.takeChanged(),
      groups: this.#groups.takeChanged(),
      windows: this.windows.takeChanged(),
      causes: this.#causes.takeChanged(),
    }
  }

  /** Goes on from a state taken earlier; directory and rulebook have been loaded as they stood at the same position. */
  restore(state: EngineState): void {
    this.#lastPos = state.head.lastPos
    this.memory.restore(state.pages)
    const open = state.alarms.flatMap(([key, alarm]): [string, Alarm][] => (alarm ? [[key, alarm]] : []))
    this.windows.restore(state.windows)
    this.alarms.restore(open, state.head.alarms, state.ended)
    for (const series of this.directory.series.all()) this.#define(series)
    this.#causes.restore(state.causes)
    this.#devices.restore(state.devices, state.head.listeningFrom, this.rulebook.allReady())
    const series = open.flatMap(([, { mode, deviceId, metric }]): Series[] => {
      const known = metric === null ? undefined : this.directory.series.find(mode, deviceId, metric)
      return known ? [known] : []
    })
    this.#positions.restore(state.positions)
    this.#groups.restore(state.groups)
    this.#series.restore(state.series, series)
  }
}
