import { metrics } from '../../../core/metrics.ts'
import { board } from '../board.ts'
import { channelReadings, newest, quality, readings } from '../influxql.ts'
import { both, flagTimeline, lines, metricLines, newestTable, qualityTimeline } from '../panels.ts'
import type { Board, Variable } from '../schema.ts'
import { historySource } from '../sources.ts'

const kinds = ['gas-detector']
const interval = '20s'

/** Detectors with several channels send `toxicPpm#h2s`, `toxicPpm#co`, …: one panel each. */
const channel: Variable = {
  type: 'query',
  name: 'channel',
  label: both('有毒气体通道', 'Toxic gas channel'),
  datasource: historySource,
  query: 'SHOW FIELD KEYS FROM "gas"',
  regex: '/^(toxicPpm(?:#.+)?)_q$/',
  refresh: 1,
  sort: 7,
  multi: true,
  includeAll: true,
  current: { selected: true, text: ['All'], value: ['$__all'] },
}

export const gas: Board = board({
  board: 'gas',
  title: both('烽燧 气体', 'Watchfire gas plant'),
  description: both(
    '可燃、有毒气体与氧气；限值线为随平台发布的限值',
    'Combustible, toxic, oxygen; the bands are the limits that ship',
  ),
  kinds,
  variables: [channel],
  from: 'now-1h',
  panels: [
    metricLines('combustibleLel', kinds, {
      w: 16,
      h: 10,
      interval,
      targets: [readings('A', { metric: 'combustibleLel', worst: 'max', kinds })],
    }),
    newestTable('combustibleLel', kinds, { w: 8, h: 10, targets: [newest('A', 'combustibleLel', kinds)] }),
    {
      ...lines({
        title: `${both('有毒气体', 'Toxic gas')} $channel`,
        description: both('限值因气体而异，见报警详情', 'The limit depends on the gas: the alarm names it'),
        unit: `suffix: ${metrics.toxicPpm.unit}`,
        digits: metrics.toxicPpm.digits,
        interval,
        w: 12,
        targets: [channelReadings('A', 'toxicPpm', 'max')],
      }),
      repeat: 'channel',
      repeatDirection: 'h',
      maxPerRow: 2,
    },
    metricLines('oxygenVol', kinds, {
      interval,
      description: both('每段时间的最低和最高', 'Lowest and highest of each interval'),
      targets: [
        readings('A', { metric: 'oxygenVol', worst: 'min', kinds, called: both('最低', 'lowest') }),
        readings('B', { metric: 'oxygenVol', worst: 'max', kinds, called: both('最高', 'highest') }),
      ],
    }),
    newestTable('oxygenVol', kinds, { targets: [newest('A', 'oxygenVol', kinds)] }),
    flagTimeline('alarmH', { interval, targets: [readings('A', { metric: 'alarmH', worst: 'max', kinds })] }),
    flagTimeline('alarmHh', { interval, targets: [readings('A', { metric: 'alarmHh', worst: 'max', kinds })] }),
    qualityTimeline({
      title: both('数据质量：可燃、有毒、氧气', 'Data quality: combustible, toxic, oxygen'),
      description: both('空白处没有数据', 'A hole means that nothing came'),
      w: 24,
      interval,
      targets: [quality('A', 'combustibleLel', kinds), quality('B', 'toxicPpm', kinds), quality('C', 'oxygenVol', kinds)],
    }),
  ],
})
