import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import { recordEntries } from '../../journal/record-reader.ts'
import { verifyChain, verifyHeads } from '../../journal/seal.ts'
import type { Manifest } from '../../operate/manifest.ts'
import { storedReadings } from '../chaos/compare.ts'
import { ChaosDevice, Fleet } from '../chaos/fleet.ts'
import { startProcess, temporaryDir, type PlatformProcess } from './platform-process.ts'

const root = join(import.meta.dirname, '../..')
let platform: PlatformProcess
const devices: ChaosDevice[] = []
const folder = temporaryDir()
const copy = join(folder, 'copy')
const again = join(folder, 'again')

/** The command as a person runs it, in a folder with a settings file of its own. */
async function command(dataDir: string, ...args: string[]): Promise<{ code: number; said: string }> {
  const env = { ...process.env, WATCHFIRE_DATA_DIR: dataDir }
  const run = promisify(execFile)(process.execPath, [join(root, 'launch.js'), 'operate/backup-command.ts', ...args], {
    cwd: folder,
    env,
  })
  return run.then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, said: error.stderr }),
  )
}

const alarmsOf = async (from: PlatformProcess) => {
  const { alarms } = await from.call<{ alarms: Alarm[] }>('GET', '/api/v1/alarms?limit=1000')
  return new Map(alarms.map((alarm) => [alarm.id, alarm]))
}

beforeAll(async () => {
  platform = await startProcess({ keep: true })
  writeFileSync(join(folder, 'watchfire.yaml'), 'jurisdiction: 备份县\n')
  const { id: enterpriseId } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', {
    name: '备份厂',
    region: '370102',
  })
  for (let i = 0; i < 10; i++) {
    const body = { enterpriseId, kind: 'other', name: `d${i}` }
    const { id, token } = await platform.call<{ id: string; token: string }>('POST', '/api/v1/devices', body)
    devices.push(new ChaosDevice(id, token, i))
  }
  await platform.call('PUT', '/api/v1/rules/backup-tilt', {
    type: 'threshold',
    metric: 'tiltDeg',
    applies: {},
    limits: [{ name: 'H', above: 25, level: 'yellow' }],
    deadband: 2,
    onDelayMs: 0,
    offDelayMs: 0,
    version: 0,
  })
})
afterAll(async () => {
  await platform?.kill()
  for (const dir of [folder, platform.dataDir]) rmSync(dir, { recursive: true, force: true })
})

