import { computed, onScopeDispose, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { Alarm } from '../../core/alarm.ts'
import type { Heartbeat, Snapshot } from '../../core/live.ts'
import type { Mode } from '../../core/mode.ts'
import { api, ApiFailure } from '../web/api.ts'
import type { Freshness } from '../web/freshness.ts'
import { fromSnapshot, type LiveState } from '../web/live-state.ts'
import { useLive, type Live } from '../web/live.ts'
import { toLogin } from '../web/session.ts'

/** What the server answers: see dashboards/replay/question.ts. */
export type Moment = {
  at: number
  sha256: string
  readings: 'kept' | 'gone'
  downSince: number | null
  snapshot: Snapshot
}

export type Replay = {
  /** the past, as the zones of a wall see it: nothing of it moves by itself */
  live: Live
  /** the present, for the strip that stays */
  present: Live
  moment: ShallowRef<Moment | null>
  /** as it was asked for, until the server has said which moment that is */
  asked: Ref<string>
  loading: Ref<boolean>
  /** code of what went wrong, `no-change`, `at-present` */
  failure: Ref<string | null>
  playing: Ref<boolean>
  speed: Ref<number>
  /** why and in how many seconds this goes back to live by itself */
  leaving: ComputedRef<{ why: 'red' | 'duty'; inS: number } | null>
  goTo(at: string | number): void
  step(ms: number): void
  change(direction: 'next' | 'previous'): void
  toggle(): void
  faster(): void
  leave(): void
}

const SPEEDS = [1, 10, 60]
const EVERY_MS = 1_000
const AGAIN_MS = 1_000
const LEAVES_AFTER_S = 10
/** A step no longer than this forward is a picture that goes on: what changed meanwhile is told as it would have been. */
const GOES_ON_MS = 90_000

/** A wall at a moment that has passed. Each moment is asked for by itself: the same address shows the same picture. */
export function useReplay(asked: Mode | null): Replay {
  const query = new URLSearchParams(location.search)
  const present = useLive(asked === null ? {} : { mode: asked })
  const moment = shallowRef<Moment | null>(null)
  const text = ref(query.get('at') ?? '')
  const loading = ref(false)
  const failure = ref<string | null>(null)
  const playing = ref(false)
  const speed = ref(SPEEDS[0]!)
  const { live, show } = pastLive()

  let wanted = 0
  let later: ReturnType<typeof setTimeout> | undefined
  const parameters = (at: string | number) => {
    const found = new URLSearchParams({ at: String(at) })
    if (asked !== null) found.set('mode', asked)
    return found
  }
  /** The last wish counts; what was asked before it and comes later is not shown. */
  async function goTo(at: string | number): Promise<void> {
    const mine = ++wanted
    clearTimeout(later)
    text.value = String(at)
    loading.value = true
    try {
      const found = await api<Moment>('GET', `/wall?${parameters(at)}`)
      if (mine !== wanted) return
      const isNext = moment.value !== null && found.at > moment.value.at && found.at - moment.value.at <= GOES_ON_MS
      moment.value = found
      failure.value = null
      loading.value = false
      show(found, isNext)
      query.set('at', new Date(found.at).toISOString())
      history.replaceState(null, '', `?${query}`)
    } catch (error) {
      if (mine === wanted) failed(error, at)
    }
  }
  function failed(error: unknown, at: string | number): void {
    const { status, code } = error instanceof ApiFailure ? error : { status: 500, code: 'server' }
    if (status === 401) return toLogin()
    failure.value = code
    if (status === 403) leaveSoon('duty')
    // Others are before us, or the way is long, or the server is away: it goes on by itself.
    if (status === 503 || status === 0) later = setTimeout(() => void goTo(at), AGAIN_MS)
    else {
      loading.value = playing.value = false
    }
  }

  function step(ms: number): void {
    playing.value = false
    const from = moment.value?.at
    if (from !== undefined) void goTo(Math.min(from + ms, Math.floor(present.serverNow()) - 1))
  }
  async function change(direction: 'next' | 'previous'): Promise<void> {
    playing.value = false
    const from = moment.value?.at
    if (from === undefined) return
    const mine = ++wanted
    loading.value = true
    try {
      const { at } = await api<{ at: number | null }>('GET', `/wall/change?${parameters(from)}&direction=${direction}`)
      if (mine !== wanted) return
      if (at !== null) return await goTo(at)
      failure.value = 'no-change'
      loading.value = false
    } catch (error) {
      if (mine === wanted) failed(error, from)
    }
  }

  let from = { at: 0, since: 0 }
  const start = () => (from = { at: moment.value?.at ?? 0, since: performance.now() })
  const timer = setInterval(() => {
    if (!playing.value || loading.value || moment.value === null) return
    const at = Math.floor(from.at + (performance.now() - from.since) * speed.value)
    if (at < present.serverNow()) return void goTo(at)
    playing.value = false
    failure.value = 'at-present'
  }, EVERY_MS)

  const goes = ref<{ why: 'red' | 'duty'; at: number } | null>(null)
  const leave = () => {
    query.delete('at')
    location.assign(`${location.pathname}${query.size > 0 ? `?${query}` : ''}`)
  }
  function leaveSoon(why: 'red' | 'duty'): void {
    if (goes.value !== null) return
    goes.value = { why, at: performance.now() + LEAVES_AFTER_S * 1000 }
  }
  const inS = ref(0)
  const counting = setInterval(() => {
    if (goes.value === null) return
    inS.value = Math.max(0, Math.ceil((goes.value.at - performance.now()) / 1000))
    if (inS.value === 0) leave()
  }, 200)

  const reds = new Set<string>()
  const redOf = ({ id, occurrences }: Alarm) => `${id} ${occurrences}`
  const isRed = ({ level, state }: Alarm) => level === 'red' && state === 'active'
  present.onSnapshot(({ alarms }) => alarms.filter(isRed).forEach((alarm) => reds.add(redOf(alarm))))
  present.onAlarm((alarm) => {
    if (!isRed(alarm) || reds.has(redOf(alarm))) return
    reds.add(redOf(alarm))
    leaveSoon('red')
  })
  onScopeDispose(() => {
    wanted++
    clearTimeout(later)
    clearInterval(timer)
    clearInterval(counting)
  })
  void goTo(text.value)

  return {
    live,
    present,
    moment,
    asked: text,
    loading,
    failure,
    playing,
    speed,
    leaving: computed(() => goes.value && { why: goes.value.why, inS: inS.value === 0 ? LEAVES_AFTER_S : inS.value }),
    goTo(at) {
      playing.value = false
      void goTo(at)
    },
    step,
    change: (direction) => void change(direction),
    toggle() {
      playing.value = !playing.value && moment.value !== null
      start()
    },
    faster() {
      speed.value = SPEEDS[(SPEEDS.indexOf(speed.value) + 1) % SPEEDS.length]!
      start()
    },
    leave,
  }
}

/** What a page's feed is to its zones, standing still at a moment. */
function pastLive(): { live: Live; show: (moment: Moment, isNext: boolean) => void } {
  const state = shallowRef<LiveState | null>(null)
  const heartbeat = shallowRef<Heartbeat | null>(null)
  const freshness = ref<Freshness>('waiting')
  const now = ref(Date.now())
  const alarmHeard = new Set<(alarm: Alarm) => void>()
  const snapshotHeard = new Set<(snapshot: Snapshot) => void>()
  let standsAt = now.value
  const empty = new Map<never, never>()

  function show({ at, snapshot, readings }: Moment, isNext: boolean): void {
    const before = state.value?.alarms
    const gone = readings === 'gone'
    // Nothing is known of values and links then, and nothing is said of them.
    const known = gone
      ? { ...snapshot, devices: snapshot.devices.map((one) => ({ ...one, faults: [] })), readings: [] }
      : snapshot
    // Another moment is another picture: whoever keeps something by its epoch asks again.
    const next = fromSnapshot({ ...known, epoch: `replay ${at}` })
    const lastAt = Math.max(0, ...snapshot.devices.map(({ lastReceivedAt }) => lastReceivedAt ?? 0))
    standsAt = at
    now.value = Math.floor(at / 1000) * 1000
    heartbeat.value = { seq: 0, serverTs: at, lastIngestTs: lastAt || null, ingestRate: 0 }
    freshness.value = 'past'
    state.value = next
    if (isNext) {
      for (const alarm of next.alarms.values()) {
        if (before?.get(alarm.id)?.version !== alarm.version) for (const heard of alarmHeard) heard(alarm)
      }
    } else for (const heard of snapshotHeard) heard(snapshot)
  }

  const live: Live = {
    state,
    alarms: computed(() => state.value?.alarms ?? empty),
    devices: computed(() => state.value?.devices ?? empty),
    readings: computed(() => state.value?.readings ?? empty),
    heartbeat,
    beats: ref(0),
    link: shallowRef({ connected: true, attempt: 0, reason: null }),
    freshness,
    pictureAt: ref(null),
    recovery: shallowRef(null),
    keptAt: ref(null),
    forget: () => (state.value = null),
    now,
    serverNow: () => standsAt,
    onAlarm: (heard) => (alarmHeard.add(heard), () => void alarmHeard.delete(heard)),
    onSnapshot: (heard) => (snapshotHeard.add(heard), () => void snapshotHeard.delete(heard)),
    onShow: () => () => undefined,
    tell: () => undefined,
  }
  return { live, show }
}
