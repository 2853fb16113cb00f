import fc from 'fast-check'
import { expect, test } from 'vitest'
import { afterWorkingDays } from '../../core/calendar.ts'
import { PlatformError } from '../../core/errors.ts'
import {
  hazardStates,
  hazardSteps,
  isHazardOver,
  possibleSteps,
  type FiveFields,
  type Hazard,
  type HazardStep,
} from '../../core/hazard.ts'
import {
  fixersOf,
  missingFields,
  openHazard,
  overdueSteps,
  takeStep,
  type HazardMoment,
  type HazardStepDetails,
  type NewHazard,
} from '../../core/hazard-steps.ts'
import { issueNotice } from '../../core/notice-steps.ts'
import { chinaHolidays } from '../../core/holidays.ts'

const DAY = 86_400_000
const time = { calendar: chinaHolidays, zone: 'Asia/Shanghai' }
/** a Monday, 09:00 in Shanghai */
const monday = Date.parse('2026-03-02T01:00:00Z')
const wanted: NewHazard = {
  ...{ id: 'hz-1', mode: 'live', source: 'inspection', alarmId: null, enterpriseId: 'e-1' },
  ...{ place: '2# 车间', description: '消火栓被遮挡', category: 'fire' },
}
const allFive: FiveFields = {
  responsible: { unit: '设备部', personId: 'p-fixer' },
  measures: '清除遮挡物',
  funds: { yuan: 0, source: '无需' },
  deadline: monday + 30 * DAY,
  plan: '现场专人看守',
}
const by = (who: string, at = monday, comment: string | null = '说明'): HazardMoment => ({ by: who, at, comment })
const walk = (...steps: [HazardStep, HazardStepDetails, string][]): Hazard =>
  steps.reduce(
    (hazard, [step, details, who]) => takeStep(hazard, step, details, by(who), time),
    openHazard(wanted, by('p-1'), time),
  )
const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return (error as PlatformError).code
  }
  return 'done'
}

const fieldsWish = fc.record(
  {
    responsible: fc.constantFrom(null, { unit: '设备部', personId: 'p-1' }, { unit: ' ', personId: null }),
    measures: fc.constantFrom(null, '', '清除'),
    funds: fc.constantFrom(null, { yuan: 0, source: '无需' }, { yuan: 5, source: '' }),
    deadline: fc.constantFrom(null, monday + 400 * DAY),
    plan: fc.constantFrom(null, '  ', '看守'),
  },
  { requiredKeys: [] },
)
const wish = fc.record({
  step: fc.constantFrom(...hazardSteps),
  who: fc.constantFrom('p-1', 'p-2', 'p-3', 'p-4', 'p-5', 'p-6', 'p-7', 'p-8'),
  details: fc.record({
    level: fc.constantFrom('general' as const, 'major' as const),
    fields: fc.oneof({ weight: 5, arbitrary: fc.constant(allFive) }, { weight: 1, arbitrary: fieldsWish }),
    evidence: fc.constantFrom([], [' '], ['photo-1']),
    listing: fc.constantFrom('town' as const, 'county' as const, 'city' as const),
  }),
  comment: fc.constantFrom(null, '说明', '说明', '说明'),
  /** most of the time what is possible is tried, or no walk would come far */
  pick: fc.nat(),
})

