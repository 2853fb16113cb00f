/** One measured quantity: unit, the range a sane sensor can report, what kind of number it is and what people call it. */
export type Metric = {
  unit: string
  /** Physically possible for the quantity; a device's own range may be narrower (attribute `range`). */
  min: number
  max: number
  /** `gauge` is a measured value, `flag` is 0 or 1, `counter` only grows. */
  kind: 'gauge' | 'flag' | 'counter'
  /** Digits after the point when shown to people. */
  digits: number
  /** For these, a value above the range is the worst reading, not a broken one (semantics 17). */
  overRangeIsDanger?: true
  /** A channel needs a substance; without one it is a visible fault. */
  needsSubstance?: true
  zh: string
  en: string
}

const flag = (zh: string, en: string): Metric => ({ unit: '', min: 0, max: 1, kind: 'flag', digits: 0, zh, en })
const gauge = (unit: string, min: number, max: number, digits: number, zh: string, en: string): Metric => ({
  unit,
  min,
  max,
  kind: 'gauge',
  digits,
  zh,
  en,
})

/** The catalogue. Names are camelCase with the unit last; they are the contract with devices. */
export const metrics = {
  combustibleLel: { ...gauge('%LEL', -5, 100, 1, '可燃气体', 'Combustible gas'), overRangeIsDanger: true },
  toxicPpm: { ...gauge('ppm', -50, 10_000, 1, '有毒气体', 'Toxic gas'), overRangeIsDanger: true, needsSubstance: true },
  oxygenVol: gauge('%vol', 0, 100, 1, '氧气', 'Oxygen'),
  temperatureC: gauge('°C', -60, 1_800, 1, '温度', 'Temperature'),
  humidityRh: gauge('%RH', 0, 100, 1, '湿度', 'Humidity'),
  pressureMpa: gauge('MPa', -0.1, 100, 3, '压力', 'Pressure'),
  flowLps: gauge('L/s', -1_000, 10_000, 2, '流量', 'Flow'),
  levelM: gauge('m', -1, 100, 2, '液位', 'Level'),
  fillPct: gauge('%', 0, 110, 1, '充满度（占设计容积）', 'Fill (of design volume)'),
  stockPct: gauge('%', 0, 300, 1, '存量（占设计量）', 'Stock (of design amount)'),
  diffPressurePa: gauge('Pa', -10_000, 10_000, 0, '压差', 'Differential pressure'),
  smokeObscuration: { ...gauge('dB/m', 0, 10, 2, '烟雾', 'Smoke'), overRangeIsDanger: true },
  residualCurrentMa: { ...gauge('mA', 0, 10_000, 0, '剩余电流', 'Residual current'), overRangeIsDanger: true },
  tiltDeg: gauge('°', -180, 180, 1, '倾角', 'Tilt'),
  headcount: gauge('', 0, 100_000, 0, '人数', 'Headcount'),
  batteryPct: gauge('%', 0, 100, 0, '电量', 'Battery'),
  signalDbm: gauge('dBm', -150, 0, 0, '信号', 'Signal'),
  fireAlarm: flag('火警', 'Fire alarm'),
  fault: flag('故障', 'Fault'),
  tamper: flag('防拆', 'Tamper'),
  capOpen: flag('开盖', 'Cap open'),
  valveClosed: flag('阀门关闭', 'Valve closed'),
  discharging: flag('出水', 'Discharging'),
  running: flag('运行', 'Running'),
  sparkDetected: flag('火花', 'Spark'),
  arcFault: flag('故障电弧', 'Arc fault'),
  waterPresent: flag('积水', 'Water present'),
  preAlarm: flag('预警', 'Pre-alarm'),
  manualMode: flag('手动状态', 'Manual mode'),
  testing: flag('测试中', 'Under test'),
  powerLost: flag('主电断电', 'Mains lost'),
  backupFault: flag('备电故障', 'Backup power fault'),
  coverOpen: flag('箱门打开', 'Enclosure open'),
  settingChanged: flag('设备设定被改', 'Settings changed at device'),
  calibrationOverdue: flag('标定超期', 'Calibration overdue'),
  inService: flag('在用', 'In service'),
  bypassed: flag('旁路', 'Bypassed'),
  sos: flag('紧急求助', 'SOS'),
  latitude: gauge('°', -90, 90, 6, '纬度', 'Latitude'),
  longitude: gauge('°', -180, 180, 6, '经度', 'Longitude'),
  altitudeM: gauge('m', -500, 9_000, 0, '海拔', 'Altitude'),
  speedKmh: gauge('km/h', 0, 250, 0, '速度', 'Speed'),
  headingDeg: gauge('°', 0, 360, 0, '航向', 'Heading'),
  mileageKm: { ...gauge('km', 0, 10_000_000, 1, '里程', 'Mileage'), kind: 'counter' },
  windDirDeg: gauge('°', 0, 360, 0, '风向', 'Wind direction'),
  windSpeedMps: gauge('m/s', 0, 100, 1, '风速', 'Wind speed'),
  alarmH: flag('设备高报', 'Detector H'),
  alarmHh: flag('设备高高报', 'Detector HH'),
} as const satisfies Record<string, Metric>

export type MetricName = keyof typeof metrics

/** `toxicPpm#h2s` → metric `toxicPpm`, channel `h2s`. */
export function splitChannel(key: string): { metric: string; channel: string | null } {
  const at = key.indexOf('#')
  return at < 0 ? { metric: key, channel: null } : { metric: key.slice(0, at), channel: key.slice(at + 1) }
}

/** The catalogue's entry for a key with or without a channel; undefined for one that is not in the catalogue (unmapped). */
export function metricOf(key: string): Metric | undefined {
  const name = splitChannel(key).metric
  return Object.hasOwn(metrics, name) ? metrics[name as MetricName] : undefined
}
