import type { Alarm } from '../../core/alarm.ts'
import type { LiveDevice, LiveReading } from '../../core/live.ts'
import { splitChannel } from '../../core/metrics.ts'
import { worstByDevice } from '../web/alarm-order.ts'

/** The five things one picture of an enterprise shows. */
export const panels = ['hazards', 'gas', 'zones', 'people', 'production'] as const
export type PanelName = (typeof panels)[number]
export type PointPanel = Exclude<PanelName, 'zones'>

/** Which metrics belong to which panel. A kind of device says it too: a detector that never sent is connected, and silent. */
const metricsOf: Record<PointPanel, readonly string[]> = {
  hazards: ['levelM', 'fillPct', 'stockPct', 'temperatureC', 'pressureMpa', 'flowLps', 'diffPressurePa'],
  gas: ['combustibleLel', 'toxicPpm', 'oxygenVol'],
  people: ['headcount'],
  production: ['running'],
}
const kindsOf: Record<PointPanel, readonly string[]> = {
  hazards: ['tank-level'],
  gas: ['gas-detector'],
  people: ['headcount'],
  production: [],
}
/** What fire water and weather measure is not a hazard source, though the units are the same. */
const notHazards = new Set(['hydrant', 'water-pressure', 'weather', 'electrical-fire', 'heat-alarm', 'smoke-alarm', 'vehicle'])

export type Point = {
  device: LiveDevice
  metric: string | null
  reading: LiveReading | null
  alarm: Alarm | null
  /** heard in time: only then does its value count */
  heard: boolean
}

/**
 * The points of a panel, what alarms first, then what is silent. Empty means that nothing is connected, which is shown as such and never
 * as calm.
 */
export function pointsOf(
  panel: PointPanel,
  devices: Iterable<LiveDevice>,
  readings: ReadonlyMap<string, ReadonlyMap<string, LiveReading>>,
  alarms: Iterable<Alarm>,
): Point[] {
  const worst = worstByDevice(alarms)
  const found: Point[] = []
  for (const device of devices) {
    if (panel === 'hazards' && notHazards.has(device.kind)) continue
    const heard = device.state === 'online'
    const alarm = worst.get(device.id) ?? null
    const own = [...(readings.get(device.id)?.values() ?? [])].filter(([, metric]) =>
      metricsOf[panel].includes(splitChannel(metric).metric),
    )
    for (const reading of own) found.push({ device, metric: reading[1], reading, alarm, heard })
    if (own.length === 0 && kindsOf[panel].includes(device.kind))
      found.push({ device, metric: null, reading: null, alarm, heard: false })
  }
  return found.sort(
    (a, b) =>
      Number(b.alarm !== null) - Number(a.alarm !== null) ||
      Number(a.heard) - Number(b.heard) ||
      a.device.name.localeCompare(b.device.name, 'zh-CN', { numeric: true }) ||
      (a.metric ?? '').localeCompare(b.metric ?? ''),
  )
}

/** `missing`: nothing is connected; `silent`: something is, and none of it is heard. */
export type Connection = { state: 'missing' | 'silent' | 'partial' | 'connected'; all: number; online: number }
export function connectionOf(points: readonly Point[]): Connection {
  const devices = new Map(points.map(({ device }) => [device.id, false]))
  for (const { device, heard } of points) if (heard) devices.set(device.id, true)
  const online = [...devices.values()].filter(Boolean).length
  const all = devices.size
  return { state: all === 0 ? 'missing' : online === 0 ? 'silent' : online < all ? 'partial' : 'connected', all, online }
}

/** How many persons are known to be there; those of silent counters are not among them. */
export function persons(points: readonly Point[]): { known: number; silent: number } {
  let known = 0
  let silent = 0
  for (const { heard, reading } of points) {
    if (heard && reading) known += reading[2]
    else silent++
  }
  return { known, silent }
}
