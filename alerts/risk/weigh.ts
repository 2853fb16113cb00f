import { levels, severity, type Level } from '../../core/level.ts'
import type { Contribution, RiskColour, RiskStep, RiskWeights, StaticGrade } from '../../core/risk.ts'

/** What is known about a zone or an enterprise at one moment: all that its index is made of. */
export type PlaceFacts = {
  grade: StaticGrade | null
  /** open alarms by level: their condition is true, or over and waiting for a person */
  active: Record<Level, number>
  over: Record<Level, number>
  /** longest wait for an acknowledgement by level, null where nothing waits */
  waitedMs: Record<Level, number | null>
  devices: number
  heard: number
  bypassed: number
  /** null: tasks are not connected */
  overdueTasks: number | null
}

/** An enterprise as its sector and region count it. */
export type Member = { id: string; index: number | null; colour: RiskColour }

export type Weighed = { sum: number; index: number | null; colour: RiskColour; atLeast: boolean; contributions: Contribution[] }

const tenth = (points: number) => Math.round(points * 10) / 10
const total = (contributions: Contribution[]) => tenth(contributions.reduce((sum, { points }) => sum + points, 0))
const cut = (sum: number) => Math.min(100, Math.round(sum))
const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)

export function colourOf(index: number, { colours }: RiskWeights): Exclude<RiskColour, 'unknown'> {
  return index >= colours.red ? 'red' : index >= colours.orange ? 'orange' : index >= colours.yellow ? 'yellow' : 'blue'
}

/** The index of a zone or an enterprise. Worse facts never make it smaller; too few heard devices make it unknown, never blue. */
export function weighPlace(facts: PlaceFacts, weights: RiskWeights): Weighed {
  const alarms = alarmContributions(facts, weights)
  const contributions = [
    gradeContribution(facts, weights),
    ...alarms,
    ...deviceContributions(facts, weights),
    tasks(facts, weights),
  ]
  const sum = total(contributions)
  const index = cut(sum)
  const colour = colourOf(index, weights)
  if (facts.devices > 0 && share(facts.heard, facts.devices) >= weights.blueNeedsKnown && facts.heard > 0) {
    return { sum, index, colour, atLeast: false, contributions }
  }
  // What is known to be bad stays bad while nobody is heard; everything else is unknown.
  const danger = cut(total(alarms)) >= weights.colours.yellow
  return { sum, index: danger ? index : null, colour: danger ? colour : 'unknown', atLeast: danger, contributions }
}

/** The index of a sector or a region: mostly its worst enterprise, and a little all of them. */
export function weighMembers(members: readonly Member[], weights: RiskWeights): Weighed {
  const { worst: worstShare, unknownAs } = weights.rollUp
  const known = members.filter((member) => member.index !== null)
  const worst = known.reduce<Member | null>((found, one) => (found && found.index! >= one.index! ? found : one), null)
  const sumOf = known.reduce((sum, { index }) => sum + index!, 0) + (members.length - known.length) * unknownAs
  const mean = share(sumOf, members.length)
  const contributions: Contribution[] = [
    {
      name: 'worst-enterprise',
      points: tenth((worst?.index ?? 0) * worstShare),
      facts: { id: worst?.id ?? null, index: worst?.index ?? null, share: worstShare },
    },
    {
      name: 'mean-of-enterprises',
      points: tenth(mean * (1 - worstShare)),
      facts: {
        enterprises: members.length,
        unknown: members.length - known.length,
        mean: tenth(mean),
        share: tenth(1 - worstShare),
      },
    },
  ]
  const sum = total(contributions)
  const index = cut(sum)
  const colour = colourOf(index, weights)
  const enough = known.length > 0 && share(known.length, members.length) >= weights.blueNeedsKnown
  const danger = worst !== null && colourOf(worst.index!, weights) !== 'blue'
  if (!enough && !danger) return { sum, index: null, colour: 'unknown', atLeast: false, contributions }
  if (enough || colour !== 'blue') return { sum, index, colour, atLeast: !enough, contributions }
  return { sum, index: null, colour: 'unknown', atLeast: false, contributions }
}

/** The next moment at which a wait alone makes the index another, as a wait in ms by level; null when none will. */
export function nextWaitStep(waitedMs: number, { unacknowledged }: RiskWeights): number | null {
  return unacknowledged.steps.find(({ afterMs }) => afterMs > waitedMs)?.afterMs ?? null
}

function gradeContribution({ grade }: PlaceFacts, weights: RiskWeights): Contribution {
  return { name: 'grade', points: weights.grade[grade ?? 'unstated'], facts: { grade } }
}

