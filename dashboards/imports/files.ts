import { cellText, csvLine } from '../../core/csv.ts'
import type { Given } from './apply.ts'
import type { RowPlan } from './plan.ts'
import { said } from './saying.ts'
import { isReason, reasonLabel, type Column, type Sheet } from './sheet.ts'

export type Language = 'zh' | 'en'

/** Without it Excel takes UTF-8 for the encoding of its country. */
const MARK = '\uFEFF'
const line = (cells: readonly string[]): string => csvLine(cells.map(cellText))
const joined = (lines: readonly string[]): string => MARK + lines.join('')
const stateText = {
  new: said('新增', 'new'),
  changed: said('修改', 'changed'),
  same: said('已存在', 'already there'),
  bad: said('未完成，见错误说明', 'not finished, see the reason'),
}

/** Heads and one row to be overwritten; left in, it is skipped. */
export const templateOf = (columns: readonly Column[], lang: Language): string =>
  joined([
    line(columns.map(({ label }) => label[lang])),
    line(columns.map(({ example }, i) => (i === 0 ? (lang === 'zh' ? '示例:' : 'Example: ') : '') + example[lang])),
  ])

/** The bad rows as they came, with the reason behind: mended and sent again they are an import of their own. */
export function badRows<Wish>({ heads }: Sheet, plans: readonly RowPlan<Wish>[], lang: Language): string | null {
  const bad = plans.filter(({ state }) => state === 'bad')
  if (bad.length === 0) return null
  const kept = heads.map((head, i) => ({ head, i })).filter(({ head }) => !isReason(head))
  return joined([
    line([...kept.map(({ head }) => head.trim()), reasonLabel[lang]]),
    ...bad.map(({ source, faults }) => line([...kept.map(({ i }) => (source.raw[i] ?? '').trim()), reasonOf(faults, lang)])),
  ])
}

const reasonOf = (faults: RowPlan<unknown>['faults'], lang: Language): string => {
  const [colon, stop] = lang === 'zh' ? ['；', '。'] : ['; ', '. ']
  return faults.map(({ says, fix }) => [says[lang], fix[lang]].filter(Boolean).join(colon)).join(stop)
}

const heads = {
  devices: said('行号,设备名称,结果,设备编号,令牌', 'row,device name,result,device id,token'),
  people: said('行号,姓名,结果,用户名,首次登录密码', 'row,name,result,user name,first password'),
}

/** What came of each row that went in. Tokens and first passwords stand here and nowhere else. */
export function resultRows<Wish>(
  kind: keyof typeof heads,
  plans: readonly RowPlan<Wish>[],
  done: ReadonlyMap<RowPlan<Wish>, Given>,
  lang: Language,
): string {
  const good = plans.filter((plan) => plan.state !== 'skipped' && (plan.state !== 'bad' || done.has(plan)))
  const lines = good.map((plan) => {
    const { id = '', username, secret = '' } = done.get(plan) ?? {}
    const state = stateText[plan.state as keyof typeof stateText][lang]
    return line([String(plan.source.row), plan.name, state, kind === 'people' ? (username ?? '') : id, secret])
  })
  return joined([`${heads[kind][lang]}\r\n`, ...lines])
}
