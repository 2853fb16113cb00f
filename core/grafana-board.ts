import type { DeviceKind } from './device-kind.ts'

/** Grafana's dashboards by the id in their address: what is generated for Grafana and what links there agree on these. */
export const grafanaBoards = {
  overview: 'watchfire-overview',
  gas: 'watchfire-gas',
  fire: 'watchfire-fire',
  fireWater: 'watchfire-fire-water',
  vehicles: 'watchfire-vehicles',
  devices: 'watchfire-devices',
  platform: 'watchfire-platform',
} as const
export type GrafanaBoard = keyof typeof grafanaBoards

const boards: Record<DeviceKind, GrafanaBoard> = {
  'gas-detector': 'gas',
  'smoke-alarm': 'fire',
  'heat-alarm': 'fire',
  'electrical-fire': 'fire',
  'fire-panel': 'fire',
  'call-point': 'fire',
  hydrant: 'fireWater',
  'water-pressure': 'fireWater',
  'tank-level': 'fireWater',
  vehicle: 'vehicles',
  weather: 'overview',
  headcount: 'overview',
  gateway: 'devices',
  other: 'overview',
}

/** The dashboard that shows what a kind of device measures. */
export const boardOf = (kind: string): string =>
  grafanaBoards[Object.hasOwn(boards, kind) ? boards[kind as DeviceKind] : 'overview']

export type BoardView = {
  board: string
  mode: string
  enterprise: string
  device: string
  /** milliseconds UTC */
  from: number
  to: number
  /** where this platform's pages are, for the way back */
  watchfire: string
}

/** The address of a dashboard at one device and time. */
export function grafanaLink(grafana: string, { board, mode, enterprise, device, from, to, watchfire }: BoardView): string {
  const asked: [string, string][] = [
    ['var-mode', mode],
    ['var-enterprise', enterprise],
    ['var-device', device],
    ['var-watchfire', watchfire],
    ['from', String(Math.floor(from))],
    ['to', String(Math.ceil(to))],
  ]
  const query = asked.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
  return `${grafana.replace(/\/+$/, '')}/d/${board}?${query}`
}
