/** One system call as strace saw it: the lines where it began and where it had returned. */
export type SystemCall = { name: string; fd: number; began: number; returned: number; result: number; bytes: Buffer }

/**
 * Reads what `strace -f -xx` wrote. Lines stand in the order in which strace saw things happen, so a line number is a time:
 * a call that is interrupted by other threads is begun on one line (`<unfinished ...>`) and has returned on a later one.
 */
export function readTrace(text: string): SystemCall[] {
  const calls: SystemCall[] = []
  const unfinished = new Map<string, { began: number; text: string }>()
  for (const [number, line] of text.split('\n').entries()) {
    const [, thread, rest] = /^(\d+)\s+(.*)$/.exec(line) ?? []
    if (thread === undefined || rest === undefined) continue
    if (rest.endsWith('<unfinished ...>')) {
      unfinished.set(thread, { began: number, text: rest.slice(0, -'<unfinished ...>'.length) })
      continue
    }
    const [, resumed] = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest) ?? []
    const before = resumed === undefined ? undefined : unfinished.get(thread)
    unfinished.delete(thread)
    const call = parseCall(before ? before.text + resumed : rest)
    if (call) calls.push({ ...call, began: before?.began ?? number, returned: number })
  }
  return calls
}

function parseCall(text: string): Omit<SystemCall, 'began' | 'returned'> | null {
  const [, name, fd] = /^(\w+)\((\d+)/.exec(text) ?? []
  const [, result] = /\)\s+= (-?\d+)/.exec(text) ?? []
  if (name === undefined || result === undefined) return null
  const strings = [...text.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex]) => Buffer.from(hex!.replaceAll('\\x', ''), 'hex'))
  return { name, fd: Number(fd), result: Number(result), bytes: Buffer.concat(strings) }
}
