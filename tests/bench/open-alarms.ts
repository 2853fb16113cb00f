import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Alarm } from '../../core/alarm.ts'
import { AlarmGroupBook } from '../../core/alarm-group.ts'
import { GOOD } from '../../core/quality.ts'
import { BlockBuilder, readBlock } from '../../core/reading.ts'
import type { AlarmChangeEntry, RecordEntry } from '../../core/record.ts'
import type { Device } from '../../core/registry.ts'
import { Engine } from '../../alerts/engine.ts'
import type { Emission } from '../../alerts/open-alarms.ts'
import { StateDb } from '../../alerts/state-db.ts'
import { LiveState } from '../../dashboards/live-state.ts'
import { Scope } from '../../dashboards/live-scope.ts'
import { recordDraft } from '../../journal/codec.ts'
import { type Bench } from './report.ts'
import { aRule } from './rules.ts'

const T0 = 1_767_225_600_000
const metric = 'combustibleLel'
/** These are never in alarm but for the decisions that are measured. */
const CALM = 10_000
const ROUNDS = 15

const FIRST_PICTURE = 'the whole picture for a new screen, put into words for the first time'
const NEXT_PICTURE = 'the same for the next screen, after a change'

type Cost = Record<string, number>

/** Engine, state.db and live view of so many detectors, as the platform holds them. */
class Hall {
  readonly devices: number
  readonly engine = new Engine()
  readonly live: LiveState
  readonly scope: Scope
  readonly groups = new AlarmGroupBook()
  readonly db: StateDb
  readonly #dir = mkdtempSync(join(tmpdir(), 'watchfire-bench-'))
  #pos = 1
  #second = 1

