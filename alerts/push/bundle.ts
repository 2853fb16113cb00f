import { createHash } from 'node:crypto'
import { type Level, levelNames, levels, severity } from '../../core/level.ts'
import type { Message } from '../../core/push.ts'

/** One message that stands for several, and which ones. */
export type Bundle = { message: Message; of: Message[] }

/** Room for the words around the lines. */
const FRAME = 60

/**
 * Says several messages in one. Every red is named; of the rest as many as there is room for, the worse first, and the others
 * are counted. Messages of different recipients or modes are never in one. A single message stays what it is.
 */
export function bundle(messages: readonly Message[], textLimit: number): Bundle[] {
  const groups = Map.groupBy(messages, ({ mode, to }) => `${mode} ${to.personId ?? ''} ${to.address ?? ''}`)
  return [...groups.values()].flatMap((group) => bundleGroup(group, textLimit)).toSorted(worseFirst)
}

function bundleGroup(group: Message[], textLimit: number): Bundle[] {
  if (group.length === 1) return [{ message: group[0]!, of: group }]
  const room = Math.max(80, textLimit - FRAME)
  const reds = group.filter(({ level }) => level === 'red')
  const rest = group.filter(({ level }) => level !== 'red').toSorted((a, b) => rank(b) - rank(a) || a.at - b.at)
  const parts: Message[][] = [[]]
  let used = 0
  for (const red of reds) {
    const size = line(red, room).length + 1
    if (used + size > room && parts.at(-1)!.length > 0) {
      parts.push([])
      used = 0
    }
    parts.at(-1)!.push(red)
    used += size
  }
  return parts.map((named, i) => {
    const isLast = i === parts.length - 1
    const counted = isLast ? rest : []
    const of = [...named, ...counted]
    return { message: of.length === 1 ? of[0]! : summary(of, named, counted, room), of }
  })
}

function summary(of: Message[], named: Message[], rest: Message[], room: number): Message {
  const lines = { zh: named.map((one) => line(one, room)), en: named.map((one) => line(one, room, 'en')) }
  let used = lines.zh.reduce((sum, text) => sum + text.length + 1, 0)
  const left = [...rest]
  while (left.length > 0 && used + line(left[0]!, room).length + 1 <= room) {
    const one = left.shift()!
    used += line(one, room).length + 1
    lines.zh.push(line(one, room))
    lines.en.push(line(one, room, 'en'))
  }
  const worst = of.toSorted((a, b) => rank(b) - rank(a))[0]!
  const head = { zh: `【汇总】${of.length} 条`, en: `${of.length} messages in one` }
  const tail = {
    zh: left.length > 0 ? [`另有${counts(left, 'zh')}`] : [],
    en: left.length > 0 ? [`and ${counts(left, 'en')}`] : [],
  }
  const ids = of.map(({ id }) => id).toSorted()
  return {
    ...worst,
    id: `s.${createHash('sha256').update(ids.join(' ')).digest('hex').slice(0, 24)}`,
    kind: 'summary',
    text: { zh: [head.zh, ...lines.zh, ...tail.zh].join('\n'), en: [head.en, ...lines.en, ...tail.en].join('\n') },
    variables: { ...worst.variables, what: `${of.length}条，${worst.variables.what ?? ''}` },
  }
}

/** A line is cut rather than a red left out. */
function line({ text }: Message, room: number, language: 'zh' | 'en' = 'zh'): string {
  const one = text[language].replace(/\s+/g, ' ')
  return one.length <= room ? one : `${[...one].slice(0, Math.floor(room / 2) - 1).join('')}…`
}

function counts(messages: Message[], language: 'zh' | 'en'): string {
  const words = levels
    .map((level) => ({ level, n: messages.filter((one) => one.level === level).length }))
    .filter(({ n }) => n > 0)
  const other = messages.filter(({ level }) => level === null).length
  const said = words.map(({ level, n }) => name(level, n, language))
  if (other > 0) said.push(language === 'zh' ? `其他 ${other} 条` : `${other} other`)
  return said.join(language === 'zh' ? '、' : ', ')
}

const name = (level: Level, n: number, language: 'zh' | 'en') =>
  language === 'zh' ? `${levelNames[level].zh} ${n} 条` : `${n} ${levelNames[level].en.toLowerCase()}`

const rank = ({ level }: Message): number => (level === null ? 0 : severity[level])
const worseFirst = (a: Bundle, b: Bundle): number => Math.max(...b.of.map(rank)) - Math.max(...a.of.map(rank))