function alarmContributions(
  { active, over, waitedMs }: PlaceFacts,
  weights: RiskWeights,
): [Contribution, Contribution, Contribution] {
  const { alarm, conditionOver, furtherAlarms, unacknowledged } = weights
  let worst = 0
  let all = 0
  const counts: Record<string, number> = {}
  for (const level of levels) {
    const [now, before] = [active[level], over[level]]
    all += alarm[level] * (now + conditionOver * before)
    const points = now > 0 ? alarm[level] : before > 0 ? alarm[level] * conditionOver : 0
    worst = Math.max(worst, points)
    if (now + before > 0) counts[level] = now + before
    if (before > 0) counts[`${level}Over`] = before
  }
  const further = Math.min(furtherAlarms.cap, (all - worst) * furtherAlarms.share)
  let waiting = 0
  let waitedFor: Level | null = null
  for (const level of levels) {
    const waited = waitedMs[level]
    if (waited === null) continue
    const step = unacknowledged.steps.findLast(({ afterMs }) => waited >= afterMs)
    const points = (step?.points ?? 0) * unacknowledged.factor[level]
    if (points <= waiting) continue
    waiting = points
    waitedFor = level
  }
  const waited = waitedFor === null ? null : waitedMs[waitedFor]
  return [
    { name: 'alarms', points: tenth(worst), facts: counts },
    { name: 'further-alarms', points: tenth(further), facts: { cap: furtherAlarms.cap } },
    { name: 'unacknowledged', points: tenth(waiting), facts: { level: waitedFor, waitedMs: waited } },
  ]
}

function deviceContributions({ devices, heard, bypassed }: PlaceFacts, weights: RiskWeights): Contribution[] {
  const silent = devices - heard
  return [
    { name: 'offline', points: tenth(weights.offline * share(silent, devices)), facts: { offline: silent, devices } },
    { name: 'bypassed', points: tenth(weights.bypassed * share(bypassed, devices)), facts: { bypassed, devices } },
  ]
}

function tasks({ overdueTasks }: PlaceFacts, { overdueTask }: RiskWeights): Contribution {
  const points = Math.min(overdueTask.cap, (overdueTasks ?? 0) * overdueTask.each)
  return { name: 'overdue-tasks', points: tenth(points), facts: { overdue: overdueTasks, connected: overdueTasks !== null } }
}

const none = (): Record<Level, number> => ({ red: 0, orange: 0, yellow: 0, blue: 0 })
const nothingWaits = (): PlaceFacts['waitedMs'] => ({ red: null, orange: null, yellow: null, blue: null })

/** What would make a place blue, worst first, each with the index it would leave. */
export function stepsToBlue(facts: PlaceFacts, weights: RiskWeights): RiskStep[] {
  const steps: RiskStep[] = []
  let now = facts
  const isBlue = () => weighPlace(now, weights).colour === 'blue'
  const take = (step: Pick<RiskStep, 'do' | 'facts'>, after: PlaceFacts) => {
    now = after
    const { sum, colour } = weighPlace(now, weights)
    steps.push({ ...step, index: cut(sum), colour })
  }
  if (isBlue()) return []
  for (const level of levels) {
    const count = now.active[level] + now.over[level]
    if (count === 0 || isBlue() || severity[level] < severity.yellow) continue
    const after = { ...now, active: { ...now.active, [level]: 0 }, over: { ...now.over, [level]: 0 } }
    take({ do: 'end-alarms', facts: { level, count } }, { ...after, waitedMs: { ...now.waitedMs, [level]: null } })
  }
  if (!isBlue() && now.heard < now.devices) {
    take({ do: 'hear-devices', facts: { devices: now.devices - now.heard } }, { ...now, heard: now.devices })
  }
  if (!isBlue() && now.devices === 0) take({ do: 'hear-devices', facts: { devices: 1 } }, { ...now, devices: 1, heard: 1 })
  if (!isBlue() && now.bypassed > 0) take({ do: 'end-bypasses', facts: { devices: now.bypassed } }, { ...now, bypassed: 0 })
  if (!isBlue() && levels.some((level) => now.waitedMs[level] !== null)) {
    take({ do: 'acknowledge-alarms', facts: {} }, { ...now, waitedMs: nothingWaits() })
  }
  if (!isBlue() && levels.some((level) => now.active[level] + now.over[level] > 0)) {
    const count = levels.reduce((sum, level) => sum + now.active[level] + now.over[level], 0)
    take({ do: 'end-alarms', facts: { level: null, count } }, { ...now, active: none(), over: none() })
  }
  if (!isBlue() && (now.overdueTasks ?? 0) > 0) {
    take({ do: 'close-tasks', facts: { tasks: now.overdueTasks } }, { ...now, overdueTasks: 0 })
  }
  if (!isBlue()) take({ do: 'regrade', facts: { grade: now.grade } }, { ...now, grade: 'low' })
  return steps
}

/** Which enterprises would have to come down to blue, worst first, for their sector or region to be blue. */
export function membersToBlue(members: readonly Member[], weights: RiskWeights): RiskStep[] {
  const steps: RiskStep[] = []
  let now = [...members]
  const calm = weights.colours.yellow - 1
  for (const { id, index } of members.toSorted((a, b) => (b.index ?? -1) - (a.index ?? -1))) {
    if (weighMembers(now, weights).colour === 'blue') return steps
    if (index !== null && index <= calm) continue
    now = now.map((one) => (one.id === id ? { id, index: Math.max(0, calm), colour: 'blue' } : one))
    const { sum, colour } = weighMembers(now, weights)
    const step = index === null ? 'know-enterprises' : 'lower-enterprise'
    steps.push({ do: step, facts: { id, from: index, to: calm }, index: cut(sum), colour })
  }
  return steps
}