  constructor(devices: number) {
    this.devices = devices
    this.db = new StateDb(join(this.#dir, 'state.db'))
    this.#record({ kind: 'platform.started', version: 'bench', mode: 'live' })
    const limits = [{ name: 'H', above: 25, level: 'yellow' }]
    const rule = aRule('threshold', { limits, onDelayMs: 0, offDelayMs: 0 })
    this.#record({ kind: 'rule.set', rule, by: 'bench' })
    for (let i = 1; i <= devices; i++) {
      const row = { id: `D${i}`, enterpriseId: `E${i % 500}`, kind: 'gas-detector', name: `D${i}`, mode: 'live', attributes: {} }
      const rest = {
        zoneId: `Z${i % 2000}`,
        latitude: null,
        longitude: null,
        terminalPhone: null,
        unitAddress: null,
        serial: null,
      }
      const device = {
        ...row,
        ...rest,
        tokenHash: String(i).padStart(64, '0'),
        demo: false,
        createdAt: T0,
        retiredAt: null,
      } as Device
      this.#record({ kind: 'registry.changed', entity: 'device', row: device, before: null, by: 'bench' })
      this.#record({ kind: 'series.defined', series: [{ id: i, mode: 'live', device: device.id, metric }] })
    }
    this.live = new LiveState(this.engine.directory, () => true)
    this.live.load([], [], T0)
    this.scope = new Scope('live', null, this.live, this.engine.directory.registry, {
      epoch: 'b',
      jurisdiction: 'b',
      zone: 'UTC',
    })
  }

  #record(entry: RecordEntry): void {
    this.engine.apply({ ...recordDraft(entry), key: null, pos: this.#pos++, receivedAt: T0 })
  }

  /** One reading each of `from` to `through`; what it took, in µs a reading. */
  read(from: number, through: number, value: number): number {
    const at = T0 + this.#second++ * 1_000
    const builder = new BlockBuilder(through - from + 1)
    for (let i = from; i <= through; i++) builder.add(i, at, at, value, GOOD)
    const block = readBlock(builder.take())
    const took = timed(() => this.engine.judgeBlock(block, this.#pos))
    this.#pos += block.count
    return took / block.count
  }

  tick(): number {
    return timed(() => this.engine.advance(T0 + this.#second++ * 1_000))
  }

  /** What was decided reaches the record, and from there everybody. */
  note(): { notedUs: number; shownUs: number; groupedUs: number } {
    const decided = this.engine.take()
    const entries = decided.map(({ entry }) => ({ ...recordDraft(entry), key: null, pos: this.#pos++, receivedAt: T0 }))
    const each = (act: () => void) => timed(act) / Math.max(1, decided.length)
    const alarms = decided.map(({ entry }: Emission) => (entry as AlarmChangeEntry).alarm)
    const notedUs = each(() => entries.forEach((entry) => this.db.note(entry)))
    const shownUs = each(() => {
      for (const entry of entries)
        for (const change of this.live.apply(entry)) if (change.kind !== 'names') this.scope.change(change)
    })
    const groupedUs = each(() => alarms.forEach((alarm: Alarm) => this.groups.put(alarm, true)))
    return { notedUs, shownUs, groupedUs }
  }

  save(): number {
    return timed(() => this.engine.takeState())
  }

  end(): void {
    this.db.close()
    rmSync(this.#dir, { recursive: true })
  }
}

/** All alarms are in it, so it cannot be flat. */
const isWhole = (what: string): boolean => what === FIRST_PICTURE || what === NEXT_PICTURE

/** µs by the clock; the fastest round is told, so that whatever else the machine does counts least. */
function timed(act: () => unknown): number {
  const began = performance.now()
  act()
  return (performance.now() - began) * 1_000
}

function costOf(hall: Hall): Cost {
  const calm = hall.devices - CALM + 1
  const rounds = Array.from({ length: ROUNDS }, (): Cost => {
    const quiet = hall.read(calm + 200, hall.devices, 5)
    const standing = hall.read(1, 100, 60)
    const raise = hall.read(calm, calm + 99, 60)
    const { notedUs, shownUs, groupedUs } = hall.note()
    const clear = hall.read(calm, calm + 99, 5)
    hall.note()
    const save = hall.save()
    const list = timed(() => hall.db.alarms({ mode: 'live', open: true, limit: 100 }))
    return {
      'a quiet reading': quiet,
      'a reading of a point in alarm': standing,
      'a reading that decides': (raise + clear) / 2,
      'a tick with nothing due': hall.tick(),
      'a save of what changed': save,
      'a change noted in state.db': notedUs,
      'a change to a live view, with its level counters': shownUs,
      'a change to the groups': groupedUs,
      'GET /alarms?open=true&limit=100 in state.db': list,
    }
  })
  const cost = Object.fromEntries(Object.keys(rounds[0]!).map((what) => [what, Math.min(...rounds.map((round) => round[what]!))]))
  const picture = () => {
    hall.scope.pictureIsOld()
    return timed(() => hall.scope.snapshot(T0, null))
  }
  const first = picture()
  const again = Math.min(...Array.from({ length: 3 }, picture))
  return { ...cost, [FIRST_PICTURE]: first, [NEXT_PICTURE]: again }
}

const microseconds = (us: number): string => (us < 10 ? us.toFixed(2) : Math.round(us).toLocaleString('en'))

/** What things cost while 100, 10,000 and 100,000 alarms are open. */
export function benchOpenAlarms(bench: Bench): Promise<void> {
  const counts = bench.quick ? [100, 1_000, 10_000] : [100, 10_000, 100_000]
  const hall = new Hall(counts.at(-1)! + CALM)
  const costs: Cost[] = []
  const loads: string[] = []
  let open = 0
  try {
    // Every path is warm before the first is measured.
    hall.read(hall.devices - CALM + 1, hall.devices, 5)
    for (const count of counts) {
      hall.read(open + 1, count, 60)
      hall.note()
      open = count
      hall.save()
      if (costs.length === 0) costOf(hall)
      costs.push(costOf(hall))
      loads.push(loadavg()[0]!.toFixed(1))
    }
  } finally {
    hall.end()
  }
  for (const what of Object.keys(costs[0]!)) {
    const measured = costs.map((cost) => cost[what]!)
    bench.add({
      what: `µs: ${what}, at ${counts.map((count) => count.toLocaleString('en')).join(' / ')} open alarms`,
      target: isWhole(what) ? 'reported' : 'flat',
      measured: measured.map(microseconds).join(' / '),
      // Within caches and out of them are not the same; growing with the number would be tenfold and more.
      met: isWhole(what) ? null : measured.at(-1)! < Math.max(5, 4 * measured[0]!),
      detail: `fastest of ${ROUNDS} rounds; load average ${loads.join(' / ')}`,
    })
  }
  return Promise.resolve()
}
