import { parseArgs } from 'node:util'
import { DistrictDays } from './district-days.ts'
import { mishaps, ordinary } from './county.ts'
import { Tally } from './tally.ts'

const usage = `npm run quiet -- [--days N] [--districts N] [--devices N] [--desks N] [--calm]
  --days       simulated days (30)
  --districts  districts of about 105 devices that are simulated (20)
  --devices    devices of the county the result is scaled to (20000)
  --desks      control-room desks of that county (1)
  --calm       nothing happens: any red or orange fails
Fails when the shipped rules would raise more than 10 reds a desk and day.
`
const MOST_REDS = 10
const DAY = 86_400_000
/** Monday 5 January 2026, midnight in the district. */
const FROM = Date.UTC(2026, 0, 4, 16)

const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '30' },
    districts: { type: 'string', default: '20' },
    devices: { type: 'string', default: '20000' },
    desks: { type: 'string', default: '1' },
    calm: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const numbers = [values.days, values.districts, values.devices, values.desks].map(Number)
if (values.help || numbers.some((number) => !Number.isInteger(number) || number < 1)) {
  process.stdout.write(usage)
  process.exit(values.help ? 0 : 1)
}
const [days, districts, devices, desks] = numbers as [number, number, number, number]

const began = performance.now()
const county = new DistrictDays({ from: FROM, districts, seed: 5 })
const to = FROM + days * DAY
if (!values.calm) county.befall(ordinary(5), FROM, to)
const befallen = county.reporters.reduce((sum, { befalls }) => sum + befalls.length, 0)
const tally = new Tally()
for (let day = 1; day <= days; day++) {
  for (const said of county.until(FROM + day * DAY)) tally.add(said)
  process.stderr.write(`\rday ${day} of ${days}`)
}
process.stderr.write('\n')

const scale = devices / county.reporters.length
const perDeskDay = (count: number) => (count * scale) / days / desks
const seconds = (performance.now() - began) / 1_000
const print = (text: string) => process.stdout.write(`${text}\n`)
print(
  `${days} days of ${county.reporters.length} devices, ${befallen} mishaps, ${county.readings.toLocaleString('en')} readings in ${seconds.toFixed(0)} s`,
)
if (!values.calm)
  print(
    `assumed a month per 1,000: ${mishaps.map(({ name, kind, perThousand }) => `${name} ${perThousand} (${kind})`).join(', ')}`,
  )
print(`scaled to ${devices} devices and ${desks} desk(s), alarms a desk and day:`)
for (const [name, count] of tally.rows()) print(`  ${perDeskDay(count).toFixed(2).padStart(8)}  ${name} (${count})`)
const reds = perDeskDay(tally.byLevel.red)
print(`reds a desk and day: ${reds.toFixed(2)} (at most ${MOST_REDS})`)
const loud = tally.byLevel.red + tally.byLevel.orange
if (values.calm && loud > 0) print(`a calm time raised ${loud} red and orange alarms`)
process.exit(reds > MOST_REDS || (values.calm && loud > 0) ? 1 : 0)
