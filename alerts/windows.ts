import type { Alarm, AlarmChangeKind } from '../core/alarm.ts'
import type { Device } from '../core/registry.ts'
import { Windows, WINDOWS_KEPT_MS } from '../core/window-book.ts'
import {
  covers,
  endOf,
  isBounded,
  isInForce,
  isPoint,
  isTest,
  LONGEST_OF_ONE_MS,
  longestWindowMs,
  startOf,
  windowEntryKinds,
  type DeclaredWindow,
  type SuppressionWindow,
  type WindowEntry,
} from '../core/window.ts'
import { LONGEST_TEST_MS, roomUntil, TESTS_APART_MS } from '../core/window-room.ts'
import { tickAtOrAfter, type DueTimes } from './due-times.ts'
import { isConditionTrue, transition } from './lifecycle.ts'
import { resumed, withoutAside } from './set-aside.ts'
import { isBeforePeople } from '../core/unfinished.ts'

/** What a panel itself reports while somebody tests it. */
export const TEST_BIT = 'testing'
const PANEL = 'fire-panel'
const BY_DEVICE = 'device:'

/** The engine's own word about a panel's test bit: no input to it. */
export const isByDevice = ({ by }: WindowEntry): boolean => by.startsWith(BY_DEVICE)

export const isWindowKind = (kind: string): kind is WindowEntry['kind'] => (windowEntryKinds as readonly string[]).includes(kind)

/** Changes that put an alarm before people (again): a window may have something to say about them. */
const annunciating: ReadonlySet<AlarmChangeKind> = new Set([
  ...(['raised', 'level', 'again', 'unshelved', 'returned-to-service'] as const),
])

/** `nextAt`: the tick at which it opens, closes or is forgotten */
export type SavedWindow = SuppressionWindow & { nextAt: number | null }
type SavedWindows = [id: string, window: SavedWindow | null][]

/** The windows of the record in the engine's order: what they cover, and when they open and close. */
export class WindowWatch {
  readonly #windows = new Windows()
  readonly #due: DueTimes
  readonly #typeOf: (ruleId: string) => string | undefined
  /** by window, the tick it waits for: one that has passed does not come again after a restart */
  #nextAt = new Map<string, number>()
  /** by device: every reading that is not quiet asks for them */
  #tests = new Map<string, SuppressionWindow[]>()
  #dirty = new Set<string>()

  constructor(due: DueTimes, typeOf: (ruleId: string) => string | undefined) {
    this.#due = due
    this.#typeOf = typeOf
  }

  all(): SuppressionWindow[] {
    return this.#windows.all()
  }

  /** The devices it is about. */
  apply(entry: WindowEntry, at: number): string[] {
    const window = this.#windows.apply(entry, at)
    if (!window) return []
    this.#await(window, at)
    return devicesOf(window)
  }

