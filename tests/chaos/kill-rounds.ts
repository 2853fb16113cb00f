import { rmSync } from 'node:fs'
import { startProcess, temporaryDir, type PlatformProcess } from '../flow/platform-process.ts'
import { alarmsOf, isRight, type Verdict, Witness } from './compare.ts'
import { Dice } from './dice.ts'
import { RULE } from './expected-alarms.ts'
import { ChaosDevice, Fleet } from './fleet.ts'
import { CuttableDisk } from './disks.ts'

export type KillOptions = {
  rounds: number
  /** longest load before a kill */
  seconds: number
  seed: number
  devices: number
  powerCut: boolean
  /** the checkout to run, ours unless given */
  root?: string
  report?: (result: RoundResult) => void
}
export type RoundResult = {
  round: number
  killedAfterMs: number
  /** the platform was killed once more while it was starting */
  duringStart: boolean
  /** readings acknowledged so far, all rounds */
  acked: number
  verdict: Verdict
  recoveryMs: number
}

/** One in six devices has somebody who acknowledges its alarms while readings come. */
const ATTENDED = 6
const KILL_DURING_START = 0.2
const LOOK_BACK_MS = 2_000

/** Load, SIGKILL at a random moment, restart, compare; the last round compares everything from the beginning. Ends at the first wrong one. */
export async function killRounds(options: KillOptions): Promise<RoundResult[]> {
  const dice = new Dice(options.seed)
  const disk = options.powerCut ? CuttableDisk.create() : null
  if (options.powerCut && !disk)
    throw new Error('a power cut needs a disk of its own: run as root where loop devices can be mounted')
  const dir = disk ? null : temporaryDir()
  const dataDir = () => disk?.mountedAt ?? dir!
  const start = (killedBy?: AbortSignal) =>
    startProcess({ dataDir: dataDir(), ...(options.root !== undefined && { root: options.root }), ...(killedBy && { killedBy }) })

  let platform = await start()
  try {
    const fleet = new Fleet(await install(platform, options.devices, options.seed))
    const attended = new Set(fleet.devices.filter((_, i) => i % ATTENDED === ATTENDED - 1).map(({ id }) => id))
    const witness = new Witness(fleet.devices, attended)
    const results: RoundResult[] = []
    for (let round = 1; round <= options.rounds; round++) {
      const from = Date.now() - LOOK_BACK_MS
      await fleet.connect(platform.mqttPort)
      fleet.start()
      const officer = attend(platform, [...attended], witness)
      const killedAfterMs = dice.between(200, options.seconds * 1000)
      await new Promise((resolve) => setTimeout(resolve, killedAfterMs))
      await platform.kill('SIGKILL')
      fleet.cut()
      await officer.stop()
      disk?.cut()
      const duringStart = dice.hits(KILL_DURING_START)
      if (duringStart) {
        await killWhileStarting(start, Math.round(dice.between(50, 1_500)))
        disk?.cut()
      }
      platform = await start()
      const last = round === options.rounds
      const verdict = await witness.compare(platform, last ? 0 : from)
      const result = { round, killedAfterMs, duringStart, acked: fleet.ackedCount(), verdict, recoveryMs: platform.readyAfterMs }
      results.push(result)
      options.report?.(result)
      if (!isRight(verdict)) break
      if (!last) await quietAcknowledgements(platform, fleet, attended, witness, dice)
    }
    return results
  } finally {
    await platform.kill('SIGKILL')
    disk?.remove()
    if (dir) rmSync(dir, { recursive: true, force: true })
  }
}

async function install(platform: PlatformProcess, count: number, seed: number): Promise<ChaosDevice[]> {
  const { id: enterpriseId } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', {
    name: 'chaos',
    region: '370102',
  })
  await platform.call('PUT', `/api/v1/rules/${RULE.id}`, { ...RULE, version: 0 })
  const devices: ChaosDevice[] = []
  for (let i = 0; i < count; i++) {
    const body = { enterpriseId, kind: 'other', name: `chaos-${i}` }
    const { id, token } = await platform.call<{ id: string; token: string }>('POST', '/api/v1/devices', body)
    devices.push(new ChaosDevice(id, token, seed + i))
  }
  return devices
}

/** A person who acknowledges whatever is unacknowledged at the attended devices, and remembers each 200. */
function attend(platform: PlatformProcess, devices: string[], witness: Witness) {
  let going = true
  const work = (async () => {
    for (let i = 0; going && devices.length > 0; i++) {
      try {
        const alarm = (await alarmsOf(platform, devices[i % devices.length]!)).find(
          ({ state }) => state === 'active' || state === 'returned',
        )
        if (alarm) await acknowledge(platform, alarm.id, alarm.version, witness)
      } catch {
        // The platform was killed with the question on its way: nothing was answered, so nothing is remembered.
      }
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
  })()
  return {
    async stop() {
      going = false
      await work
    },
  }
}

async function acknowledge(platform: PlatformProcess, alarmId: string, version: number, witness: Witness): Promise<boolean> {
  const headers = { authorization: `Bearer ${await platform.token()}` }
  const { status, body } = await platform.ask('POST', `/api/v1/alarms/${alarmId}/acknowledge`, { version }, headers)
  if (status === 200) witness.answered.push({ alarmId, version: (body as { alarm: { version: number } }).alarm.version })
  return status === 200
}

/** All values go low and everything is acknowledged to the devices; then half of the returned alarms are acknowledged by a person. */
async function quietAcknowledgements(
  platform: PlatformProcess,
  fleet: Fleet,
  attended: ReadonlySet<string>,
  witness: Witness,
  dice: Dice,
) {
  await fleet.connect(platform.mqttPort)
  for (const device of fleet.devices) device.calm()
  await fleet.drained()
  for (const device of fleet.devices) {
    if (attended.has(device.id) || dice.hits(0.5)) continue
    const alarm = await untilReturned(platform, device.id)
    if (!alarm || !(await acknowledge(platform, alarm.id, alarm.version, witness))) continue
    const before = witness.acknowledged.get(device.id) ?? []
    witness.acknowledged.set(device.id, [...before, { after: device.newest }])
  }
  fleet.cut()
}

/** Alarms follow their readings within moments, but not before their acknowledgement. */
async function untilReturned(platform: PlatformProcess, device: string) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const alarm = (await alarmsOf(platform, device)).find(({ state }) => state !== 'normal')
    if (!alarm || alarm.state === 'returned') return alarm
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the alarm of ${device} has not returned 5 s after its last reading`)
}

/** A second kill before `ready`: recovery itself must be safe to interrupt. */
async function killWhileStarting(start: (signal: AbortSignal) => Promise<PlatformProcess>, afterMs: number): Promise<void> {
  const kill = AbortSignal.timeout(afterMs)
  const started = await start(kill).catch(() => null)
  await started?.kill('SIGKILL')
}