test(
  'a backup under load, restored after a kill -9, has every reading and alarm older than it, and its chain goes on',
  { timeout: 120_000 },
  async () => {
    const fleet = new Fleet(devices)
    await fleet.connect(platform.mqttPort)
    fleet.start()
    await expect.poll(() => fleet.ackedCount(), { timeout: 30_000 }).toBeGreaterThan(3_000)
    await expect.poll(async () => (await alarmsOf(platform)).size, { timeout: 20_000 }).toBeGreaterThan(5)
    const [first] = (await alarmsOf(platform)).values()
    await platform.call('POST', `/api/v1/alarms/${first!.id}/comment`, { version: first!.version, comment: '已电话核实' })

    const acked = devices.map((device) => [...device.acked])
    const alarms = await alarmsOf(platform)
    const done = await command(platform.dataDir, 'backup', copy)
    expect(done).toMatchObject({ code: 0 })
    const during = fleet.ackedCount() - acked.flat().length
    await platform.kill()
    fleet.cut()
    expect(during, 'acknowledged while the backup ran').toBeGreaterThan(0)

    const manifest = JSON.parse(readFileSync(join(copy, 'manifest.json'), 'utf8')) as Manifest
    const paths = manifest.files.map(({ path }) => path)
    for (const path of [
      'format.json',
      'history.db',
      'people.db',
      'state.db',
      'journal/cursors.json',
      'configuration/watchfire.yaml',
    ])
      expect(paths).toContain(path)
    for (const path of ['lock', 'admin-password']) expect(paths).not.toContain(path)
    expect(paths.filter((path) => (statSync(join(copy, path)).mode & 0o077) !== 0)).toEqual([])
    expect((await command(folder, 'backup', '--verify', copy)).said).toContain(manifest.record.head)

    expect(await command(again, 'restore', copy)).toMatchObject({ code: 0 })
    const restored = await startProcess({ dataDir: again })
    try {
      for (const [i, device] of devices.entries()) {
        const stored = new Map(await storedReadings(restored, device.id, 0))
        expect(acked[i]!.filter((at) => stored.get(at) !== device.sent.get(at))).toEqual([])
      }
      const after = await alarmsOf(restored)
      for (const [id, { raisedAt, measuredAt, version }] of alarms) {
        expect(after.get(id)).toMatchObject({ raisedAt, measuredAt })
        expect(after.get(id)!.version).toBeGreaterThanOrEqual(version)
      }
      const { items } = await restored.call<{ items: { entry: { comment?: string } }[] }>(
        'GET',
        `/api/v1/alarms/${first!.id}/timeline`,
      )
      expect(items.map(({ entry }) => entry.comment)).toContain('已电话核实')
      // It goes on: devices send, alarms follow, and the record says from where.
      await new Fleet(devices).connect(restored.mqttPort)
      const before = devices.map((device) => device.acked.size)
      for (const device of devices) device.calm()
      await expect.poll(() => devices.every((device, i) => device.acked.size > before[i]!)).toBe(true)
      for (const device of devices) device.cut()
    } finally {
      await restored.kill('SIGTERM')
    }
    const journal = join(again, 'journal')
    expect(verifyChain(journal).brokenAt).toBeNull()
    expect(verifyHeads(again).every(({ signed, stands }) => signed && stands)).toBe(true)
    const said = [...recordEntries(journal)].map(({ entry }) => readRecordEntry(entry)).filter(({ kind }) => kind === 'restored')
    expect(said).toEqual([{ kind: 'restored', lastHead: manifest.record.head, gap: null }])
  },
)

test('backup and restore refuse what is not theirs, and say what to do', async () => {
  const refused = async (dataDir: string, ...args: string[]) => {
    const { code, said } = await command(dataDir, ...args)
    expect([code, said.trim().split('\n').length]).toEqual([1, 1])
    return said
  }
  expect(await refused(platform.dataDir, 'backup', copy)).toMatch(/is not empty/)
  expect(await refused(platform.dataDir, 'backup', join(platform.dataDir, 'inside'))).toMatch(/inside the data folder/)
  expect(await refused(folder, 'backup', join(folder, 'x'))).toMatch(/no format.json/)
  expect(await refused(platform.dataDir, 'backup')).toMatch(/say which folder/)
  expect(await refused(platform.dataDir, 'restore', copy)).toMatch(/never goes over data/)
  const half = join(folder, 'half')
  mkdirSync(half)
  writeFileSync(join(half, 'UNFINISHED'), '')
  expect(await refused(join(folder, 'never'), 'restore', half)).toMatch(/was not finished/)
  expect(await refused(platform.dataDir, 'backup', half)).toMatch(/was not finished/)
  const running = await startProcess({ dataDir: again })
  expect(await refused(again, 'restore', copy)).toMatch(new RegExp(`in use by process ${running.child.pid}`))
  await running.kill()

  const state = join(copy, 'state.db')
  const bytes = readFileSync(state)
  bytes[1_000]! ^= 1
  writeFileSync(state, bytes)
  expect(await refused(join(folder, 'never'), 'restore', copy)).toMatch(/state.db .* checksum differs/)
  expect(await refused(folder, 'backup', '--verify', copy)).toMatch(/state.db .* checksum differs/)
  rmSync(state)
  expect(await refused(join(folder, 'never'), 'restore', copy)).toMatch(/state.db is missing/)
  const manifest = join(copy, 'manifest.json')
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"format": 1', '"format": 9'))
  expect(await refused(join(folder, 'never'), 'restore', copy)).toMatch(/manifest.json is not what was written/)
  rmSync(manifest)
  expect(await refused(join(folder, 'never'), 'restore', copy)).toMatch(/not a whole backup/)
  expect(existsSync(join(folder, 'never'))).toBe(false)
})
