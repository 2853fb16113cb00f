import { board } from '../board.ts'
import { newest, quality, readings } from '../influxql.ts'
import { both, flagTimeline, metricLines, newestTable, qualityTimeline } from '../panels.ts'
import type { Board } from '../schema.ts'

const kinds = ['smoke-alarm', 'heat-alarm', 'electrical-fire', 'fire-panel', 'call-point']
/** Limits of temperature differ between these. */
const heat = ['heat-alarm', 'smoke-alarm']
const electrical = ['electrical-fire']
/** Battery-powered alarms report every few minutes. */
const interval = '600s'

export const fire: Board = board({
  board: 'fire',
  title: both('烽燧 火灾报警', 'Watchfire fire alarms'),
  description: both('感烟感温、电气火灾与火警信号', 'Smoke, heat, electrical fire and fire signals'),
  kinds,
  panels: [
    flagTimeline('fireAlarm', { w: 24, h: 10, interval, targets: [readings('A', { metric: 'fireAlarm', worst: 'max', kinds })] }),
    metricLines('smokeObscuration', kinds, {
      interval,
      targets: [readings('A', { metric: 'smokeObscuration', worst: 'max', kinds })],
    }),
    newestTable('smokeObscuration', kinds, { targets: [newest('A', 'smokeObscuration', kinds)] }),
    metricLines('temperatureC', heat, {
      title: both('感温报警器温度', 'Temperature at heat alarms'),
      interval,
      targets: [readings('A', { metric: 'temperatureC', worst: 'max', kinds: heat })],
    }),
    metricLines('temperatureC', electrical, {
      title: both('电缆温度', 'Temperature of cables'),
      interval,
      targets: [readings('A', { metric: 'temperatureC', worst: 'max', kinds: electrical })],
    }),
    metricLines('residualCurrentMa', electrical, {
      interval,
      targets: [readings('A', { metric: 'residualCurrentMa', worst: 'max', kinds: electrical })],
    }),
    flagTimeline('preAlarm', { interval, targets: [readings('A', { metric: 'preAlarm', worst: 'max', kinds })] }),
    flagTimeline('arcFault', { interval, targets: [readings('A', { metric: 'arcFault', worst: 'max', kinds })] }),
    qualityTimeline({
      title: both('数据质量：烟雾、火警', 'Data quality: smoke, fire signals'),
      description: both('空白处没有数据', 'A hole means that nothing came'),
      w: 24,
      interval,
      targets: [quality('A', 'smokeObscuration', kinds), quality('B', 'fireAlarm', kinds)],
    }),
  ],
})
