import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { silentLog } from '../../../core/log.ts'
import type { RecordEntry } from '../../../core/record.ts'
import { GOOD } from '../../../core/quality.ts'
import { BlockBuilder } from '../../../core/reading.ts'
import { startMeasures } from '../../../alerts/measures/measures.ts'
import { defaultWeights } from '../../../alerts/risk/default-weights.ts'
import { blockDraft, readRecordEntry, recordDraft } from '../../../journal/codec.ts'
import { openJournal, type EmbeddedJournal } from '../../../journal/embedded.ts'
import { sampleChange } from '../alarm-sample.ts'
import { aDevice, defineSeries, setDevice } from '../world.ts'

const dirs: string[] = []
const stops: (() => Promise<void>)[] = []
const stopAll = async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
}
afterEach(async () => {
  await stopAll()
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true })
})
const folder = () => {
  const dir = mkdtempSync(join(tmpdir(), 'watchfire-measures-'))
  dirs.push(dir)
  return dir
}

async function start(dir: string) {
  const journal = await openJournal({ dir, cursors: ['measures'], log: silentLog })
  stops.push(() => journal.stop())
  await journal.append([recordDraft({ kind: 'platform.started', version: '1', mode: 'live' })])
  const config = { dataDir: dir, mode: 'live', zone: 'Asia/Shanghai' } as const
  const measures = startMeasures({ config, journal, log: silentLog, failed: (error) => expect.fail(error.message) })
  stops.push(() => measures.stop())
  return { journal, measures }
}

const enterprise: RecordEntry = {
  ...{ kind: 'registry.changed', by: 'test', before: null, entity: 'enterprise' },
  row: { id: 'e1', name: 'E', region: '330106', sector: null, retiredAt: null },
}
const reading = (journal: EmbeddedJournal) => {
  const block = new BlockBuilder()
  block.add(1, journal.clock.now(), journal.clock.now(), 3, GOOD)
  return blockDraft(block.take(), 1)
}
const risksIn = async (journal: EmbeddedJournal) =>
  (await journal.readRecord(1, ['risk.changed'])).map(
    (entry) => readRecordEntry(entry) as Extract<RecordEntry, { kind: 'risk.changed' }>,
  )

async function until<T>(look: () => Promise<T>, seen: (value: T) => boolean): Promise<T> {
  for (let i = 0; i < 400; i++) {
    const value = await look()
    if (seen(value)) return value
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('what was waited for did not come')
}

test('in its own thread, on the embedded journal: risk is recorded, weights are versions, and a kill loses and doubles nothing', async () => {
  const dir = folder()
  const { journal, measures } = await start(dir)
  expect(
    await until(
      () => measures.riskWeights(),
      ({ version }) => version === 1,
    ),
  ).toMatchObject({
    ...{ origin: 'shipped', weights: defaultWeights },
  })
  const device = setDevice(aDevice({ enterpriseId: 'e1' }))
  await journal.append([enterprise, device, defineSeries(1, 'combustibleLel')].map((entry) => recordDraft(entry)))
  await journal.append([reading(journal)])
  await journal.append([recordDraft(sampleChange('raised', { enterpriseId: 'e1', deviceId: 'GAS-01', level: 'red' }))])
  const red = await until(
    () => measures.risk('live', 'enterprise:e1'),
    (risk) => risk?.colour === 'red',
  )
  expect(red).toMatchObject({ index: 81, weightsVersion: 1, makesBlue: [{ do: 'end-alarms' }] })
  expect(await measures.risk('live', 'region:330106')).toMatchObject({ colour: 'red', enterprises: [{ id: 'e1', index: 81 }] })
  const history = () => measures.riskHistory({ mode: 'live', id: 'enterprise:e1', limit: 10 })
  await until(history, ({ changes }) => changes[0]?.index === 81)
  expect(await measures.checkRiskWeights({ ...defaultWeights, rollUp: { worst: 0.7, unknownAs: 90 } })).toMatchObject({
    path: 'rollUp.unknownAs',
  })
  const weights = { ...defaultWeights, grade: { ...defaultWeights.grade, unstated: 10, general: 10 } }
  await journal.append([recordDraft({ kind: 'risk.weights', version: 2, origin: 'person', weights, by: 'p1' })])
  await until(
    () => measures.risk('live', 'enterprise:e1'),
    (risk) => risk?.index === 85 && risk.weightsVersion === 2,
  )
  const { kpis } = await measures.kpi({ mode: 'live' })
  expect(kpis.find(({ id }) => id === 'enterprise.connected')).toMatchObject({ value: 1 })
  const report = await measures.alarmPerformance({
    mode: 'live',
    from: Date.now() - 1000,
    to: Date.now() + 1,
    by: 'day',
    shifts: [],
  })
  expect(report.total).toMatchObject({ annunciations: 1, levels: { red: 1 }, known: true })
  // What a kill leaves: nothing was saved yet, so all of it is counted again from the journal.
  const copy = folder()
  cpSync(dir, copy, { recursive: true, filter: (name) => !name.endsWith('.sock') })
  const before = await risksIn(journal)
  const again = await start(copy)
  await until(
    () => again.measures.risk('live', 'enterprise:e1'),
    (risk) => risk?.index === 85,
  )
  expect((await again.measures.riskWeights()).origin).toBe('person')
  await new Promise((resolve) => setTimeout(resolve, 1_200))
  const after = await risksIn(again.journal)
  expect(after.slice(0, before.length)).toEqual(before)
  const sameTick = after.map(({ risk }) => `${risk.id} ${risk.since}`)
  expect(new Set(sameTick).size).toBe(sameTick.length)
  // A stop and a start say nothing new.
  await stopAll()
  const third = await start(copy)
  expect(
    await until(
      () => third.measures.risk('live', 'enterprise:e1'),
      (risk) => risk !== null,
    ),
  ).toMatchObject({ index: 85 })
  expect(third.measures.status()).toMatchObject({ name: 'measures', state: 'ok' })
}, 30_000)
