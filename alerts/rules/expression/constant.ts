import type { Node } from './cost.ts'

/** `always`, `never`: the same for every reading there can be. `no-reading`: it asks for the time alone, whatever is measured. */
export type Constant = 'always' | 'never' | 'no-reading'
type Facts = { value: number; previous: number; good: boolean; hour: number; weekday: number }

const STEPS_BETWEEN = 8
const MOST_TRIES = 20_000

/** Names an expression asks for, and the numbers that stand in it. */
function readIn(ast: Node): { names: Set<string>; numbers: number[] } {
  const names = new Set<string>()
  const numbers: number[] = []
  const walk = (part: unknown): void => {
    if (typeof part === 'number' || typeof part === 'bigint') numbers.push(Number(part))
    if (Array.isArray(part)) part.forEach(walk)
    else if (typeof part === 'object' && part !== null && 'op' in part) {
      const { op, args } = part as Node
      if (op === 'id') names.add(String(args))
      walk(args)
    }
  }
  walk(ast)
  return { names, numbers }
}

/** Around every number that is written, the ends of the range and some between: where an answer changes, it changes there. */
function samples(numbers: number[], min: number, max: number): number[] {
  const step = (max - min) / STEPS_BETWEEN
  const between = Array.from({ length: STEPS_BETWEEN + 1 }, (_, n) => min + n * step)
  const hair = (max - min) / 1e6
  const near = numbers.flatMap((n) => [n - hair, n, n + hair])
  return [...new Set([...between, ...near])].filter((n) => n >= min && n <= max)
}

/**
 * Whether an expression says the same of everything that can be measured, found by trying: a warning, not a proof. What depends on the
 * device (`attributes`, `substance`) is not tried. Null: it tells one reading from another, or nothing can be said.
 */
export function constantOf(ast: Node, run: (facts: Facts) => unknown, range: { min: number; max: number }): Constant | null {
  const { names, numbers } = readIn(ast)
  if (names.has('attributes') || names.has('substance')) return null
  if (!['value', 'previous', 'good'].some((name) => names.has(name)) && ['hour', 'weekday'].some((name) => names.has(name)))
    return 'no-reading'
  const values = samples(numbers, range.min, range.max)
  const over = {
    value: names.has('value') ? values : [range.min],
    previous: names.has('previous') ? values : [range.min],
    good: names.has('good') ? [true, false] : [true],
    hour: names.has('hour') ? samples(numbers, 0, 23.99) : [12],
    weekday: names.has('weekday') ? [1, 2, 3, 4, 5, 6, 7] : [1],
  }
  let seen: boolean | null = null
  let tries = 0
  for (const value of over.value)
    for (const previous of over.previous)
      for (const good of over.good)
        for (const hour of over.hour)
          for (const weekday of over.weekday) {
            if (++tries > MOST_TRIES) return null
            let said: unknown
            try {
              said = run({ value, previous, good, hour, weekday })
            } catch {
              continue // that it cannot be evaluated there is told by an alarm of its own
            }
            if (typeof said !== 'boolean' || (seen !== null && said !== seen)) return null
            seen = said
          }
  return seen === null ? null : seen ? 'always' : 'never'
}
