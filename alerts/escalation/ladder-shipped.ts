import type { Ladder, LadderStep, LadderTarget } from '../../core/ladder.ts'

const SECOND = 1_000
const MINUTE = 60_000
const HOUR = 3_600_000

const duty1: LadderTarget = { duty: 'duty1' }
const shiftLeader: LadderTarget = { duty: 'shiftLeader' }
const dutyLeader: LadderTarget = { duty: 'dutyLeader' }

const step = (id: string, afterMs: number, to: LadderTarget, channels: string[], otherwise: string[] = []): LadderStep => ({
  id,
  afterMs,
  to,
  channels,
  ...(otherwise.length > 0 && { otherwise }),
})

/** A person who cannot be rung up is written to. */
const written = ['sms', 'mail']

/** The ladder of ux.md B4. What leaves the deployment is in it and off. Mail goes along with the first call: it costs nobody a ring. */
export const shippedLadder: Ladder = {
  region: null,
  version: 2,
  steps: {
    red: [
      step('r0-duty1', 0, duty1, ['app', 'im', 'sms', 'mail'], ['voice']),
      step('r0-enterprise', 0, { enterprise: 'operation' }, ['app', 'sms', 'voice'], ['mail']),
      step('r30-duty1', 30 * SECOND, duty1, ['app']),
      step('r60-duty1', 60 * SECOND, duty1, ['voice'], written),
      step('r120-duty2', 120 * SECOND, { duty: 'duty2' }, ['voice'], written),
      step('r120-shift-leader', 120 * SECOND, shiftLeader, ['voice'], written),
      step('r120-enterprise', 120 * SECOND, { enterprise: 'technical' }, ['voice'], written),
      step('r300-duty-leader', 300 * SECOND, dutyLeader, ['voice'], written),
      step('r300-enterprise', 300 * SECOND, { enterprise: 'head' }, ['voice'], written),
      step('r600-superior', 600 * SECOND, { superior: 'duty1' }, ['app', 'voice'], written),
      { ...step('r1800-report', 1800 * SECOND, { superior: 'duty1' }, ['app', 'mail']), report: true },
    ],
    orange: [
      step('o0-duty1', 0, duty1, ['app', 'im', 'mail'], ['sms']),
      step('o0-enterprise', 0, { enterprise: 'operation' }, ['app', 'sms'], ['mail']),
      step('o60-duty1', 60 * SECOND, duty1, ['app']),
      step('o120-duty1', 120 * SECOND, duty1, ['sms'], ['voice', 'mail']),
      step('o180-duty1', 180 * SECOND, duty1, ['voice'], written),
      step('o300-shift-leader', 300 * SECOND, shiftLeader, ['voice'], written),
      step('o600-duty-leader', 600 * SECOND, dutyLeader, ['sms'], ['voice', 'mail']),
      step('o1800-superior', 1800 * SECOND, { superior: 'duty1' }, ['app']),
    ],
    yellow: [
      step('y0-duty1', 0, duty1, ['app']),
      step('y0-enterprise', 0, { enterprise: 'operation' }, ['app']),
      step('y300-duty1', 300 * SECOND, duty1, ['app']),
      step('y600-duty1', 600 * SECOND, duty1, ['sms'], ['mail']),
      step('y1800-shift-leader', 1800 * SECOND, shiftLeader, ['app']),
    ],
    blue: [step('b1800-duty1', 1800 * SECOND, duty1, ['app'])],
  },
  feedbackDueMs: { red: 15 * MINUTE, orange: 30 * MINUTE, yellow: 4 * HOUR, blue: 24 * HOUR },
  overdueAtMs: 120 * SECOND,
  leaves: false,
  quiet: { from: 22, to: 6 },
}
