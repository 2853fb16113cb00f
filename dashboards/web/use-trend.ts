import { computed, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue'
import type { Alarm } from '../../core/alarm.ts'
import { isBad } from '../../core/quality.ts'
import type { Rule } from '../../core/rule.ts'
import { api, failureText } from './api.ts'
import type { Live } from './live.ts'
import { joinPoints, type TrendLimit, type TrendPoint } from './trend.ts'

export type TrendSubject = { device: string; metric: string; from: number; to: number }
export type TrendData = {
  points: ComputedRef<TrendPoint[]>
  loading: ShallowRef<boolean>
  failure: ShallowRef<string | null>
  /** seconds until the history is asked for again after a failure are the caller's business: this does it at once */
  reload(): void
}

type Answer = { series: { device: string; metric: string; points: [number, number, string?, string?][] }[]; next?: string }
const LIVE_KEPT = 6_000
const AGAIN_MS = 10_000

/** The readings of one point: history by HTTP, the newest from the feed. Bad readings are not drawn: they are not values. */
export function useTrend(live: Live, subject: ComputedRef<TrendSubject | null>, windowMs: number | null): TrendData {
  const history = shallowRef<TrendPoint[]>([])
  const fresh = shallowRef<TrendPoint[]>([])
  const loading = shallowRef(false)
  const failure = shallowRef<string | null>(null)
  let asked = 0
  let drawn = ''

  const key = computed(() => (subject.value ? `${subject.value.device}\n${subject.value.metric}\n${subject.value.from}` : ''))

  async function load(): Promise<void> {
    const mine = ++asked
    const now = subject.value
    // From one moment of the past to the next the line of the same point stays until its own comes.
    if (live.freshness.value !== 'past' || `${now?.device}\n${now?.metric}` !== drawn) history.value = []
    drawn = `${now?.device}\n${now?.metric}`
    fresh.value = []
    failure.value = null
    loading.value = now !== null
    if (!now) return
    const mode = live.state.value?.mode
    const query = new URLSearchParams({
      device: now.device,
      metric: now.metric,
      from: String(Math.floor(now.from)),
      to: String(Math.ceil(now.to)),
      quality: '1',
      ...(mode ? { mode } : {}),
    })
    try {
      const { series } = await api<Answer>('GET', `/readings?${query}`)
      if (mine !== asked) return
      history.value = (series[0]?.points ?? []).filter(([, , quality]) => quality !== 'bad').map(([at, value]) => [at, value])
    } catch (error) {
      if (mine !== asked) return
      failure.value = failureText(error)
      setTimeout(() => mine === asked && void load(), AGAIN_MS)
    } finally {
      if (mine === asked) loading.value = false
    }
  }

  watch(key, () => void load(), { immediate: true })
  watch(
    () => (subject.value ? live.readings.value.get(subject.value.device)?.get(subject.value.metric) : undefined),
    (reading) => {
      if (reading && !isBad(reading[5]) && live.freshness.value !== 'past')
        fresh.value = [...fresh.value.slice(-LIVE_KEPT), [reading[3], reading[2]]]
    },
  )

  const points = computed(() => {
    const now = subject.value
    if (!now) return []
    const from = windowMs === null ? now.from : live.now.value - windowMs
    return joinPoints(history.value, fresh.value, from)
  })
  return { points, loading, failure, reload: () => void load() }
}

type LimitOption = { name: string; above?: number; below?: number; level: string }

/** All limits of the alarm's rule, so that the next one up is seen too; the alarm's own limit when the rule cannot be read. */
export function useLimits(alarm: ComputedRef<Alarm | null>): ComputedRef<TrendLimit[]> {
  const rules = shallowRef<ReadonlyMap<string, Rule>>(new Map())
  watch(
    () => (alarm.value ? `${alarm.value.ruleId}@${alarm.value.ruleVersion}` : ''),
    async (key) => {
      if (key === '') return
      try {
        const answer = await api<{ rules: Rule[] }>('GET', '/rules')
        rules.value = new Map(answer.rules.map((rule) => [`${rule.id}@${rule.version}`, rule]))
      } catch {
        rules.value = new Map() // the alarm's own limit is still drawn
      }
    },
    { immediate: true },
  )
  return computed(() => {
    const now = alarm.value
    // The limit of an alarm without a metric is a number of devices or of minutes, not one of the value drawn.
    if (!now || now.metric === null) return []
    const own: TrendLimit[] = now.limit === null ? [] : [{ value: now.limit, name: now.limitName ?? '', level: now.level }]
    // A rule that has moved on since is not what judged this alarm: draw only what the alarm itself names.
    const options = rules.value.get(`${now.ruleId}@${now.ruleVersion}`)?.['limits'] as LimitOption[] | undefined
    if (!Array.isArray(options)) return own
    const all = options.flatMap(({ name, above, below, level }) => {
      const value = above ?? below
      return typeof value === 'number' ? [{ value, name, level }] : []
    })
    return [...all, ...own.filter((one) => !all.some(({ value }) => value === one.value))]
  })
}