test('hazard: no walk skips the verification, verifies its own work or moves with one of the five fields empty', () => {
  const reached = new Set<string>()
  fc.assert(
    fc.property(fc.array(wish, { minLength: 30, maxLength: 60, size: 'max' }), (wishes) => {
      let hazard = openHazard(wanted, by('p-1'), time)
      let verifiedSinceReport = false
      wishes.forEach(({ step: any, who, details, comment, pick }, at) => {
        const possible = possibleSteps(hazard.state)
        const step = pick % 8 === 0 || possible.length === 0 ? any : possible[pick % possible.length]!
        const before = hazard
        try {
          hazard = takeStep(
            hazard,
            step,
            details as unknown as HazardStepDetails,
            { by: who, at: monday + at * DAY, comment },
            time,
          )
        } catch (error) {
          if (!(error instanceof PlatformError)) throw error
          return
        }
        reached.add(hazard.state)
        expect(possible).toContain(step)
        expect(hazardStates).toContain(hazard.state)
        expect(hazard.version).toBe(before.version + 1)
        if (['treating', 'rectifying', 'stopped', 'reported', 'inReview'].includes(hazard.state)) verifiedSinceReport = false
        if (step === 'verify') {
          verifiedSinceReport = true
          expect(fixersOf(before).has(who)).toBe(false)
          if (hazard.level === 'major') expect(hazard.evidence.filter((one) => one.trim() !== '')).not.toEqual([])
        }
        if (['treating', 'rectifying', 'stopped', 'reported', 'inReview', 'verified', 'reviewed'].includes(hazard.state))
          expect(missingFields(hazard.fields)).toEqual([])
        if (['writtenOff', 'struckOff', 'announced'].includes(hazard.state)) {
          expect(verifiedSinceReport).toBe(true)
          expect(hazard.verifiedBy).not.toBeNull()
          expect(fixersOf(hazard).has(hazard.verifiedBy!)).toBe(false)
        }
        expect(hazard.dueAt === null).toBe(isHazardOver(hazard.state))
      })
    }),
    { numRuns: 600, seed: 6 },
  )
  // The walks have been everywhere, so what they did not break holds there.
  expect([...hazardStates].filter((state) => state !== 'found' && !reached.has(state))).toEqual([])
})

test('hazard: a general one goes its way, and each empty field is named', () => {
  const graded = walk(['register', {}, 'p-1'], ['grade', { level: 'general' }, 'p-1'])
  for (const field of Object.keys(allFive) as (keyof FiveFields)[]) {
    const planned = takeStep(graded, 'plan', { fields: { ...allFive, [field]: null } }, by('p-1'), time)
    expect(() => takeStep(planned, 'treat', {}, by('p-1'), time)).toThrow(field)
  }
  const reported = walk(
    ...([
      ['register', {}, 'p-1'],
      ['grade', { level: 'general' }, 'p-1'],
      ['plan', { fields: allFive }, 'p-1'],
    ] as never[]),
    ...([
      ['treat', {}, 'p-2'],
      ['report', {}, 'p-2'],
    ] as never[]),
  )
  for (const own of ['p-1', 'p-2', 'p-fixer'])
    expect(codeOf(() => takeStep(reported, 'verify', {}, by(own), time))).toBe('same-person')
  const verified = takeStep(reported, 'verify', {}, by('p-3'), time)
  expect(codeOf(() => takeStep(verified, 'write-off', {}, by('p-2'), time))).toBe('same-person')
  expect(takeStep(verified, 'write-off', {}, by('p-3'), time)).toMatchObject({ state: 'writtenOff', dueAt: null })
  expect(takeStep(reported, 'reject', {}, by('p-3'), time)).toMatchObject({ state: 'treating', dueAt: allFive.deadline })
  expect(codeOf(() => takeStep(reported, 'reject', {}, by('p-3', monday, null), time))).toBe('reason-missing')
})

test('hazard: a major one is gone only with evidence, stays stopped when rejected, and is listed only higher', () => {
  const stopped = walk(
    ...([
      ['register', {}, 'p-1'],
      ['grade', { level: 'major' }, 'p-1'],
      ['confirm', {}, 'p-1'],
      ['list', {}, 'p-1'],
    ] as never[]),
    ...([
      ['plan', { fields: allFive }, 'p-1'],
      ['assign', {}, 'p-1'],
      ['book', {}, 'p-1'],
    ] as never[]),
    ...([
      ['supervise', { listing: 'county' }, 'p-1'],
      ['stop', {}, 'p-1'],
    ] as never[]),
  )
  expect(stopped).toMatchObject({ state: 'stopped', isWorkStopped: true, listing: { level: 'county' } })
  expect(codeOf(() => takeStep(stopped, 'supervise', { listing: 'town' }, by('p-1'), time))).toBe('wrong-state')
  expect(takeStep(stopped, 'supervise', { listing: 'city' }, by('p-1'), time).listing?.level).toBe('city')
  expect(codeOf(() => takeStep(stopped, 'report', { evidence: [' '] }, by('p-2'), time))).toBe('evidence-missing')
  const inReview = takeStep(stopped, 'report', { evidence: ['photo-1'] }, by('p-2'), time)
  expect(takeStep(inReview, 'reject', {}, by('p-3'), time)).toMatchObject({ state: 'stopped', evidence: [] })
  expect(takeStep(inReview, 'verify', {}, by('p-3'), time)).toMatchObject({ state: 'reviewed', verifiedBy: 'p-3' })
})

