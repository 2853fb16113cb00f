import { parseArgs } from 'node:util'
import { killRounds, type RoundResult } from './kill-rounds.ts'
import { isRight } from './compare.ts'

const usage = `npm run killtest -- [--rounds 20] [--seconds 5] [--seed 1] [--devices 60] [--powercut] [--platform DIR]
  kills the platform with SIGKILL at random moments under load, restarts it and compares what was acknowledged with what is
  stored and alarmed
  --powercut   also discards what was not flushed to the disk before the kill (needs root and loop devices)
  --platform   runs the platform of another checkout, e.g. one whose flush was taken out to see this test fail
`
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    devices: { type: 'string', default: '60' },
    powercut: { type: 'boolean', default: false },
    platform: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const say = (text: string) => process.stdout.write(`${text}\n`)
if (values.help) {
  say(usage)
  process.exit(0)
}

say(`seed ${values.seed}${values.powercut ? ', power cuts' : ''}`)
say('round  killed at  during    acked     stored   alarms  lost  doubled  retimed  late  recovery')
const cell = (value: number | string, width: number) => String(value).padStart(width)
function report({ round, killedAfterMs, duringStart, acked, verdict, recoveryMs }: RoundResult): void {
  const { lostReadings, wrongReadings, lostAlarms, doubledAlarms, retimedAlarms, late, stored, alarms, examples } = verdict
  say(
    [
      cell(round, 5),
      cell(`${Math.round(killedAfterMs)} ms`, 9),
      cell(duringStart ? 'load+start' : 'load', 10),
      cell(acked, 7),
      cell(stored, 9),
      cell(alarms, 7),
      cell(lostReadings + lostAlarms, 4),
      cell(wrongReadings + doubledAlarms, 7),
      cell(retimedAlarms, 7),
      cell(late, 4),
      cell(`${Math.round(recoveryMs)} ms`, 9),
    ].join('  '),
  )
  for (const example of examples) say(`       ${example}`)
}

const results = await killRounds({
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  devices: Number(values.devices),
  powerCut: values.powercut,
  ...(values.platform !== undefined && { root: values.platform }),
  report,
})
const sum = (of: (result: RoundResult) => number) => results.reduce((total, one) => total + of(one), 0)
const recovery = results.map(({ recoveryMs }) => recoveryMs).toSorted((a, b) => a - b)
const right = results.every(({ verdict }) => isRight(verdict))
const last = results.at(-1)!
say(
  [
    `${results.length} rounds, ${last.acked} readings acknowledged, ${last.verdict.alarms} alarms:`,
    `lost ${sum(({ verdict }) => verdict.lostReadings + verdict.lostAlarms)},`,
    `doubled ${sum(({ verdict }) => verdict.wrongReadings + verdict.doubledAlarms)},`,
    `retimed ${sum(({ verdict }) => verdict.retimedAlarms)},`,
    `late ${sum(({ verdict }) => verdict.late)};`,
    `recovery p50 ${Math.round(recovery[recovery.length >> 1]!)} ms, max ${Math.round(recovery.at(-1)!)} ms`,
  ].join(' '),
)
process.exit(right ? 0 : 1)
