/** What kinds of device there are, what people call them, and how often one reports unless it says otherwise. */
export const deviceKinds = {
  'gas-detector': { zh: '气体探测器', en: 'Gas detector', expectedPeriodMs: 10_000 },
  'smoke-alarm': { zh: '感烟报警器', en: 'Smoke alarm', expectedPeriodMs: 300_000 },
  'heat-alarm': { zh: '感温报警器', en: 'Heat alarm', expectedPeriodMs: 300_000 },
  hydrant: { zh: '消火栓', en: 'Hydrant', expectedPeriodMs: 300_000 },
  'water-pressure': { zh: '消防水压', en: 'Fire water pressure', expectedPeriodMs: 60_000 },
  'tank-level': { zh: '液位计', en: 'Tank level', expectedPeriodMs: 60_000 },
  'electrical-fire': { zh: '电气火灾监控', en: 'Electrical fire monitor', expectedPeriodMs: 60_000 },
  'fire-panel': { zh: '火灾报警控制器', en: 'Fire panel', expectedPeriodMs: 60_000 },
  vehicle: { zh: '危化品车辆', en: 'Hazmat vehicle', expectedPeriodMs: 30_000 },
  weather: { zh: '气象站', en: 'Weather station', expectedPeriodMs: 60_000 },
  'call-point': { zh: '手动报警按钮', en: 'Call point', expectedPeriodMs: 300_000 },
  headcount: { zh: '人员计数', en: 'Headcount', expectedPeriodMs: 60_000 },
  gateway: { zh: '网关', en: 'Gateway', expectedPeriodMs: 60_000 },
  other: { zh: '其他', en: 'Other', expectedPeriodMs: 60_000 },
} as const satisfies Record<string, { zh: string; en: string; expectedPeriodMs: number }>

export type DeviceKind = keyof typeof deviceKinds
export const deviceKindNames = Object.keys(deviceKinds) as DeviceKind[]
export const isDeviceKind = (text: unknown): text is DeviceKind => typeof text === 'string' && Object.hasOwn(deviceKinds, text)
