import { board } from '../board.ts'
import { badReadings, devicesHeard, readingCount, readings } from '../influxql.ts'
import { both, flagTimeline, lines, metricLines, numbers } from '../panels.ts'
import type { Board } from '../schema.ts'

/** What the whole area reads: the worst of each enterprise, what is heard and what is unusable. */
export const overview: Board = board({
  board: 'overview',
  title: both('烽燧 总览', 'Watchfire overview'),
  description: both('各单位最不利读数、在线设备与无效数据', "Each enterprise's worst readings, what is heard, what is unusable"),
  kinds: [],
  panels: [
    numbers({
      title: both('有可用数据的设备（所选时段内）', 'Devices with a usable reading in the time shown'),
      targets: [
        devicesHeard('A', 'combustibleLel', both('可燃气体', 'Combustible gas')),
        devicesHeard('B', 'toxicPpm', both('有毒气体', 'Toxic gas')),
        devicesHeard('C', 'oxygenVol', both('氧气', 'Oxygen')),
        devicesHeard('D', 'smokeObscuration', both('烟感', 'Smoke alarms')),
        devicesHeard('E', 'pressureMpa', both('消防水压', 'Fire water')),
        devicesHeard('F', 'latitude', both('车辆', 'Vehicles')),
      ],
    }),
    metricLines('combustibleLel', [], {
      interval: '20s',
      targets: [readings('A', { metric: 'combustibleLel', worst: 'max', by: 'enterprise' })],
    }),
    metricLines('oxygenVol', [], {
      interval: '20s',
      description: both('每段时间的最低和最高', 'Lowest and highest of each interval'),
      targets: [
        readings('A', { metric: 'oxygenVol', worst: 'min', by: 'enterprise', called: both('最低', 'lowest') }),
        readings('B', { metric: 'oxygenVol', worst: 'max', by: 'enterprise', called: both('最高', 'highest') }),
      ],
    }),
    metricLines('pressureMpa', ['hydrant'], {
      title: both('消火栓压力', 'Pressure of hydrants'),
      interval: '600s',
      targets: [readings('A', { metric: 'pressureMpa', worst: 'min', by: 'enterprise', kinds: ['hydrant'] })],
    }),
    flagTimeline('fireAlarm', {
      interval: '600s',
      targets: [readings('A', { metric: 'fireAlarm', worst: 'max', by: 'enterprise' })],
    }),
    lines({
      title: both('收到的读数', 'Readings received'),
      description: both('落到 0 就是没有数据', 'Nought means that nothing came'),
      unit: 'short',
      interval: '600s',
      targets: [
        readingCount('A', 'combustibleLel', both('可燃气体', 'Combustible gas')),
        readingCount('B', 'smokeObscuration', both('烟雾', 'Smoke')),
        readingCount('C', 'pressureMpa', both('压力', 'Pressure')),
        readingCount('D', 'latitude', both('车辆位置', 'Positions')),
      ],
    }),
    lines({
      title: both('无效读数', 'Bad readings'),
      description: both('无效读数不画成曲线，只在这里计数', 'Bad readings are drawn nowhere; they are counted here'),
      unit: 'short',
      interval: '60s',
      targets: [
        badReadings('A', 'combustibleLel', both('可燃气体', 'Combustible gas')),
        badReadings('B', 'toxicPpm', both('有毒气体', 'Toxic gas')),
        badReadings('C', 'oxygenVol', both('氧气', 'Oxygen')),
        badReadings('D', 'smokeObscuration', both('烟雾', 'Smoke')),
        badReadings('E', 'pressureMpa', both('压力', 'Pressure')),
      ],
    }),
  ],
})
