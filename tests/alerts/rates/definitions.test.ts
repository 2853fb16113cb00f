import { readFileSync } from 'node:fs'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { expect, test } from 'vitest'
import { KpiDefinitionSchema } from '../../../core/kpi.ts'
import { defaultWeights } from '../../../alerts/risk/default-weights.ts'
import { shippedDefinitions } from '../../../alerts/rates/definitions.ts'

const page = readFileSync('docs/measures.md', 'utf8')

test('every rate that ships has its formula in words, a source, an id of its own, and stands in the docs', () => {
  const definitions = shippedDefinitions
  expect(Compile(Type.Array(KpiDefinitionSchema)).Check(definitions)).toBe(true)
  expect(new Set(definitions.map(({ id }) => id)).size).toBe(definitions.length)
  for (const { id, says, source, targets } of definitions) {
    expect(page).toContain(`\`${id}\``)
    expect(says.zh).toContain('÷')
    expect(source).not.toBe('')
    for (const target of targets) expect(target.source).not.toBe('')
  }
})

test('the weights in the docs are those that ship', () => {
  const { grade, alarm, unacknowledged, colours } = defaultWeights
  expect(page).toContain(
    `major ${grade.major}, larger ${grade.larger}, general ${grade.general}, low ${grade.low}, not graded ${grade.unstated}`,
  )
  expect(page).toContain(`red ${alarm.red}, orange ${alarm.orange}, yellow ${alarm.yellow}, blue ${alarm.blue}`)
  expect(page).toContain(unacknowledged.steps.map(({ points }) => points).join(', '))
  expect(page).toContain(`Red from ${colours.red}, orange from ${colours.orange}, yellow from ${colours.yellow}`)
})
