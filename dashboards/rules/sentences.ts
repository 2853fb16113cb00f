/**
 * How each type of rule is said in one sentence. 【path】 is a slot: a field of the rule, `:s` `:min` `:h` where a duration is shown in
 * another unit, `#` where only how many there are is said (they are written in the text form). `*` stands for the list told by `each`, whose slots
 * begin with a dot.
 */
export type Said = { zh: string; en: string }
export type Sentence = Said & { each?: Said & { list: string } }

const delays: Said = {
  zh: '持续【onDelayMs:s】s，恢复持续【offDelayMs:s】s',
  en: 'for 【onDelayMs:s】s, clearing after 【offDelayMs:s】s',
}
const outlevel: Said = { zh: ' → 【level】，适用【applies】。', en: ' → 【level】, for 【applies】.' }

export const sentences: Record<string, Sentence> = {
  threshold: {
    zh: '当【metric】达到限值持续【onDelayMs:s】s：【*】回差【deadband】【unit】，恢复持续【offDelayMs:s】s，适用【applies】。',
    en: 'When 【metric】 is at a limit for 【onDelayMs:s】s: 【*】deadband 【deadband】【unit】, clearing after 【offDelayMs:s】s, for 【applies】.',
    each: {
      list: 'limits',
      zh: '【.name】　【.op】【.bound】【unit】 → 【.level】',
      en: '【.name】　【.op】【.bound】【unit】 → 【.level】',
    },
  },
  'threshold-of-one': {
    zh: '当【metric】【limits.0.op】【limits.0.bound】【unit】持续【onDelayMs:s】s，回差【deadband】，恢复持续【offDelayMs:s】s → 【limits.0.level】，适用【applies】。',
    en: 'When 【metric】 is 【limits.0.op】【limits.0.bound】【unit】 for 【onDelayMs:s】s, deadband 【deadband】, clearing after 【offDelayMs:s】s → 【limits.0.level】, for 【applies】.',
  },
  'rate-of-change': {
    zh: '当【metric】在【withinMs:s】s 内【direction】，持续【onDelayMs:s】s：【*】回差【deadband】【unit】，恢复持续【offDelayMs:s】s，适用【applies】。',
    en: 'When 【metric】 goes 【direction】 within 【withinMs:s】s, for 【onDelayMs:s】s: 【*】deadband 【deadband】【unit】, clearing after 【offDelayMs:s】s, for 【applies】.',
    each: { list: 'limits', zh: '【.name】　达【.by】【unit】 → 【.level】', en: '【.name】　by 【.by】【unit】 → 【.level】' },
  },
  deviation: {
    zh: `当【metric】偏离自身常态（【direction】，学习【learnDays】天），持续【onDelayMs:s】s：【*】至少相差【atLeast】【unit】，回差【deadband】，恢复持续【offDelayMs:s】s，适用【applies】。`,
    en: `When 【metric】 leaves its own norm (【direction】, learned over 【learnDays】 days) for 【onDelayMs:s】s: 【*】by at least 【atLeast】【unit】, deadband 【deadband】, clearing after 【offDelayMs:s】s, for 【applies】.`,
    each: {
      list: 'limits',
      zh: '【.name】　【.spreads】倍离散度 【.percent】% → 【.level】',
      en: '【.name】　【.spreads】× its spread 【.percent】% → 【.level】',
    },
  },
  unusual: {
    zh: '当【metric】出现从未见过的变化，评分【score】以上（学习【learnDays】天），恢复持续【offDelayMs:s】s → 【level】，适用【applies】。',
    en: 'When 【metric】 does what it never did, scored 【score】 or more (learned over 【learnDays】 days), clearing after 【offDelayMs:s】s → 【level】, for 【applies】.',
  },
  forecast: {
    zh: `当预计【metric】将在【horizonMs:min】min 内达到限值，置信度【confidence】，回差【deadband】【unit】，${delays.zh}${outlevel.zh}`,
    en: `When 【metric】 will reach a limit within 【horizonMs:min】min, confidence 【confidence】, deadband 【deadband】【unit】, ${delays.en}${outlevel.en}`,
  },
  state: { zh: `当【metric】为【when】${delays.zh}${outlevel.zh}`, en: `When 【metric】 is 【when】 ${delays.en}${outlevel.en}` },
  stuck: {
    zh: '当【metric】不动已【forMs:h】h，至少【minimumReadings】个读数，分辨力【resolution】【unit】 → 【level】，适用【applies】。',
    en: 'When 【metric】 has not moved for 【forMs:h】h over 【minimumReadings】 readings, resolution 【resolution】【unit】 → 【level】, for 【applies】.',
  },
  copied: {
    zh: '当【metric】重复先前的曲线【matches】次，恢复持续【offDelayMs:s】s → 【level】，适用【applies】。',
    en: 'When 【metric】 repeats an earlier course 【matches】 times, clearing after 【offDelayMs:s】s → 【level】, for 【applies】.',
  },
  jump: {
    zh: '当【metric】在【withinMs:s】s 内跳变【jumps】次，每秒超过【perSecond】【unit】，恢复持续【offDelayMs:s】s → 【level】，适用【applies】。',
    en: 'When 【metric】 jumps 【jumps】 times within 【withinMs:s】s, by more than 【perSecond】【unit】 a second, clearing after 【offDelayMs:s】s → 【level】, for 【applies】.',
  },
  expression: {
    zh: `当【metric】满足【when】${delays.zh}${outlevel.zh}`,
    en: `When 【metric】 fulfils 【when】 ${delays.en}${outlevel.en}`,
  },
  silent: {
    zh: `当设备连续【periods】个周期没有数据${outlevel.zh}`,
    en: `When a device has sent nothing for 【periods】 periods${outlevel.en}`,
  },
  'bad-reading': { zh: `当读数无效${outlevel.zh}`, en: `When readings are bad${outlevel.en}` },
  'no-substance': { zh: `当气体通道未注明物质${outlevel.zh}`, en: `When a gas channel has no substance${outlevel.en}` },
  'limit-too-fine': {
    zh: `当限值小于探测器分辨力的【steps】倍${outlevel.zh}`,
    en: `When a limit is under 【steps】 steps of the detector${outlevel.en}`,
  },
  'wrong-clock': {
    zh: `当设备时钟错误，正确【clearAfterMs:s】s 后解除${outlevel.zh}`,
    en: `When a device clock is wrong, clearing after 【clearAfterMs:s】s${outlevel.en}`,
  },
  geofence: {
    zh: `当车辆【when】【fences#】处围栏，停留上限【stayMs:min】min，${delays.zh}${outlevel.zh}`,
    en: `When a vehicle's case is 【when】 at 【fences#】 fences, staying at most 【stayMs:min】min, ${delays.en}${outlevel.en}`,
  },
  speed: {
    zh: '当车速超过限速【limitKmh】km/h（另有【roads#】段道路限速），持续【onDelayMs:s】s：【*】回差【deadbandKmh】km/h，恢复持续【offDelayMs:s】s，适用【applies】。',
    en: 'When a vehicle is over 【limitKmh】km/h (and 【roads#】 roads with limits of their own) for 【onDelayMs:s】s: 【*】deadband 【deadbandKmh】km/h, clearing after 【offDelayMs:s】s, for 【applies】.',
    each: { list: 'bands', zh: '超速【.overPct】% → 【.level】', en: 'over by 【.overPct】% → 【.level】' },
  },
  curfew: {
    zh: `当车辆在【windows#】个禁行时段内行驶，车速超过【movingKmh】km/h，${delays.zh}${outlevel.zh}`,
    en: `When a vehicle drives in one of 【windows#】 curfew windows, faster than 【movingKmh】km/h, ${delays.en}${outlevel.en}`,
  },
  route: {
    zh: `当车辆偏离【routes#】条规定路线，余量【marginM】m，${delays.zh}${outlevel.zh}`,
    en: `When a vehicle leaves one of 【routes#】 routes, margin 【marginM】m, ${delays.en}${outlevel.en}`,
  },
  'driving-time': {
    zh: '当连续驾驶超过【limitMs:min】min 而未休息【restMs:min】min → 【level】，提前提醒 → 【warnLevel】，适用【applies】。',
    en: 'When driving for more than 【limitMs:min】min without a rest of 【restMs:min】min → 【level】, warned before → 【warnLevel】, for 【applies】.',
  },
  voting: {
    zh: '当同一【within】内在【withinMs:s】s 内多台设备满足【conditions#】个条件之一：【*】恢复持续【offDelayMs:s】s，适用【applies】。',
    en: 'When devices of one 【within】 meet one of 【conditions#】 conditions within 【withinMs:s】s: 【*】clearing after 【offDelayMs:s】s, for 【applies】.',
    each: { list: 'votes', zh: '至少【.atLeast】台 → 【.level】', en: 'at least 【.atLeast】 → 【.level】' },
  },
  sequence: {
    zh: '当同一【within】内在【withinMs:s】s 内出现【steps#】个关联信号，恢复持续【offDelayMs:s】s → 【level】，适用【applies】。',
    en: 'When 【steps#】 signals of one 【within】 come together within 【withinMs:s】s, clearing after 【offDelayMs:s】s → 【level】, for 【applies】.',
  },
  convoy: {
    zh: `当车队间距小于【minM】m 或大于【maxM】m，${delays.zh}${outlevel.zh}`,
    en: `When a convoy is closer than 【minM】m or wider than 【maxM】m, ${delays.en}${outlevel.en}`,
  },
}