  /** It opens, closes or is too old to be known: the devices it is about, none when it waits for no such thing. */
  tick(id: string, at: number): string[] {
    if (this.#nextAt.get(id) !== at) return []
    for (const old of this.#windows.forget(at)) {
      this.#nextAt.delete(old)
      this.#dirty.add(old)
    }
    const window = this.#windows.get(id)
    if (window) this.#await(window, at)
    else this.#sortTests()
    return window ? devicesOf(window) : []
  }

  /** A test was on at the point: what it said is about nobody but itself, and nothing is to be learned from it. */
  isUnderTest(device: string, metric: string, at: number): boolean {
    const tests = this.#tests.get(device)
    if (tests === undefined) return false
    return tests.some((window) => isInForce(window, at) && window.points.some((point) => isPoint(point, device, metric)))
  }

  /**
   * A panel says that it is being tested, or no longer is: what follows for the record, null when nothing does. A bit that stays set is
   * believed for as long as a test may last; after that not before it has been off as long, and not for more of a day than a point may be.
   */
  testBit(device: Device, value: number, at: number, pos: number): WindowEntry | null {
    if (device.kind !== PANEL) return null
    const by = `${BY_DEVICE}${device.id}`
    const own = this.all().filter(({ declaredBy }) => declaredBy === by)
    const open = own.find((window) => closedAt(window) === null)
    if (value < 1) return open ? { kind: 'window.ended', windowId: open.id, by, reason: null } : null
    if (open) return null
    const point = { device: device.id, metric: null }
    const isRested = own.every((window) => at - (closedAt(window) ?? at) >= TESTS_APART_MS)
    // Said once: a bit that flaps fills neither the record nor what is looked through for every alarm.
    if (!isRested && own.some((window) => window.until === window.from && at - window.from < TESTS_APART_MS)) return null
    const window: DeclaredWindow = {
      id: `wb-${pos}`,
      kind: 'panel-test',
      enterpriseId: device.enterpriseId,
      points: [point],
      rules: [],
      reason: '',
      from: at,
      // One that holds nothing aside says in the record that the panel was in test, and what it reported was real.
      until: isRested ? roomUntil(point, this.all(), at) : at,
      byEnterprise: false,
      byDevice: true,
    }
    return { kind: 'window.declared', window, by }
  }

  /** The alarm as it stands after a change that would call people, were there no windows. What is late is judged by its own time. */
  covered(alarm: Alarm, change: AlarmChangeKind, { at, knownAt }: { at: number; knownAt: number }): Alarm {
    if (this.#windows.size === 0 || !annunciating.has(change)) return alarm
    const over = this.all().filter(
      (window) => this.#covers(window, alarm, at) && (alarm.late || this.#covers(window, alarm, knownAt)),
    )
    // What gets worse behind a window, or comes again there, has been behind it since before.
    const since = change === 'level' || alarm.state === 'suppressed' ? (alarm.behindSince ?? at) : at
    return over.length === 0 ? alarm : suppressed(alarm, over, since)
  }

  /** What has changed for an alarm because windows opened or closed; null when nothing has. */
  settled(alarm: Alarm, at: number): { alarm: Alarm; change: AlarmChangeKind } | null {
    if (isBeforePeople(alarm)) return null
    const over = this.all().filter(
      (window) => this.#covers(window, alarm, alarm.late ? alarm.measuredAt : at) && at < endOf(window),
    )
    const isBehind = alarm.state === 'suppressed'
    if (over.length === 0) return isBehind ? { alarm: heard(alarm, at), change: 'unsuppressed' } : null
    const isOwed = isBehind && !alarm.late && this.#isHeardNow(alarm, over)
    if (isOwed && alarm.setAside?.isConditionTrue) return { alarm: heard(alarm, at, over), change: 'unsuppressed' }
    const after = suppressed(alarm, over, isBehind && !isOwed ? (alarm.behindSince ?? at) : at)
    if (after === alarm || isSame(after, alarm)) return null
    return { alarm: { ...after, version: alarm.version + (after.state === alarm.state ? 0 : 1) }, change: 'suppressed' }
  }

  /**
   * A window that kept the alarm from people is over, and none of those that go on may do so further: each began only when that one
   * was over, or would make it longer than windows may keep an alarm in one go.
   */
  #isHeardNow({ setAside, behindSince }: Alarm, over: SuppressionWindow[]): boolean {
    const gone = (setAside?.windows ?? []).filter((id) => !over.some((window) => window.id === id))
    if (gone.length === 0) return false
    const end = Math.max(...gone.map((id) => endOfKnown(this.#windows.get(id))))
    return over.every(
      (window) =>
        isBounded(window) &&
        (startOf(window) >= end || (behindSince !== undefined && endOf(window) - behindSince > longestBehind(window))),
    )
  }

  takeChanged(): SavedWindows {
    const changed = [...this.#dirty].map((id): SavedWindows[number] => [id, this.#savedOf(id)])
    this.#dirty.clear()
    return changed
  }

  restore(saved: SavedWindows): void {
    for (const [id, one] of saved) {
      if (!one) continue
      const { nextAt, ...window } = one
      this.#windows.load([window])
      if (nextAt !== null) this.#awaitAt(id, nextAt)
    }
    this.#sortTests()
  }

  #sortTests(): void {
    this.#tests.clear()
    for (const window of this.all()) {
      if (!isTest(window.kind)) continue
      for (const device of devicesOf(window)) this.#tests.set(device, [...(this.#tests.get(device) ?? []), window])
    }
  }

  #covers(window: SuppressionWindow, alarm: Alarm, at: number): boolean {
    return !alarm.heardOver?.includes(window.id) && covers(window, alarm, this.#typeOf(alarm.ruleId), at)
  }

  #savedOf(id: string): SavedWindow | null {
    const window = this.#windows.get(id)
    return window ? { ...window, nextAt: this.#nextAt.get(id) ?? null } : null
  }

  #await(window: SuppressionWindow, now: number): void {
    this.#dirty.add(window.id)
    const at = nextTick(window, now)
    if (at !== null) this.#awaitAt(window.id, at)
  }

  #awaitAt(id: string, at: number): void {
    this.#nextAt.set(id, at)
    this.#sortTests()
    this.#due.add({ at, kind: 'window', id })
  }
}

const devicesOf = ({ points }: SuppressionWindow): string[] => [...new Set(points.map(({ device }) => device))]

/** The next tick after `now` at which something about the window changes. */
export function nextTick(window: SuppressionWindow, now: number): number | null {
  const end = endOf(window)
  const ticks = [startOf(window), end, end + WINDOWS_KEPT_MS].map(tickAtOrAfter).filter((at) => at > now && at < Infinity)
  return ticks.length > 0 ? Math.min(...ticks) : null
}

/** An alarm that windows cover; the same alarm where it stands aside for another reason already. */
function suppressed(alarm: Alarm, windows: SuppressionWindow[], since: number): Alarm {
  const state = alarm.state === 'suppressed' ? alarm.state : transition(alarm.state, 'suppress', alarm.latching)
  if (state === null) return alarm
  const setAside = {
    until: Math.max(...windows.map(endOf)),
    isConditionTrue: alarm.setAside?.isConditionTrue ?? isConditionTrue(alarm.state),
    windows: windows.map(({ id }) => id).sort(),
  }
  return { ...withoutAside(alarm), state, setAside, ...(windows.some(isBounded) && { behindSince: since }) }
}

/** Back before people; `over`: windows that go on, and have no say about it any more. */
function heard({ behindSince: _, ...alarm }: Alarm, at: number, over: SuppressionWindow[] = []): Alarm {
  const heardOver = [...(alarm.heardOver ?? []), ...over.map(({ id }) => id)]
  return { ...resumed(alarm, at), ...(heardOver.length > 0 && { heardOver }) }
}

/** When its panel was out of test, or somebody put an end to it; null while the panel still says that it is tested. */
const closedAt = ({ endedAt, refusedAt }: SuppressionWindow): number | null => endedAt ?? refusedAt

/** One that was forgotten was over long ago. */
const endOfKnown = (window: SuppressionWindow | undefined): number => (window ? endOf(window) : -Infinity)

/** Work may follow a test that it overlaps, when two persons stand for it; else nothing keeps an alarm longer than one test may. */
const longestBehind = (window: SuppressionWindow): number =>
  isTest(window.kind) || window.confirmedAt === null ? LONGEST_OF_ONE_MS : longestWindowMs[window.kind] + LONGEST_TEST_MS

const isSame = (a: Alarm, b: Alarm): boolean =>
  a.state === b.state && a.setAside?.until === b.setAside?.until && a.setAside?.windows?.join() === b.setAside?.windows?.join()
