/** What is not as it should be with a part, in both languages. What stands in braces is put in; it may be words of the system itself. */
export const partWords = {
  'journal-stopped': { zh: '无法确认任何数据：{reason}', en: 'nothing can be acknowledged: {reason}' },
  'journal-damaged': {
    zh: '日志损坏：{file} 第 {offset} 字节起跳过 {bytes} 字节',
    en: 'journal damaged: {file} at byte {offset}, {bytes} bytes skipped',
  },
  'clock-stepped-back': { zh: '本机时钟倒退了 {s} 秒', en: "the machine's clock stepped back by {s} s" },
  'journal-over-full': {
    zh: '日志超出限定大小：读取者 {reader} 尚未跟上',
    en: 'the journal is over its size because reader {reader} has not caught up',
  },
  'gateway-waiting': {
    zh: '等待磁盘：设备保持连接，数据暂不确认',
    en: 'waiting for the disk: devices are kept connected and un-acknowledged',
  },
  'history-unwritable': { zh: '历史数据无法写入：{reason}', en: 'history cannot be written: {reason}' },
  'influx-refuses': {
    zh: 'InfluxDB 拒绝平台，需要人工检查：{reason}；落后约 {rows} 条读数、{time}，没有丢失',
    en: 'InfluxDB refuses the platform, somebody has to look: {reason}; about {rows} readings, {time} behind, nothing is lost',
  },
  'influx-unreachable': {
    zh: 'InfluxDB 不接收读数：{reason}；落后约 {rows} 条读数、{time}，没有丢失',
    en: 'InfluxDB takes no readings: {reason}; about {rows} readings, {time} behind, nothing is lost',
  },
  'influx-behind': {
    zh: 'InfluxDB 落后约 {rows} 条读数、{time}，没有丢失',
    en: 'InfluxDB is about {rows} readings, {time} behind, nothing is lost',
  },
  'influx-away-too-long': {
    zh: 'InfluxDB 中断时间超过日志保留范围，正从本地历史库补传',
    en: 'InfluxDB was away for longer than the journal keeps: readings are sent from the embedded store',
  },
  'influx-place-unwritable': {
    zh: 'InfluxDB 的写入进度无法保存：{reason}',
    en: 'how far InfluxDB is cannot be written down: {reason}',
  },
  'state-unwritable': { zh: '报警状态库 state.db 出错：{reason}', en: 'state.db: {reason}' },
  'pack-refused': { zh: '规则包 {file}:{line} 未能加载：{reason}', en: 'pack {file}:{line} {reason}' },
  'rules-cannot-run': { zh: '{n} 条规则无法运行', en: '{n} rules cannot run' },
  'alerts-ended': { zh: '报警线程已结束', en: 'the alerts thread has ended' },
  'webhook-failed': {
    zh: 'Webhook 失败：{reason}；{n} 条待发已保留',
    en: 'webhook failed: {reason}; {n} owed and kept',
  },
  'webhook-silent': {
    zh: 'Webhook 已 {s} 秒未能送出（{reason}）；{n} 条待发',
    en: 'webhook has delivered nothing for {s} s ({reason}); {n} owed',
  },
  'measures-unwritable': { zh: '指标库 measures.db 出错：{reason}', en: 'measures.db: {reason}' },
  'measures-ended': { zh: '指标线程已结束', en: 'the measures thread has ended' },
  'channel-fails': { zh: '通知通道 {name} 发送失败：{reason}', en: 'channel {name} fails: {reason}' },
  'escalation-stuck': { zh: '升级通知无法继续：{reason}', en: 'escalation cannot go on: {reason}' },
  'people-unusable': { zh: '任何人都无法登录：{reason}', en: 'nobody can log in: {reason}' },
} as const satisfies Record<string, { zh: string; en: string }>

export type PartWorry = { code: keyof typeof partWords; with: Record<string, string | number> }

export const worry = (code: PartWorry['code'], values: PartWorry['with'] = {}): PartWorry => ({ code, with: values })

/** One worry or several in words; what there are no values for stays in its braces. */
export function worryText(worries: readonly PartWorry[]): { zh: string; en: string } {
  const said = (language: 'zh' | 'en') =>
    worries.map(({ code, with: values }) =>
      partWords[code][language].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)),
    )
  return { zh: said('zh').join('；'), en: said('en').join('; ') }
}

/** What a part says of itself when it is not well: in English for /readyz, as codes for the pages. */
export const worried = (...worries: PartWorry[]): { detail: string; says: PartWorry[] } => ({
  detail: worryText(worries).en,
  says: worries,
})
