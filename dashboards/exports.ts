/** Exports one person may have under way: each takes a little of history's time for as long as it runs. */
const MOST_EACH = 4
/** How long an ended export can still be asked about. */
const REMEMBERED_MS = 3_600_000
const MOST_REMEMBERED = 1_000

/** How far an export is. */
export class Progress {
  rows = 0
  /** 0 to 1, by time and devices: rows are not counted in advance */
  part = 0
  state: 'running' | 'finished' | 'broken' = 'running'
  endedAt: number | null = null
  #devices: number
  #now: () => number

  constructor(devices: number, now: () => number) {
    this.#devices = devices
    this.#now = now
  }

  took(rows: number, devicesDone: number): void {
    this.rows += rows
    this.part = devicesDone / Math.max(1, this.#devices)
  }

  end(whole: boolean): void {
    if (this.endedAt !== null) return
    this.state = whole ? 'finished' : 'broken'
    this.endedAt = this.#now()
  }
}

/** The exports under way, and how the last ones ended. */
export class Exports {
  #all = new Map<string, { person: string; progress: Progress }>()
  #now: () => number
  #unnamed = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** Null when the person has as many under way as one may, or this very one. */
  begin(person: string, id: string | null, devices: number): Progress | null {
    const running = [...this.#all.values()].filter((one) => one.person === person && one.progress.state === 'running')
    if (running.length >= MOST_EACH || running.some(({ progress }) => this.#all.get(`${person}\n${id}`)?.progress === progress))
      return null
    this.#forget()
    const progress = new Progress(devices, this.#now)
    this.#all.set(`${person}\n${id ?? ++this.#unnamed + ' '}`, { person, progress })
    return progress
  }

  find(person: string, id: string): Pick<Progress, 'rows' | 'part' | 'state'> | undefined {
    const found = this.#all.get(`${person}\n${id}`)?.progress
    return found && { rows: found.rows, part: found.part, state: found.state }
  }

  #forget(): void {
    const old = this.#now() - REMEMBERED_MS
    for (const [key, { progress }] of this.#all) {
      if (progress.endedAt === null) continue
      if (progress.endedAt < old || this.#all.size > MOST_REMEMBERED) this.#all.delete(key)
    }
  }
}
