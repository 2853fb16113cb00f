import { levelColours } from '../limits.ts'
import { board } from '../board.ts'
import { both, lines, numbers } from '../panels.ts'
import type { Board, PrometheusTarget } from '../schema.ts'
import { metricsSource } from '../sources.ts'

const asked = (refId: string, expr: string, legendFormat: string): PrometheusTarget => ({
  refId,
  datasource: metricsSource,
  expr,
  legendFormat,
  editorMode: 'code',
  range: true,
})
const now = (refId: string, expr: string, legendFormat: string): PrometheusTarget => ({
  ...asked(refId, expr, legendFormat),
  range: false,
  instant: true,
})
const perSecond = (metric: string) => `rate(${metric}[$__rate_interval])`
const p = { prometheus: true as const }

/** The platform itself, from what it publishes at /metrics. */
export const platform: Board = board({
  board: 'platform',
  title: both('烽燧 平台健康', 'Watchfire platform health'),
  description: both('平台自身的指标（/metrics）', 'What the platform says of itself at /metrics'),
  kinds: null,
  from: 'now-3h',
  panels: [
    numbers({
      ...p,
      title: both('状态不正常的部分', 'Parts that are not well'),
      w: 12,
      targets: [
        now('A', 'sum by (part) (watchfire_part_state{state!="ok"}) or (0 * sum by (part) (watchfire_part_state))', '{{part}}'),
      ],
      thresholds: {
        mode: 'absolute',
        steps: [
          { value: null, color: 'transparent' },
          { value: 1, color: levelColours.red },
        ],
      },
    }),
    numbers({
      ...p,
      title: both('此刻', 'Now'),
      w: 12,
      targets: [
        now('A', 'sum(watchfire_alarms_open)', both('未结束报警', 'open alarms')),
        now('B', 'sum(watchfire_gateway_devices_connected)', both('在线设备', 'devices connected')),
        now('C', 'sum(watchfire_feed_clients)', both('大屏与值班台', 'walls and desks')),
      ],
    }),
    lines({
      ...p,
      title: both('接入速率', 'Taken in per second'),
      unit: 'ops',
      targets: [
        asked('A', perSecond('watchfire_gateway_messages_total'), both('报文', 'messages')),
        asked('B', perSecond('watchfire_gateway_readings_total'), both('读数', 'readings')),
        asked('C', perSecond('watchfire_gateway_quarantined_total'), both('隔离', 'quarantined')),
      ],
    }),
    lines({
      ...p,
      title: both('落盘耗时（每组平均）', 'Disk flush, mean of a group'),
      unit: 's',
      targets: [
        asked(
          'A',
          `${perSecond('watchfire_journal_flush_seconds_total')} / ${perSecond('watchfire_journal_groups_total')}`,
          both('落盘', 'flush'),
        ),
      ],
    }),
    lines({
      ...p,
      title: both('落后于日志的条数', 'Behind the journal, positions'),
      unit: 'short',
      min: 0,
      targets: [
        asked('A', 'watchfire_history_behind_positions', both('历史库', 'history')),
        asked('B', 'watchfire_alerts_behind', both('报警引擎', 'alarm engine')),
        asked('C', 'watchfire_journal_slowest_reader_behind', both('最慢的读者', 'slowest reader')),
      ],
    }),
    lines({
      ...p,
      title: both('InfluxDB 落后', 'InfluxDB behind'),
      description: both('未用 InfluxDB 时无数据', 'Empty where history is not kept in InfluxDB'),
      unit: 's',
      min: 0,
      targets: [asked('A', 'watchfire_outbox_lag_seconds', both('落后时间', 'behind'))],
    }),
    lines({
      ...p,
      title: both('写入 InfluxDB', 'Written to InfluxDB'),
      unit: 'ops',
      targets: [
        asked('A', perSecond('watchfire_outbox_sent_total'), both('读数', 'readings')),
        asked('B', perSecond('watchfire_outbox_failures_total'), both('失败的请求', 'failed requests')),
        asked('C', perSecond('watchfire_outbox_quarantined_total'), both('被拒收的读数', 'refused readings')),
      ],
    }),
    lines({
      ...p,
      title: both('等待确认的数据', 'Waiting to be acknowledged'),
      unit: 'bytes',
      min: 0,
      targets: [
        asked('A', 'watchfire_gateway_pending_bytes', both('接入', 'gateway')),
        asked('B', 'watchfire_journal_pending_bytes', both('日志', 'journal')),
      ],
    }),
    lines({
      ...p,
      title: both('磁盘占用', 'Disk in use'),
      unit: 'bytes',
      min: 0,
      targets: [
        asked('A', 'watchfire_journal_bytes', both('日志', 'journal')),
        asked('B', 'watchfire_history_bytes', both('历史库', 'history')),
      ],
    }),
    lines({
      ...p,
      title: both('拒绝与异常', 'Refused and failed'),
      unit: 'ops',
      targets: [
        asked('A', perSecond('watchfire_gateway_refused_logins_total'), both('拒绝登录', 'refused logins')),
        asked('B', perSecond('watchfire_gateway_protocol_errors_total'), both('协议错误', 'protocol errors')),
        asked('C', perSecond('watchfire_journal_disk_failures_total'), both('磁盘失败', 'disk failures')),
        asked('D', perSecond('watchfire_history_conflicts_total'), both('重传冲突', 'conflicting resends')),
      ],
    }),
    lines({
      ...p,
      title: both('网页与接口应答 p95', 'HTTP answers, p95'),
      unit: 's',
      targets: [
        asked('A', `histogram_quantile(0.95, sum by (le) (${perSecond('watchfire_http_answer_seconds_bucket')}))`, 'p95'),
      ],
    }),
    lines({
      ...p,
      title: both('事件循环延迟 p99', 'Event loop delay, p99'),
      unit: 's',
      targets: [asked('A', 'nodejs_eventloop_lag_p99_seconds', 'p99')],
    }),
    lines({
      ...p,
      title: both('内存', 'Memory'),
      unit: 'bytes',
      min: 0,
      targets: [
        asked('A', 'process_resident_memory_bytes', both('常驻', 'resident')),
        asked('B', 'nodejs_heap_size_used_bytes', both('堆', 'heap')),
      ],
    }),
    lines({
      ...p,
      title: both('处理器', 'CPU'),
      unit: 'percentunit',
      min: 0,
      targets: [asked('A', perSecond('process_cpu_seconds_total'), both('核数', 'cores'))],
    }),
  ],
})