test('hazard: clocks count working days, over a holiday and a worked weekend', () => {
  // Friday before the Spring Festival of 2026: Saturday the 14th is worked, the 15th to the 23rd are off.
  const friday = Date.parse('2026-02-13T02:00:00Z')
  expect(openHazard(wanted, by('p-1', friday), time).dueAt).toBe(Date.parse('2026-02-25T02:00:00Z'))
  expect(openHazard({ ...wanted, source: 'tip-off' }, by('platform', monday), time).dueAt).toBe(monday + 9 * DAY)
})

test('hazard: who lets the clock run out climbs the ladder on dated steps', () => {
  const hazard = openHazard(wanted, by('p-1'), time)
  const due = hazard.dueAt!
  expect(overdueSteps(hazard, due, time)).toEqual([])
  const at = (days: number) => afterWorkingDays(time.calendar, due, days, time.zone)
  expect(overdueSteps(hazard, at(5) - 1, time)).toEqual([{ step: 'notice', at: at(1) }])
  expect(overdueSteps(hazard, at(300), time).map(({ step, at }) => [step, at])).toEqual([
    ['notice', at(1)],
    ['talk', at(5)],
    ['supervise', at(10)],
    ['hand-over', at(20)],
  ])
})

test('hazard: the ladder climbs from the deadline that is in writing, and no plan leaves another one standing', () => {
  const facts = { enterprise: '滨江', place: '装卸区', zone: time.zone, verifier: '应急局', clause: null, review: null }
  const draw = () => ({ id: 'n-1', number: { region: '370102', year: 2026, n: 1, text: '（历下区）责改〔2026〕1号' } })
  const treating = walk(
    ['register', {}, 'p-1'],
    ['grade', { level: 'general' }, 'p-1'],
    ['plan', { fields: allFive }, 'p-1'],
    ['treat', {}, 'p-2'],
  )
  const { hazard, notice, text } = issueNotice(treating, { kind: 'rectify', unit: '应急局' }, facts, by('p-1'), draw)
  expect(notice.deadline).toBe(allFive.deadline)
  expect(text.paragraphs.join()).toContain('2026年4月1日前整改完毕')
  // They cannot differ; should they in a record, what the enterprise was told in writing counts.
  const differing = { ...hazard, fields: { ...hazard.fields, deadline: monday + 60 * DAY }, notices: hazard.notices! }
  const rejected = takeStep(takeStep(differing, 'report', {}, by('p-2'), time), 'reject', {}, by('p-3'), time)
  expect([rejected.notices![0]!.state, rejected.dueAt]).toEqual(['standing', notice.deadline])
  const stopped = takeStep({ ...hazard, level: 'major', state: 'rectifying' }, 'stop', {}, by('p-2'), time)
  expect([stopped.dueAt, stopped.notices![0]!.state]).toEqual([notice.deadline, 'standing'])
  expect(overdueSteps(stopped, notice.deadline! + 3 * DAY, time).map(({ step }) => step)).toEqual(['notice'])
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 6 }), (days) => {
      const moved = days.reduce(
        (one, n) => takeStep(one, 'plan', { fields: { deadline: monday + n * DAY } }, by('p-1'), time),
        hazard,
      )
      const standing = moved.notices!.filter(({ state }) => state === 'standing')
      expect(standing.every(({ deadline }) => deadline === moved.fields.deadline)).toBe(true)
      expect(moved.dueAt).toBe(moved.fields.deadline)
    }),
  )
})
