import type { AlarmChangeKind } from '../core/alarm.ts'
import { levelNames } from '../core/level.ts'
import type { Mode } from '../core/mode.ts'
import type { AlarmChangeEntry } from '../core/record.ts'

type Text = { zh: string; en: string }

const changeNames: Record<AlarmChangeKind, Text> = {
  raised: { zh: '报警', en: 'alarm' },
  level: { zh: '级别变化', en: 'level changed' },
  returned: { zh: '已恢复，待确认', en: 'returned, not acknowledged' },
  again: { zh: '再次报警', en: 'alarm again' },
  ended: { zh: '已解除', en: 'ended' },
  acknowledged: { zh: '已确认', en: 'acknowledged' },
  reset: { zh: '已复位', en: 'reset' },
  commented: { zh: '备注', en: 'comment' },
  shelved: { zh: '已搁置', en: 'shelved' },
  unshelved: { zh: '取消搁置', en: 'unshelved' },
  'taken-out-of-service': { zh: '已停用', en: 'out of service' },
  'returned-to-service': { zh: '已投用', en: 'returned to service' },
  suppressed: { zh: '窗口内不报警', en: 'suppressed by a window' },
  unsuppressed: { zh: '窗口结束', en: 'window over' },
  'acknowledgement-undone': { zh: '撤销确认', en: 'acknowledgement undone' },
  dispatched: { zh: '已派单', en: 'dispatched' },
  accepted: { zh: '已接单', en: 'dispatch accepted' },
  'dispatch-unaccepted': { zh: '派单无人接收', en: 'dispatch not accepted' },
  'fed-back': { zh: '已反馈', en: 'feedback' },
  escalated: { zh: '人工升级', en: 'escalated' },
  'false-alarm': { zh: '判为误报', en: 'false alarm' },
  closed: { zh: '已关闭', en: 'closed' },
  requested: { zh: '待第二人确认', en: 'waits for a second person' },
  declined: { zh: '第二人未同意', en: 'declined by the second person' },
  withdrawn: { zh: '申请已撤回', en: 'request withdrawn' },
  explains: { zh: '所影响设备有变化', en: 'explains other devices' },
}

/** Nobody may take a drill or a simulation for the real thing, so these stand first in every text. */
const modeMarks: Record<Mode, Text> = {
  live: { zh: '', en: '' },
  drill: { zh: '【演练】', en: '[DRILL] ' },
  test: { zh: '【测试】', en: '[TEST] ' },
  simulated: { zh: '【模拟】', en: '[SIMULATED] ' },
}

/** What a person reads on a phone: mode, level, what changed, the rule's own words, when it happened there. */
export function pushText({ alarm, change, at }: AlarmChangeEntry, zone: string): Text {
  const mark = modeMarks[alarm.mode]
  const level = levelNames[alarm.level]
  const name = changeNames[change]
  const when = localTime(at, zone)
  const late = alarm.late || alarm.delayed
  return {
    zh: `${mark.zh}【${level.zh}】${name.zh}：${alarm.message.zh}（${when}${late ? '，补报' : ''}）`,
    en: `${mark.en}${level.en} ${name.en}: ${alarm.message.en} (${when}${late ? ', reported late' : ''})`,
  }
}

const formats = new Map<string, Intl.DateTimeFormat>()

function localTime(at: number, zone: string): string {
  let format = formats.get(zone)
  if (!format)
    formats.set(zone, (format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })))
  return format.format(at)
}
