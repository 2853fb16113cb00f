import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
export const ADMIN_PASSWORD = 'correct horse battery staple'

export type PlatformProcess = {
  http: string
  mqtt: string
  /** host and port of the MQTT listener */
  mqttPort: number
  dataDir: string
  child: ChildProcess
  stdout(): string
  stderr(): string
  readyAfterMs: number
  /** JSON call as admin; throws with status and body unless 2xx */
  call<T = Record<string, never>>(method: string, path: string, body?: unknown): Promise<T>
  /** the same, giving status and body whatever they are */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<{ status: number; body: never }>
  token(): Promise<string>
  kill(signal?: NodeJS.Signals): Promise<number | null>
}

export const temporaryDir = (): string => mkdtempSync(join(tmpdir(), 'watchfire-'))

/** Starts the real platform as its own process on free ports and waits for `watchfire ready`. */
export async function startProcess(
  options: {
    dataDir?: string
    env?: Record<string, string>
    entry?: string
    args?: string[]
    keep?: boolean
    /** a command that becomes the platform: `taskset -c 0`, `strace -D …` */
    through?: string[]
    /** the checkout to run, ours unless given */
    root?: string
    /** ends it with SIGKILL, also before it is ready */
    killedBy?: AbortSignal
  } = {},
): Promise<PlatformProcess> {
  const dataDir = options.dataDir ?? temporaryDir()
  const began = performance.now()
  const env = {
    ...Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith('WATCHFIRE_') && !name.startsWith('VITEST')),
    ),
    WATCHFIRE_DATA_DIR: dataDir,
    WATCHFIRE_HTTP_PORT: '0',
    WATCHFIRE_MQTT_PORT: '0',
    WATCHFIRE_MQTTS_PORT: 'off',
    WATCHFIRE_ADMIN_PASSWORD: ADMIN_PASSWORD,
    ...options.env,
  }
  const command = [
    ...(options.through ?? []),
    process.execPath,
    join(options.root ?? root, 'launch.js'),
    options.entry ?? 'main.ts',
    ...(options.args ?? []),
  ]
  const child = spawn(command[0]!, command.slice(1), {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: dataDir,
  })
  options.killedBy?.addEventListener('abort', () => child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stderr!.on('data', (chunk: Buffer) => (stderr = (stderr + chunk).slice(-200_000)))
  const exit = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', (chunk: Buffer) => {
      stdout += chunk
      if (stdout.includes('watchfire ready\n')) resolve()
    })
    void exit.then((code) => reject(new Error(`the platform ended with ${code} before it was ready:\n${stderr}`)))
  })
  const readyAfterMs = performance.now() - began
  const address = (name: string) => new RegExp(`^listening ${name} (\\S+)$`, 'm').exec(stdout)?.[1] ?? ''
  const http = address('http')
  const mqtt = address('mqtt')
  let session: Promise<string> | undefined
  const ask: PlatformProcess['ask'] = async (method, path, body, headers = {}) => {
    const response = await fetch(http + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text) as never }
  }
  const token = () =>
    (session ??= ask('POST', '/api/v1/session', { username: 'admin', password: ADMIN_PASSWORD }).then(
      ({ body }) => (body as { token: string }).token,
    ))
  return {
    http,
    mqtt,
    mqttPort: Number(URL.parse(mqtt)?.port ?? 0),
    dataDir,
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    readyAfterMs,
    token,
    ask,
    async call(method, path, body) {
      const answer = await ask(method, path, body, { authorization: `Bearer ${await token()}` })
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
      return answer.body
    },
    async kill(signal = 'SIGKILL') {
      child.kill(signal)
      const code = await exit
      if (!options.keep && !options.dataDir) rmSync(dataDir, { recursive: true, force: true })
      return code
    },
  }
}
