import { board } from '../board.ts'
import { newest, readings } from '../influxql.ts'
import { both, flagTimeline, metricLines, newestTable } from '../panels.ts'
import type { Board } from '../schema.ts'

/** A device says how it is at least every hour. */
const interval = '3600s'

export const devices: Board = board({
  board: 'devices',
  title: both('烽燧 设备健康', 'Watchfire device health'),
  description: both('电量、信号、故障、防拆与旁路', 'Battery, signal, faults, tampering, bypasses'),
  kinds: [],
  from: 'now-24h',
  panels: [
    metricLines('batteryPct', [], {
      interval,
      description: both('每段时间的最低电量', 'The lowest of each interval'),
      targets: [readings('A', { metric: 'batteryPct', worst: 'min' })],
    }),
    newestTable('batteryPct', [], { targets: [newest('A', 'batteryPct')] }),
    metricLines('signalDbm', [], {
      interval: '600s',
      description: both('每段时间的最弱信号', 'The weakest of each interval'),
      targets: [readings('A', { metric: 'signalDbm', worst: 'min' })],
    }),
    newestTable('signalDbm', [], { targets: [newest('A', 'signalDbm')] }),
    flagTimeline('fault', { interval, targets: [readings('A', { metric: 'fault', worst: 'max' })] }),
    flagTimeline('tamper', { interval, targets: [readings('A', { metric: 'tamper', worst: 'max' })] }),
    flagTimeline('bypassed', { interval, targets: [readings('A', { metric: 'bypassed', worst: 'max' })] }),
    flagTimeline('inService', { interval, targets: [readings('A', { metric: 'inService', worst: 'min' })] }),
    ...(['powerLost', 'backupFault', 'coverOpen', 'settingChanged', 'calibrationOverdue'] as const).map((metric) =>
      flagTimeline(metric, { w: 8, interval, targets: [readings('A', { metric, worst: 'max' })] }),
    ),
    metricLines('tiltDeg', ['hydrant'], {
      w: 8,
      interval,
      title: both('消火栓倾角', 'Tilt of hydrants'),
      targets: [readings('A', { metric: 'tiltDeg', worst: 'max', kinds: ['hydrant'] })],
    }),
  ],
})
