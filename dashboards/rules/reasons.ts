import { isChinese } from '../web/i18n/i18n.ts'

/** The platform gives its reasons in English; those a person meets often are said in Chinese too. The rest stays as it came. */
const known: [RegExp, (...parts: string[]) => string][] = [
  [/^there is no metric (\S+);.*$/, (name) => `没有监测量 ${name}，可用的见参考手册`],
  [/^(\S+) is in (.+), not in (.+)$/, (name, own, given) => `${name} 的单位是 ${own}，不是 ${given}`],
  [
    /^(\S+) is no limit: (\S+) is (\S+) to (\S+) ?(.*)\. Is it in another unit\?$/,
    (limit, name, min, max, unit) => `${limit} 不可能是限值：${name} 的范围是 ${min} 到 ${max} ${unit}，单位是否有误？`,
  ],
  [/^(\S+) \((\S+)\) must be above (\S+) \((\S+)\)$/, (a, x, b, y) => `${a}（${x}）必须大于 ${b}（${y}）`],
  [/^(\S+) \((\S+)\) must be below (\S+) \((\S+)\)$/, (a, x, b, y) => `${a}（${x}）必须小于 ${b}（${y}）`],
  [/^(\S+) is missing$/, (name) => `缺少 ${name}`],
  [/^must be one of (.+)$/, (list) => `只能是 ${list} 之一`],
  [/^type must be one of (.+)$/, (list) => `类型只能是 ${list} 之一`],
  [/^(\S+) is not an option of (\S+); known are (.+)$/, (name, type, list) => `${type} 没有选项 ${name}，可用的有 ${list}`],
  [/^(\S+) needs a metric$/, (type) => `${type} 需要监测量`],
  [
    /^(\S+) (\S+) is laxer than (\S+) \((.+)\)$/,
    (name, value, most, source) => `${name} ${value} 宽于标准限值 ${most}（${source}）`,
  ],
  [
    /^(\S+) is never seen: (\S+) is reached first and is (\S+)$/,
    (name, other) => `${name} 永远不会出现：${other} 先达到且级别不低`,
  ],
  [
    /^(\S+) is for the same devices and has the same say(.*); narrow one of them$/,
    (other) => `与规则 ${other} 适用于相同设备且同等效力，请缩小其中一条的范围`,
  ],
  [/^must be number$/, () => '应为数字'],
  [/^must be string$/, () => '应为文字'],
  [/^must be >= (\S+)$/, (least) => `不得小于 ${least}`],
  [/^must be <= (\S+)$/, (most) => `不得大于 ${most}`],
  [/^is not known here$/, () => '此处没有这个字段'],
  [/^a rule is a map of fields$/, () => '规则应由字段组成'],
]

export function reasonText({ message }: { message: string }): string {
  if (!isChinese.value) return message
  for (const [pattern, say] of known) {
    const parts = pattern.exec(message)
    if (parts) return say(...parts.slice(1))
  }
  return message
}
