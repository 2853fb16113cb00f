import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { uniform } from '../../../simulators/signals.ts'
import type { Said, Told } from './platform.ts'
import { DAY, END, EVE } from './scenarios.ts'
import { trafficOf, type Message } from './traffic.ts'

const STEP_MS = 30_000
const EVE_STEP_MS = 120_000
/** How long the platform is away after a kill, in the time of the district. */
const DOWN_MS = 75_000
const JUDGED_EVERY = 20

/** The platform as a process of its own. */
class Process {
  #child: ChildProcess
  #said: ((said: Said | null) => void)[] = []

  constructor() {
    this.#child = fork(join(import.meta.dirname, 'platform.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#child.on('message', (said: Said) => this.#said.shift()?.(said))
    this.#child.on('exit', () => {
      for (const resolve of this.#said.splice(0)) resolve(null)
    })
  }

  /** Its answer; null when it died before it could give one. */
  tell(told: Told): Promise<Said | null> {
    return new Promise((resolve) => {
      this.#said.push(resolve)
      this.#child.send(told, (error) => error && resolve(null))
    })
  }

  kill(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    this.#child.kill('SIGKILL')
    return gone
  }
}

export type Day = { kills: number[]; messages: number; duplicates: number; late: number; quarantined: number }

/** One kill in each third of the day, in the middle of taking something in. */
const killsOf = (seed: number): number[] =>
  [0, 1, 2].map((third) => Math.floor((DAY + ((third + uniform(seed, third)) * (END - DAY)) / 3) / STEP_MS) * STEP_MS)

/** Lives through eve and day with the platform in `dir`: what it does not acknowledge is sent again, as devices do. */
export async function runDay(dir: string, seed: number): Promise<Day> {
  const { messages, duplicates, late } = trafficOf(seed)
  const kills = killsOf(seed)
  const start = async (at: number) => {
    const process = new Process()
    if (!(await process.tell({ kind: 'start', dir, seed, at }))) throw new Error('the platform did not start')
    return process
  }
  let platform = await start(EVE)
  let next = 0
  let quarantined = 0
  let steps = 0
  for (let now = EVE; now < END;) {
    now += now < DAY ? EVE_STEP_MS : STEP_MS
    const due: Message[] = []
    while (next < messages.length && messages[next]!.sentAt < now) due.push(messages[next++]!)
    if (kills.includes(now)) {
      void platform.tell({ kind: 'step', at: now, messages: due, judged: false })
      await new Promise((resolve) => setTimeout(resolve, uniform(seed, 10 + steps) * 8))
      await platform.kill()
      now += Math.ceil(DOWN_MS / STEP_MS) * STEP_MS
      platform = await start(now)
      // Nobody has heard what became of them.
      while (next < messages.length && messages[next]!.sentAt < now) due.push(messages[next++]!)
    }
    const answer = await platform.tell({
      kind: 'step',
      at: now,
      messages: due,
      judged: ++steps % JUDGED_EVERY === 0 || now >= END,
    })
    if (answer?.kind !== 'acked') throw new Error('the platform ended by itself')
    quarantined += answer.quarantined
  }
  await platform.tell({ kind: 'stop' })
  return { kills, messages: messages.length, duplicates, late, quarantined }
}
