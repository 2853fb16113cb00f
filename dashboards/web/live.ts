import { computed, onScopeDispose, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { Alarm } from '../../core/alarm.ts'
import type { Change, Heartbeat, LiveReading, Snapshot, Subscribe, WallBeat } from '../../core/live.ts'
import { Feed, type Link } from './feed.ts'
import { DELAYED_MS, freshnessOf, INTERRUPTED_MS, type Freshness } from './freshness.ts'
import type { Picture, PictureStore } from './kept-picture.ts'
import { fromSnapshot, withChanges, withReadings, type LiveState } from './live-state.ts'

/** What came back after an interruption. */
export type Recovery = { at: number; gapMs: number; missed: number }

export type Live = {
  state: ShallowRef<LiveState | null>
  alarms: ComputedRef<LiveState['alarms']>
  devices: ComputedRef<LiveState['devices']>
  readings: ComputedRef<LiveState['readings']>
  heartbeat: ShallowRef<Heartbeat | null>
  /** heartbeats received since the page opened: what the heartbeat cell steps on */
  beats: Ref<number>
  link: ShallowRef<Link>
  freshness: Ref<Freshness>
  /** server time at the last heartbeat, in whole seconds: where the picture stands */
  pictureAt: Ref<number | null>
  recovery: ShallowRef<Recovery | null>
  /** when the picture was taken that is shown until the server answers; null once it has */
  keptAt: Ref<number | null>
  /** Drops what is shown and what is kept: this page may not see it any more. */
  forget(): void
  /** server time, moving in whole seconds; drives every age on the screen */
  now: Ref<number>
  serverNow(): number
  /** Calls for every change of an alarm, once the state has it; gives back how to stop. */
  onAlarm(heard: (alarm: Alarm) => void): () => void
  onSnapshot(heard: (snapshot: Snapshot) => void): () => void
  /** Calls when somebody at the desk wants an alarm shown. */
  onShow(heard: (alarmId: string) => void): () => void
  tell(beat: WallBeat): void
}

const READINGS_EVERY_MS = 200
const RECOVERY_SHOWN_MS = 30_000
const TICK_MS = 250
/** An alarm is on the screen within 100 ms (ux A3) also while others come. */
const REST_AT_MOST_MS = 60
const KEPT_EVERY_MS = 20_000
const FIRST_KEPT_MS = 3_000

/** Joins feed and state for a page: alarms at once, readings at most five times a second, ages once a second. */
export function useLive(subscribe: Subscribe = {}, pictures: PictureStore | null = null): Live {
  const state = shallowRef<LiveState | null>(null)
  const heartbeat = shallowRef<Heartbeat | null>(null)
  const beats = ref(0)
  const link = shallowRef<Link>({ connected: false, attempt: 0, reason: null })
  const freshness = ref<Freshness>('waiting')
  const pictureAt = ref<number | null>(null)
  const recovery = shallowRef<Recovery | null>(null)
  const now = ref(Date.now())
  const keptAt = ref<number | null>(null)
  const alarmHeard = new Set<(alarm: Alarm) => void>()
  const snapshotHeard = new Set<(snapshot: Snapshot) => void>()
  const showHeard = new Set<(alarmId: string) => void>()

  // Server time from the last message that carried it; performance.now() does not jump when the browser's clock is set.
  let serverTs = Date.now()
  let serverTsAt = performance.now()
  let lastBeatAt: number | null = null
  let before: { at: number; ids: Set<string> } | null = null
  const serverNow = () => serverTs + (performance.now() - serverTsAt)
  const setClock = (ts: number) => {
    serverTs = ts
    serverTsAt = performance.now()
  }

  // Changes of one frame are drawn together, so a flood costs one drawing a frame, and none is drawn later than it could be.
  let changes: Change[] = []
  let takenAt = Number.NEGATIVE_INFINITY
  let tookMs = 0
  const takeChanges = () => {
    // They follow a picture that is still being made.
    if (coming) return
    const taken = changes
    changes = []
    takenAt = performance.now()
    const alarms = taken.flatMap((change) => (change.kind === 'alarm' ? [change.alarm] : []))
    const isShown = state.value !== null
    // A task begun after a frame's callbacks runs after its painting.
    setTimeout(() => {
      tookMs = performance.now() - takenAt
      if (isShown) for (const alarm of alarms) performance.mark('alarm-painted', markOf(alarm))
    })
    if (!state.value || taken.length === 0) return
    state.value = withChanges(state.value, taken)
    for (const alarm of alarms) tellAll(alarmHeard, alarm)
  }

  /** At once, unless the last picture took so long that drawing every frame would leave no time for anything else. */
  const takeSoon = () => {
    const rest = takenAt + Math.min(REST_AT_MOST_MS, 2 * tookMs) - performance.now()
    if (rest <= 0) beforeNextFrame(takeChanges)
    else setTimeout(() => beforeNextFrame(takeChanges), rest)
  }

  /** a picture that has come and is not yet shown */
  let coming: Snapshot | null = null
  const takeSnapshot = (snapshot: Snapshot, made: LiveState) => {
    coming = null
    now.value = wholeSecond(serverNow())
    if (keptAt.value !== null) {
      before = { at: keptAt.value, ids: new Set(state.value?.alarms.keys()) }
      pictureAt.value = wholeSecond(snapshot.serverTs)
      keptAt.value = null
    }
    state.value = made
    // The first snapshot starts the count: a server that never beats is as silent as one that stopped.
    lastBeatAt ??= performance.now()
    pictureAt.value ??= wholeSecond(snapshot.serverTs)
    tellAll(snapshotHeard, snapshot)
    if (changes.length > 0) takeSoon()
  }

  let pending = new Map<string, LiveReading>()
  let flushing = false
  let flushedAt = 0
  const flush = () => {
    flushing = false
    // They are newer than a picture that is still being made.
    if (coming) return flushSoon()
    flushedAt = performance.now()
    const readings = [...pending.values()]
    pending = new Map()
    if (state.value) state.value = withReadings(state.value, readings)
  }
  const flushSoon = () => {
    if (flushing) return
    flushing = true
    const wait = Math.max(0, flushedAt + READINGS_EVERY_MS - performance.now())
    setTimeout(() => beforeNextFrame(flush), wait)
  }

  let delayed: ReturnType<typeof setTimeout> | undefined
  let interrupted: ReturnType<typeof setTimeout> | undefined
  const feed = new Feed(subscribe, {
    snapshot(snapshot) {
      pending.clear()
      changes = []
      setClock(snapshot.serverTs)
      // Reading, making and drawing ten thousand devices are tasks of their own: together they would hold the thread for too long.
      coming = snapshot
      setTimeout(() => {
        if (coming !== snapshot || stopped) return
        const made = fromSnapshot(snapshot)
        beforeNextFrame(() => coming === snapshot && !stopped && takeSnapshot(snapshot, made))
      })
    },
    change(change) {
      changes.push(change)
      if (change.kind === 'alarm') markReceived(change.alarm)
      if (changes.length === 1) takeSoon()
    },
    readings({ readings }) {
      for (const reading of readings) pending.set(`${reading[0]}\n${reading[1]}`, reading)
      flushSoon()
    },
    heartbeat(beat) {
      setClock(beat.serverTs)
      // The picture comes first: what is on the screen is still the kept one.
      if (keptAt.value !== null) return
      const silentMs = performance.now() - (lastBeatAt ?? performance.now())
      lastBeatAt = performance.now()
      heartbeat.value = beat
      beats.value++
      if (before && silentMs >= INTERRUPTED_MS) recovery.value = recoveryAt(beat.serverTs, before)
      // After a start only what is new is worth a banner.
      else if (before && beat.serverTs - before.at >= INTERRUPTED_MS) {
        const found = recoveryAt(beat.serverTs, before)
        if (found.missed > 0) recovery.value = found
      }
      before = null
      pictureAt.value = wholeSecond(beat.serverTs)
      freshness.value = 'live'
      // Not left to the ticker: the seconds of a silence are counted exactly.
      clearTimeout(delayed)
      clearTimeout(interrupted)
      delayed = setTimeout(tick, DELAYED_MS)
      interrupted = setTimeout(tick, INTERRUPTED_MS)
    },
    link(next) {
      link.value = next
    },
    show: ({ alarmId }) => tellAll(showHeard, alarmId),
  })

  const tick = () => {
    now.value = wholeSecond(serverNow())
    freshness.value =
      keptAt.value !== null ? 'interrupted' : freshnessOf(lastBeatAt === null ? null : performance.now() - lastBeatAt)
    // What was on the screen when the silence began, so that the recovery can say what is new.
    if (freshness.value === 'delayed' && pictureAt.value !== null && !before && state.value) {
      before = { at: pictureAt.value, ids: new Set(state.value.alarms.keys()) }
    }
    if (recovery.value && serverNow() - recovery.value.at > RECOVERY_SHOWN_MS) recovery.value = null
  }
  const recoveryAt = (at: number, { at: from, ids }: { at: number; ids: Set<string> }): Recovery => ({
    at,
    gapMs: at - from,
    missed: [...(state.value?.alarms.keys() ?? [])].filter((id) => !ids.has(id)).length,
  })

  const showKept = (picture: Picture | null) => {
    // The server was quicker, or this page has been left.
    if (!picture || state.value !== null || stopped) return
    state.value = picture.state
    keptAt.value = pictureAt.value = wholeSecond(picture.at)
    tick()
  }
  const keepPicture = () => {
    if (state.value && freshness.value === 'live') void pictures?.keep({ state: state.value, at: serverNow() })
  }
  const keeping = pictures
    ? [setTimeout(() => whenIdle(keepPicture), FIRST_KEPT_MS), setInterval(() => whenIdle(keepPicture), KEPT_EVERY_MS)]
    : []
  let stopped = false
  void pictures?.load().then(showKept)

  const ticker = setInterval(tick, TICK_MS)
  feed.start()
  onScopeDispose(() => {
    stopped = true
    clearInterval(ticker)
    for (const timer of keeping) clearInterval(timer)
    clearTimeout(delayed)
    clearTimeout(interrupted)
    feed.stop()
  })

  const empty = new Map<never, never>()
  return {
    state,
    alarms: computed(() => state.value?.alarms ?? empty),
    devices: computed(() => state.value?.devices ?? empty),
    readings: computed(() => state.value?.readings ?? empty),
    heartbeat,
    beats,
    link,
    freshness,
    pictureAt,
    recovery,
    keptAt,
    forget() {
      void pictures?.forget()
      coming = null
      state.value = keptAt.value = pictureAt.value = null
    },
    now,
    serverNow,
    onAlarm: (heard) => (alarmHeard.add(heard), () => void alarmHeard.delete(heard)),
    onSnapshot: (heard) => (snapshotHeard.add(heard), () => void snapshotHeard.delete(heard)),
    onShow: (heard) => (showHeard.add(heard), () => void showHeard.delete(heard)),
    tell: (beat) => feed.tell(beat),
  }
}

/** Copying a picture takes some milliseconds: not while alarms are being drawn. */
function whenIdle(work: () => void): void {
  if (typeof requestIdleCallback === 'function') requestIdleCallback(work, { timeout: 5_000 })
  else setTimeout(work)
}

/** Ages on the screen are differences of whole seconds, so that they agree with the clocks beside them. */
const wholeSecond = (ms: number): number => Math.floor(ms / 1000) * 1000

/** One listener that fails must not keep the alarm from the others. */
function tellAll<T>(listeners: Iterable<(told: T) => void>, told: T): void {
  for (const heard of listeners) {
    try {
      heard(told)
    } catch (error) {
      reportError(error)
    }
  }
}

/** A hidden page draws no frames; there it is simply soon. */
function beforeNextFrame(work: () => void): void {
  if (document.visibilityState === 'visible') requestAnimationFrame(work)
  else setTimeout(work)
}

// `alarm-painted` follows once the frame that shows it has been drawn.
const MARKS_KEPT = 500
let marks = 0

const markOf = ({ id, version, level, state }: Alarm) => ({ detail: { id, version, level, state } })

function markReceived(alarm: Alarm): void {
  if (marks++ % MARKS_KEPT === 0) {
    performance.clearMarks('alarm-received')
    performance.clearMarks('alarm-painted')
  }
  performance.mark('alarm-received', markOf(alarm))
}
