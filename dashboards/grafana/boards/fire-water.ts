import { board } from '../board.ts'
import { newest, quality, readings } from '../influxql.ts'
import { both, flagTimeline, metricLines, newestTable, qualityTimeline } from '../panels.ts'
import type { Board } from '../schema.ts'

const kinds = ['hydrant', 'water-pressure', 'tank-level']
/** Limits of pressure differ between these. */
const hydrants = ['hydrant']
const mains = ['water-pressure']
const interval = '600s'

export const fireWater: Board = board({
  board: 'fireWater',
  title: both('烽燧 消防水', 'Watchfire fire water'),
  description: both('消火栓与管网压力、流量、水池液位', 'Pressure of hydrants and mains, flow, level of tanks'),
  kinds,
  from: 'now-24h',
  panels: [
    metricLines('pressureMpa', hydrants, {
      w: 16,
      h: 10,
      interval,
      title: both('室外消火栓压力', 'Pressure of hydrants'),
      description: both('每段时间的最低压力', 'The lowest of each interval'),
      targets: [readings('A', { metric: 'pressureMpa', worst: 'min', kinds: hydrants })],
    }),
    newestTable('pressureMpa', hydrants, { w: 8, h: 10, targets: [newest('A', 'pressureMpa', hydrants)] }),
    metricLines('pressureMpa', mains, {
      interval,
      title: both('室内管网静压', 'Static pressure of mains indoors'),
      description: both('每段时间的最低压力', 'The lowest of each interval'),
      targets: [readings('A', { metric: 'pressureMpa', worst: 'min', kinds: mains })],
    }),
    metricLines('pressureMpa#dynamic', kinds, {
      interval,
      title: both('动压', 'Dynamic pressure'),
      description: both('每段时间的最低压力', 'The lowest of each interval'),
      targets: [readings('A', { metric: 'pressureMpa#dynamic', worst: 'min', kinds })],
    }),
    metricLines('flowLps', kinds, { interval, targets: [readings('A', { metric: 'flowLps', worst: 'max', kinds })] }),
    metricLines('levelM', kinds, {
      interval,
      description: both('每段时间的最低液位', 'The lowest of each interval'),
      targets: [readings('A', { metric: 'levelM', worst: 'min', kinds })],
    }),
    flagTimeline('capOpen', { interval: '3600s', targets: [readings('A', { metric: 'capOpen', worst: 'max', kinds })] }),
    flagTimeline('valveClosed', { interval, targets: [readings('A', { metric: 'valveClosed', worst: 'max', kinds })] }),
    metricLines('fillPct#fire', kinds, {
      interval,
      title: both('消防水池充满度', 'Fill of fire water tanks'),
      description: both('每段时间的最低充满度', 'The lowest of each interval'),
      targets: [readings('A', { metric: 'fillPct#fire', worst: 'min', kinds })],
    }),
    flagTimeline('discharging', { interval, targets: [readings('A', { metric: 'discharging', worst: 'max', kinds })] }),
    flagTimeline('running', { interval, targets: [readings('A', { metric: 'running', worst: 'max', kinds })] }),
    flagTimeline('powerLost', { interval, targets: [readings('A', { metric: 'powerLost', worst: 'max', kinds })] }),
    qualityTimeline({
      title: both('数据质量：压力', 'Data quality: pressure'),
      description: both('空白处没有数据', 'A hole means that nothing came'),
      w: 24,
      interval,
      targets: [quality('A', 'pressureMpa', kinds)],
    }),
  ],
})
