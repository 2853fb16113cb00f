/** What of cel-js's syntax tree the cost needs: an operator and its arguments as they were written. */
export type Node = { op: string; args: unknown; start?: number }

/** How many elements a value can have at most, and what its elements can be. */
type Size = { n: number; of: Size | null }
type Cost = { steps: number; size: Size }
type Scope = ReadonlyMap<string, Size>

export class NotAllowed extends Error {}

const one: Size = { n: 1, of: null }
/** Functions a rule may call; `matches` is not among them: one pattern can hold up a thread for ever. */
const functions = new Set(['has', 'size', 'double', 'int', 'string', 'bool', 'abs', 'min', 'max'])
const methods = new Set(['size', 'startsWith', 'endsWith', 'contains', 'lowerAscii', 'upperAscii', 'trim'])
const macros = new Set(['all', 'exists', 'exists_one', 'filter', 'map'])

const larger = (a: Size, b: Size): Size => ({
  n: Math.max(a.n, b.n),
  of: a.of === null ? b.of : b.of === null ? a.of : larger(a.of, b.of),
})

/**
 * The most steps an expression can take, found by reading it: there are no loops but those over lists, and every list is written
 * in the expression, so that a bound exists before the expression ever runs.
 */
export const stepsOf = (ast: Node): number => cost(ast, new Map()).steps

function cost(node: Node, scope: Scope): Cost {
  const { op, args } = node
  switch (op) {
    case 'value':
      return { steps: 1, size: one }
    case 'id':
      return { steps: 1, size: scope.get(args as string) ?? one }
    case 'list': {
      const items = (args as Node[]).map((item) => cost(item, scope))
      const of = items.reduce<Size | null>((all, { size }) => (all === null ? size : larger(all, size)), null)
      return { steps: 1 + sum(items), size: { n: items.length, of } }
    }
    case 'map': {
      const pairs = (args as [Node, Node][]).flatMap(([key, value]) => [cost(key, scope), cost(value, scope)])
      return { steps: 1 + sum(pairs), size: { n: pairs.length / 2, of: one } }
    }
    case 'call': {
      const [name, given] = args as [string, Node[]]
      if (!functions.has(name)) throw new NotAllowed(`${name}() is not available in rules`)
      return { steps: 1 + sum(given.map((arg) => cost(arg, scope))), size: one }
    }
    case 'rcall':
      return methodCost(args as [string, Node, Node[]], scope)
    default:
      return operatorCost(op, nodesIn(args), scope)
  }
}

const sum = (costs: Cost[]) => costs.reduce((total, { steps }) => total + steps, 0)
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'op' in value
const nodesIn = (args: unknown): Node[] => (Array.isArray(args) ? args.filter(isNode) : isNode(args) ? [args] : [])

function methodCost([name, receiver, given]: [string, Node, Node[]], scope: Scope): Cost {
  const of = cost(receiver, scope)
  if (macros.has(name)) {
    const [variable, ...bodies] = given
    const inner = new Map(scope).set(String(variable?.args), of.size.of ?? one)
    const costs = bodies.map((body) => cost(body, inner))
    const steps = of.steps + of.size.n * (1 + sum(costs))
    if (name === 'map') return { steps, size: { n: of.size.n, of: costs.at(-1)?.size ?? one } }
    return { steps, size: name === 'filter' ? of.size : one }
  }
  if (!methods.has(name)) throw new NotAllowed(`${name}() is not available in rules`)
  return { steps: 1 + of.steps + sum(given.map((arg) => cost(arg, scope))), size: one }
}

function operatorCost(op: string, nodes: Node[], scope: Scope): Cost {
  const costs = nodes.map((child) => cost(child, scope))
  const sizes = costs.map(({ size }) => size)
  const steps = 1 + sum(costs)
  switch (op) {
    case '+':
      return { steps, size: { n: sizes.reduce((n, size) => n + size.n, 0), of: sizes.reduce(larger, one).of } }
    // Comparing lists looks at their elements.
    case 'in':
    case '==':
    case '!=':
      return { steps: steps + sizes.reduce((n, size) => n + weight(size), 0), size: one }
    case '?:':
      return { steps, size: sizes.slice(1).reduce(larger, one) }
    case '[]':
      return { steps, size: sizes[0]?.of ?? one }
    default:
      return { steps, size: one }
  }
}

const weight = ({ n, of }: Size): number => (of === null ? n : n * weight(of))
