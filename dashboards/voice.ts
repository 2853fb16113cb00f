import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { Invalid, Unavailable } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { wavSeconds } from './wav.ts'

export type VoiceLanguage = 'zh' | 'en'
export type VoiceState = 'off' | 'ready' | 'failing'

const TIMEOUT_MS = 8_000
const CACHE_BYTES = 64 << 20
const SPEECH_BYTES = 4 << 20
/** An engine that has just failed is not asked for every alarm of a flood. */
const REST_MS = 15_000
const WAITING_AT_MOST = 8
/** No announcement is longer (ux A3): what follows it would wait. */
export const SPEECH_S = 12

type Options = {
  /** words of the command; `{text}`, `{lang}` and `{file}` in them are filled in */
  command: readonly string[] | null
  dir: string
  clock: Clock
  log: Log
  timeoutMs?: number
  cacheBytes?: number
}

/**
 * Speech by a program of the deployment's choice, started without a shell. Without `{text}` in its command it is given the text on
 * stdin, without `{file}` it answers on stdout; a WAV either way. What was said once is kept by the hash of what it was made from.
 */
export class Voice {
  #options: Options
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #making = new Map<string, Promise<Buffer>>()
  #failedAt: number | null = null
  #asked = { rendered: 0, cached: 0, failed: 0 }

  constructor(options: Options) {
    this.#options = options
  }

  get state(): VoiceState {
    if (this.#options.command === null) return 'off'
    return this.#failedAt === null ? 'ready' : 'failing'
  }

  figures(): Record<string, number> {
    const { rendered, cached, failed } = this.#asked
    return {
      watchfire_voice_rendered_total: rendered,
      watchfire_voice_cached_total: cached,
      watchfire_voice_failed_total: failed,
    }
  }

  /** The text as a WAV. Raises `Unavailable` when no engine gives one, `Invalid` when it takes too long to say. */
  async say(text: string, language: VoiceLanguage): Promise<Buffer> {
    const { command, dir } = this.#options
    if (command === null) throw new Unavailable('voice-off', 'no speech engine is set: WATCHFIRE_VOICE_COMMAND')
    const key = createHash('sha256')
      .update(JSON.stringify([command, language, text]))
      .digest('hex')
    const kept = await keptAt(join(dir, `${key}.wav`), this.#options.clock.now())
    if (kept) {
      this.#asked.cached++
      return kept
    }
    const making = this.#making.get(key)
    if (making) return making
    const made = this.#make(command, key, text, language).finally(() => this.#making.delete(key))
    this.#making.set(key, made)
    return made
  }

  async #make(command: readonly string[], key: string, text: string, language: VoiceLanguage): Promise<Buffer> {
    const { clock, dir, log } = this.#options
    if (this.#failedAt !== null && clock.now() - this.#failedAt < REST_MS)
      throw new Unavailable('voice-failed', 'the speech engine has just failed; it is asked again in a moment')
    if (this.#waiting >= WAITING_AT_MOST) throw new Unavailable('voice-busy', 'the speech engine has enough to say already')
    this.#waiting++
    const turn = this.#turn.then(() => this.#run(command, text, language))
    this.#turn = turn.catch(() => undefined)
    try {
      const speech = await turn
      this.#failedAt = null
      this.#asked.rendered++
      if (wavSeconds(speech)! > SPEECH_S)
        throw new Invalid('too-long', `this takes longer than ${SPEECH_S} s to say`, { seconds: wavSeconds(speech) })
      await this.#keep(key, speech)
      return speech
    } catch (error) {
      if (error instanceof Invalid) throw error
      if (this.#failedAt === null) log.warn('the speech engine failed', { program: command[0], reason: (error as Error).message })
      this.#failedAt = clock.now()
      this.#asked.failed++
      throw new Unavailable('voice-failed', `the speech engine failed: ${(error as Error).message}`)
    } finally {
      this.#waiting--
      await rm(join(dir, `${key}.part`), { force: true }).catch(() => undefined)
    }
  }

  async #run(command: readonly string[], text: string, language: VoiceLanguage): Promise<Buffer> {
    const { dir } = this.#options
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const file = join(dir, `${randomUUID()}.part`)
    const filled = command.map((word) =>
      word.replace(/\{(text|lang|file)\}/g, (_, name) => ({ text, lang: language, file })[name as 'text']),
    )
    const has = (name: string) => command.some((word) => word.includes(name))
    try {
      const said = await this.#spawn(filled, has('{text}') ? null : text)
      const speech = has('{file}') ? await read(file) : said
      if (wavSeconds(speech) === null) throw new Error('what it gave is no WAV')
      return speech
    } finally {
      await rm(file, { force: true })
    }
  }

  #spawn([program, ...words]: string[], stdin: string | null): Promise<Buffer> {
    const { dir, timeoutMs = TIMEOUT_MS } = this.#options
    const done = Promise.withResolvers<Buffer>()
    // Our own environment holds passwords; the engine gets what any program needs.
    const { PATH, HOME, LANG } = process.env
    const child = spawn(program!, words, {
      cwd: dir,
      env: { PATH, HOME, LANG: LANG ?? 'C.UTF-8' },
      stdio: [stdin === null ? 'ignore' : 'pipe', 'pipe', 'ignore'],
      detached: process.platform !== 'win32',
    })
    const pieces: Buffer[] = []
    let bytes = 0
    const end = (why: string) => {
      done.reject(new Error(why))
      // What it started itself must not go on either.
      try {
        process.kill(process.platform === 'win32' ? child.pid! : -child.pid!, 'SIGKILL')
      } catch {
        // it is gone already, or never was
      }
    }
    const timer = setTimeout(() => end(`no answer within ${timeoutMs} ms`), timeoutMs)
    child.on('error', (error) => done.reject(error))
    child.stdout!.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes > SPEECH_BYTES) end('it gives more than speech')
      else pieces.push(piece)
    })
    child.on('close', (code, signal) => {
      if (code === 0) done.resolve(Buffer.concat(pieces))
      else done.reject(new Error(`it ended with ${code ?? signal}`))
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(stdin)
    return done.promise.finally(() => clearTimeout(timer))
  }

  /** Kept for the next time; what has not been said for longest makes room. A full disk only costs the keeping. */
  async #keep(key: string, speech: Buffer): Promise<void> {
    const { dir, cacheBytes = CACHE_BYTES } = this.#options
    try {
      await writeFile(join(dir, `${key}.new`), speech, { mode: 0o600 })
      await rename(join(dir, `${key}.new`), join(dir, `${key}.wav`))
      const names = (await readdir(dir)).filter((name) => name.endsWith('.wav'))
      const files = await Promise.all(names.map(async (name) => ({ path: join(dir, name), ...(await stat(join(dir, name))) })))
      let sum = files.reduce((all, { size }) => all + size, 0)
      for (const { path, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
        if (sum <= cacheBytes) break
        await rm(path, { force: true })
        sum -= size
      }
    } catch (error) {
      this.#options.log.warn('speech is not kept', { reason: (error as Error).message })
    }
  }
}

async function read(file: string): Promise<Buffer> {
  if ((await stat(file)).size > SPEECH_BYTES) throw new Error('it gives more than speech')
  return readFile(file)
}

async function keptAt(file: string, now: number): Promise<Buffer | null> {
  try {
    const speech = await readFile(file)
    if (wavSeconds(speech) === null) return null
    await utimes(file, now / 1000, now / 1000)
    return speech
  } catch {
    return null
  }
}
