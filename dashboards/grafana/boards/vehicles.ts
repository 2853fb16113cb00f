import { board } from '../board.ts'
import { lastPositions, newest, quality, readings, track } from '../influxql.ts'
import { both, flagTimeline, map, metricLines, newestTable, qualityTimeline } from '../panels.ts'
import type { Board } from '../schema.ts'

const kinds = ['vehicle']
const interval = '60s'

export const vehicles: Board = board({
  board: 'vehicles',
  title: both('烽燧 危化品车辆', 'Watchfire hazmat vehicles'),
  description: both('位置为 WGS-84；底图由部署方选择', 'Positions are WGS-84; the deployment chooses the base map'),
  kinds,
  from: 'now-1h',
  panels: [
    map({
      title: both('车辆位置与轨迹', 'Where they are and came from'),
      description: both('WGS-84 坐标；可疑以上质量的定位', 'WGS-84; fixes that are not bad'),
      positions: lastPositions('A'),
      track: track('B'),
    }),
    metricLines('speedKmh', kinds, { interval, targets: [readings('A', { metric: 'speedKmh', worst: 'max', kinds })] }),
    newestTable('speedKmh', kinds, { targets: [newest('A', 'speedKmh', kinds)] }),
    metricLines('mileageKm', kinds, { interval, targets: [readings('A', { metric: 'mileageKm', worst: 'max', kinds })] }),
    flagTimeline('sos', { interval, targets: [readings('A', { metric: 'sos', worst: 'max', kinds })] }),
    qualityTimeline({
      title: both('数据质量：定位', 'Data quality: position'),
      description: both('空白处没有数据', 'A hole means that nothing came'),
      w: 24,
      interval,
      targets: [quality('A', 'latitude', kinds)],
    }),
  ],
})
