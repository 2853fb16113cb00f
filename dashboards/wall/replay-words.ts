import { computed } from 'vue'
import { ApiFailure, failureText } from '../web/api.ts'
import { isChinese } from '../web/i18n/i18n.ts'

/** Only a wall that shows the past needs these, so they travel with it. */
const zh = {
  mark: '回放',
  other: 'REPLAY',
  loading: '正在读取',
  asked: '请求时刻',
  down: (since: string) => `平台当时未运行(自 ${since}),大屏当时停住或无画面`,
  gone: '当时的读数已不再保留:只显示报警与风险,不显示数值与在线',
  back10: '−10 秒',
  back60: '−1 分',
  on10: '+10 秒',
  on60: '+1 分',
  alarm: '报警',
  previous: '上一报警变化',
  next: '下一报警变化',
  noChange: '该方向没有更多报警变化',
  play: '播放',
  pause: '暂停',
  speed: '倍速',
  goTo: '转到',
  time: '时刻(部署时区)',
  live: '返回实时',
  atPresent: '已到当前时刻',
  red: (s: number) => `实时出现红色报警,${s} 秒后返回实时画面`,
  duty: (s: number) => `值班大屏只显示当前画面,回放请在其他屏幕以个人账号登录;${s} 秒后返回`,
  now: '现在',
  nowLost: '实时连接中断',
  keys: '←→ 10 秒 · Shift 1 分 · PgUp PgDn 报警 · 空格播放 · X 倍速 · End 实时',
  failed: {
    'unreadable-time': '看不懂这个时刻;例如 2026-03-21 14:48:05',
    'in-the-future': '这个时刻还没有到',
    'not-found': '这个时刻之前没有任何记录',
    busy: '其他人正在回放,稍候自动重试',
    'catching-up': '路程较长,正在继续读取',
  } as Record<string, string>,
}
type Words = typeof zh
const en: Words = {
  mark: 'REPLAY',
  other: '回放',
  loading: 'reading',
  asked: 'asked for',
  down: (since) => `The platform was not running then (since ${since}); walls stood still or were dark`,
  gone: 'Readings of that time are no longer kept: alarms and risk only, no values, nobody counted as heard',
  back10: '−10 s',
  back60: '−1 min',
  on10: '+10 s',
  on60: '+1 min',
  alarm: 'alarm',
  previous: 'previous alarm change',
  next: 'next alarm change',
  noChange: 'no further change of an alarm that way',
  play: 'Play',
  pause: 'Pause',
  speed: 'speed',
  goTo: 'Go',
  time: "moment (in the deployment's zone)",
  live: 'Back to live',
  atPresent: 'this is the present',
  red: (s) => `A red alarm has come just now; back to live in ${s} s`,
  duty: (s) => `A wall on duty shows the present; look back on another screen, logged in as a person. Back in ${s} s`,
  now: 'now',
  nowLost: 'live link lost',
  keys: '←→ 10 s · Shift 1 min · PgUp PgDn alarm · Space play · X speed · End live',
  failed: {
    'unreadable-time': 'That is no time; for example 2026-03-21 14:48:05',
    'in-the-future': 'That moment has not come yet',
    'not-found': 'Nothing had been recorded by then',
    busy: 'Others are looking back just now; trying again',
    'catching-up': 'It is a long way; still reading',
  },
}

export const replayWords = computed((): Words => (isChinese.value ? zh : en))

/** What to tell of a moment that could not be shown; null when nothing went wrong. */
export function failedText(code: string | null): string | null {
  const words = replayWords.value
  if (code === null) return null
  if (code === 'no-change') return words.noChange
  if (code === 'at-present') return words.atPresent
  return words.failed[code] ?? failureText(new ApiFailure(500, code, '', {}, null))
}
