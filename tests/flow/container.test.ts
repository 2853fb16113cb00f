import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, cpSync, globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { copies, environmentOf, example, root, stages } from '../compose/compose-file.ts'

/*
 * No container engine runs here. What can be shown without one: the files the image copies are all the platform needs, it
 * runs as a user who may write nowhere but in its data folder, and compose's health question is answered.
 */
const dir = mkdtempSync(join(tmpdir(), 'watchfire-image-'))
const app = join(dir, 'app')
const data = join(dir, 'data')
const isRoot = process.getuid?.() === 0
const who = isRoot ? { uid: 1000, gid: 1000 } : {}
let platform: ChildProcess | undefined
afterAll(() => {
  platform?.kill('SIGKILL')
  if (!isRoot) spawnSync('chmod', ['-R', 'u+w', dir])
  rmSync(dir, { recursive: true, force: true })
})

function assemble(): void {
  chmodSync(dir, 0o755)
  mkdirSync(app)
  const last = stages().at(-1)!
  for (const { sources, to } of copies(last)) {
    for (const source of sources.flatMap((pattern) => globSync(pattern, { cwd: root })))
      cpSync(join(root, source), join(app, to === './' ? source : to), { recursive: true })
  }
  rmSync(join(app, 'demo.ts'), { force: true }) // in .dockerignore
  symlinkSync(join(root, 'node_modules'), join(app, 'node_modules'))
  symlinkSync(join(root, 'dist'), join(app, 'dist'))
  mkdirSync(data, { mode: 0o700 })
  if (isRoot) chownSync(data, 1000, 1000)
  else spawnSync('chmod', ['-R', 'a-w', app])
}

test('what the image copies starts without a place to write but its data folder, is healthy, and stops within ten seconds', async () => {
  assemble()
  const filled = Object.fromEntries([...example].map(([name, value]) => [name, value || 'a long random string']))
  const env = {
    ...environmentOf('watchfire', filled),
    PATH: process.env['PATH'],
    NODE_ENV: 'production',
    WATCHFIRE_HOST: '127.0.0.1',
    WATCHFIRE_HTTP_PORT: '0',
    WATCHFIRE_MQTT_PORT: '0',
    WATCHFIRE_DATA_DIR: data,
    // InfluxDB is still starting, or gone: the platform does not wait for it.
    WATCHFIRE_INFLUX_URL: 'http://127.0.0.1:1',
  }
  const [program, ...words] = JSON.parse(
    stages()
      .at(-1)!
      .steps.find(({ word }) => word === 'CMD')!.rest,
  ) as string[]
  expect(program).toBe('node')
  const child = (platform = spawn(process.execPath, words, { cwd: app, env, ...who }))
  let [stdout, stderr] = ['', '']
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk))
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', (chunk: Buffer) => {
      stdout += chunk
      if (stdout.includes('watchfire ready\n')) resolve()
    })
    child.once('exit', (code) => reject(new Error(`it ended with ${code}:\n${stderr}`)))
  })
  const url = /^listening http (\S+)$/m.exec(stdout)![1]!
  const health = stages()
    .at(-1)!
    .steps.find(({ word }) => word === 'HEALTHCHECK')!
  const [, , question] = JSON.parse(/CMD (\[.*\])$/.exec(health.rest)![1]!) as [string, string, string]
  const ask = (address: string) => spawnSync(process.execPath, ['-e', question.replace('http://127.0.0.1:8080', address)]).status
  expect(ask(url)).toBe(0)
  expect(ask('http://127.0.0.1:1')).toBe(1)
  expect((await fetch(`${url}/login`)).status).toBe(200)
  const began = performance.now()
  child.removeAllListeners('exit')
  child.kill('SIGTERM')
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
  expect(performance.now() - began).toBeLessThan(10_000)
})
