import { texts, type Code, type Level } from './texts.ts'

export type { Code, Level } from './texts.ts'
export type Language = 'zh' | 'en'
export type Facts = Record<string, string | number>

/** Something the doctor saw: a code that stays the same for machines, and the facts its sentences are filled with. */
export type Finding = { code: Code; level: Level; facts: Facts }

export const finding = (code: Code, facts: Facts = {}): Finding => ({ code, level: texts[code].level, facts })

/** What is wrong and what to do about it. */
export function inWords({ code, facts }: Finding, language: Language): { what: string; todo: string } {
  const [what, todo] = texts[code][language]
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (whole, name: string) => String(facts[name] ?? whole))
  return { what: fill(what), todo: fill(todo) }
}

const order: Level[] = ['error', 'warning', 'note']

export const worstFirst = (findings: Finding[]): Finding[] =>
  findings.toSorted((a, b) => order.indexOf(a.level) - order.indexOf(b.level))

/** 0 nothing to do, 1 something to look at, 2 something is broken. */
export const exitCode = (findings: Finding[]): 0 | 1 | 2 =>
  findings.some(({ level }) => level === 'error') ? 2 : findings.some(({ level }) => level === 'warning') ? 1 : 0
