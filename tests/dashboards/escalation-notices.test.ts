import { expect, test, vi } from 'vitest'
import type { EscalationFacts } from '../../core/escalation.ts'
import { EscalationNotices } from '../../dashboards/escalation-notices.ts'

test('walls and desks are told that nobody is called without a channel, and that only steps that leave are off where the others run; the demo is not', async () => {
  const told = async (facts: Partial<EscalationFacts>, isDemo = false) => {
    const escalationFacts = () => Promise.resolve({ hasChannels: true, leavesSomewhere: true, ...facts })
    const people = { list: () => [] }
    const notices = new EscalationNotices({ escalationFacts } as never, people as never, { now: () => 7 }, isDemo)
    await vi.waitFor(() => Promise.resolve())
    notices.stop()
    return notices.notices().map(({ code, text }) => [code, text])
  }
  expect(await told({ hasChannels: false })).toEqual([['escalation-off', '未配置通知通道']])
  expect(await told({ leavesSomewhere: false })).toEqual([['outside-steps-off', '上级与企业负责人步骤未启用']])
  expect(await told({})).toEqual([])
  expect(await told({ hasChannels: false }, true)).toEqual([])
})
