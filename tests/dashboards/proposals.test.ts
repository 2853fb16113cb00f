import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Shadow, ShadowQuestion } from '../../core/backtest.ts'
import type { Proposal, RuleVersion } from '../../core/proposal.ts'
import type { RecordEntry } from '../../core/record.ts'
import type { Rule } from '../../core/rule.ts'
import { readRecordEntry, recordDraft } from '../../journal/codec.ts'
import { ADMIN_PASSWORD, Stage, type Answer } from './stage.ts'

const asked: ShadowQuestion[] = []
const ended: string[] = []
const running: Shadow = { id: 'x', state: 'catching-up', progress: 0.5 }
let stage: Stage

async function people(on: Stage): Promise<void> {
  await on.call('POST', '/api/v1/enterprises', { name: '滨江化工', region: '330106' })
  for (const [username, role] of Object.entries({ wang: 'supervisor', li: 'supervisor', zhao: 'duty' })) {
    await on.call('POST', '/api/v1/users', { username, password: ADMIN_PASSWORD, role })
  }
}

beforeAll(async () => {
  const never = () => Promise.reject(new Error('no backtest is asked here'))
  stage = await Stage.start(
    {},
    {
      backtests: {
        startBacktest: never,
        backtest: never,
        shadow: (question) => {
          asked.push(question)
          return Promise.resolve({ ...running, id: question.id })
        },
        endShadow: (id) => Promise.resolve(void ended.push(id)),
      },
    },
  )
  await people(stage)
})
afterAll(() => stage.stop())

const limits = (above: number) => [{ name: 'H', above, level: 'yellow' }]
const packRule = (id: string): Rule =>
  ({
    ...{ id, type: 'threshold', metric: 'combustibleLel', applies: {}, latching: false, limits: limits(25), deadband: 2 },
    ...{ title: { zh: '可燃气体', en: 'Gas' }, message: { zh: '高', en: 'high' }, source: 'GB/T 50493-2019', guidance: [] },
    ...{ enabled: true, version: 1, origin: 'pack', onDelayMs: 0, offDelayMs: 0 },
  }) as Rule

async function inForce(id: string): Promise<Rule | undefined> {
  const { body } = await stage.call('GET', '/api/v1/rules')
  return (body.rules as Rule[]).find((rule) => rule.id === id)
}
async function aPackRule(id: string): Promise<void> {
  const pos = await stage.journal.append([recordDraft({ kind: 'rule.set', rule: packRule(id), by: 'platform' })])
  expect(pos).toHaveLength(1)
  while ((await stage.call('PUT', `/api/v1/rules/${id}`, { type: 'threshold', version: 99 })).body.error.details.rule === null);
}
const propose = (id: string, version: number, above: number, as = 'wang', shadow = false): Promise<Answer> => {
  const body = { version, rule: { type: 'threshold', limits: limits(above) }, reason: 'steam every morning', shadow }
  return stage.call('POST', `/api/v1/rules/${id}/proposals`, body, { as })
}
const decide = (id: string, verdict: string, as: string, comment?: string) =>
  stage.call('POST', `/api/v1/proposals/${id}/${verdict}`, comment === undefined ? {} : { comment }, { as })
const entries = async (kind: RecordEntry['kind']) =>
  (await stage.journal.readRecord(1, [kind])).map((one) => readRecordEntry(one))

test('a proposed version comes into force when another person with the right approves, and the record says who, when and why', async () => {
  await aPackRule('gas.a')
  const { status, body } = await propose('gas.a', 1, 20)
  expect(status).toBe(201)
  const { proposal } = body as { proposal: Proposal }
  expect(proposal).toMatchObject({ ruleId: 'gas.a', base: 1, state: 'open', reason: 'steam every morning', outdated: false })
  expect(await inForce('gas.a')).toMatchObject({ version: 1, origin: 'pack', limits: limits(25) })

  const own = await decide(proposal.id, 'approve', 'wang')
  expect([own.status, own.body.error.code]).toEqual([403, 'own-proposal'])
  expect((await decide(proposal.id, 'approve', 'zhao')).status).toBe(403)
  expect(await inForce('gas.a')).toMatchObject({ version: 1 })

  const approved = await decide(proposal.id, 'approve', 'li', 'agreed with the plant')
  expect(approved.status).toBe(200)
  expect(await inForce('gas.a')).toMatchObject({ version: 2, origin: 'person', limits: limits(20) })
  const { body: listed } = await stage.call('GET', '/api/v1/proposals?rule=gas.a')
  const [done] = listed.proposals as Proposal[]
  expect(done).toMatchObject({ state: 'approved', comment: 'agreed with the plant' })
  expect(listed.people[done!.by]).toBe('wang')
  expect(listed.people[done!.decidedBy!]).toBe('li')
  const { body: past } = await stage.call('GET', '/api/v1/rules/gas.a/history')
  const [newest] = past.versions as RuleVersion[]
  expect(newest).toMatchObject({ version: 2, proposalId: proposal.id, reason: 'steam every morning' })
  expect([past.people[newest!.proposedBy!], past.people[newest!.by]]).toEqual(['wang', 'li'])
  expect((await entries('rule.decided')).at(-1)).toMatchObject({ proposalId: proposal.id, verdict: 'approved' })
  expect((await decide(proposal.id, 'approve', 'li')).body.error.code).toBe('wrong-state')
})

test('what one person alone changes of a red rule waits for a second to look, is said at the desk until then, and outlasts a restart', async () => {
  const own = await Stage.start()
  await people(own)
  const grave = [...limits(25), { name: 'HH', above: 50, level: 'red' }]
  const put = (id: string, version: number, with_: object, as: string) =>
    own.call('PUT', `/api/v1/rules/${id}`, { type: 'threshold', metric: 'combustibleLel', version, ...with_ }, { as })
  const reviewed = async (id: string, version: number, as: string) => {
    const { status, body } = await own.call('POST', `/api/v1/rules/${id}/reviewed`, { version }, { as })
    return status === 200 ? 'seen' : body.error.code
  }
  const waiting = async (id: string) => (await own.call('GET', `/api/v1/rules/${id}/history`)).body.awaitsReview
  const said = async (text: string | null) => {
    const screen = await own.live()
    const platform = () => [...screen.snapshots, ...screen.changes].findLast((one) => 'platform' in one)?.platform
    const told = () => platform()?.notices.find(({ code }) => code === 'rules-unreviewed')?.text ?? null
    await screen.until(() => told() === text)
  }
  expect((await put('gas.y', 0, { limits: limits(25) }, 'wang')).status).toBe(200)
  expect(await waiting('gas.y')).toBe(false)
  expect((await put('gas.r', 0, { limits: grave }, 'wang')).status).toBe(200)
  expect(await waiting('gas.r')).toBe(true)
  await said('1')
  expect(await reviewed('gas.r', 1, 'wang')).toBe('own-version')
  expect(await reviewed('gas.r', 1, 'zhao')).toBe('forbidden')
  expect(await reviewed('gas.r', 2, 'li')).toBe('stale-version')
  await own.stop()
  await own.open()
  await said('1')
  expect(await reviewed('gas.r', 1, 'li')).toBe('seen')
  await said(null)
  expect(await reviewed('gas.r', 1, 'li')).toBe('wrong-state')
  // Made milder, switched off for red, or taken away: each is one person's word again.
  expect((await put('gas.r', 1, { limits: limits(25) }, 'li')).status).toBe(200)
  expect(await waiting('gas.r')).toBe(true)
  const { body } = await own.call('GET', '/api/v1/rules/gas.r/history', undefined, { as: 'wang' })
  expect(body.versions[1]).toMatchObject({ version: 1, reviewedBy: expect.any(String) })
  expect(body.people[body.versions[1].reviewedBy]).toBe('li')
  expect(await reviewed('gas.r', 2, 'wang')).toBe('seen')
  expect((await put('gas.r', 2, { limits: grave }, 'wang')).status).toBe(200)
  expect((await own.call('DELETE', '/api/v1/rules/gas.r', undefined, { as: 'wang' })).status).toBe(200)
  expect(await waiting('gas.r')).toBe(true)
  await own.stop()
})

test('nobody approves a version written against another one than stands now', async () => {
  await aPackRule('gas.b')
  expect((await propose('gas.b', 7, 20)).body.error.code).toBe('stale-version')
  const { proposal } = (await propose('gas.b', 1, 20)).body as { proposal: Proposal }
  // Outside clients set a version with one call, as ever.
  const put = await stage.call('PUT', '/api/v1/rules/gas.b', { type: 'threshold', limits: limits(22), version: 1 }, { as: 'li' })
  expect(put.status).toBe(200)
  const late = await decide(proposal.id, 'approve', 'li')
  expect([late.status, late.body.error.code]).toEqual([409, 'stale-version'])
  expect(late.body.error.details.rule).toMatchObject({ version: 2 })
  expect(await inForce('gas.b')).toMatchObject({ version: 2, limits: limits(22) })
  const { body } = await stage.call('GET', `/api/v1/proposals/${proposal.id}`)
  expect(body.proposal).toMatchObject({ state: 'open', outdated: true })
  expect(body.base).toMatchObject({ version: 1, limits: limits(25) })
  expect(body.current).toMatchObject({ version: 2, limits: limits(22) })
})

test('two who approve at once put one version in force', async () => {
  await aPackRule('gas.c')
  const { proposal } = (await propose('gas.c', 1, 20)).body as { proposal: Proposal }
  const both = await Promise.all([decide(proposal.id, 'approve', 'li'), decide(proposal.id, 'approve', 'admin')])
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
  expect(await inForce('gas.c')).toMatchObject({ version: 2 })
})

test('a proposal is taken back by who made it and rejected by another; neither changes the rule', async () => {
  await aPackRule('gas.d')
  const first = (await propose('gas.d', 1, 20)).body.proposal as Proposal
  expect((await decide(first.id, 'withdraw', 'li')).body.error.code).toBe('own-proposal')
  expect((await decide(first.id, 'withdraw', 'wang')).body.proposal.state).toBe('withdrawn')
  const second = (await propose('gas.d', 1, 21)).body.proposal as Proposal
  expect((await decide(second.id, 'reject', 'wang')).body.error.code).toBe('own-proposal')
  expect((await decide(second.id, 'reject', 'li', 'too low')).body.proposal).toMatchObject({
    state: 'rejected',
    comment: 'too low',
  })
  expect(await inForce('gas.d')).toMatchObject({ version: 1, origin: 'pack' })
  const { body } = await stage.call('GET', '/api/v1/proposals?rule=gas.d&state=open')
  expect(body.proposals).toEqual([])
})

test('a version that cannot work, or says not why, is not proposed', async () => {
  await aPackRule('gas.e')
  const body = { version: 1, rule: { type: 'threshold', limits: limits(20) }, reason: '  ' }
  expect((await stage.call('POST', '/api/v1/rules/gas.e/proposals', body, { as: 'wang' })).status).toBe(400)
  const broken = { version: 0, rule: { type: 'threshold' }, reason: 'a new one' }
  const answer = await stage.call('POST', '/api/v1/rules/gas.new/proposals', broken, { as: 'wang' })
  expect([answer.status, answer.body.error.details.field]).toEqual([400, 'limits'])
  const elsewhere = { version: 1, rule: { type: 'threshold', limits: limits(20), applies: { zoneId: 'z-none' } }, reason: 'x' }
  expect((await stage.call('POST', '/api/v1/rules/gas.e/proposals', elsewhere, { as: 'wang' })).status).toBe(400)
})

test('a version proposed in shadow is judged from that moment on, until somebody decides', async () => {
  await aPackRule('gas.f')
  const { proposal } = (await propose('gas.f', 1, 20, 'wang', true)).body as { proposal: Proposal }
  expect(asked.at(-1)).toMatchObject({
    id: proposal.id,
    mode: 'live',
    from: proposal.at,
    rule: { version: 2, limits: limits(20) },
  })
  const { body } = await stage.call('GET', `/api/v1/proposals/${proposal.id}`, undefined, { as: 'zhao' })
  expect(body.shadow).toEqual({ id: proposal.id, state: 'catching-up', progress: 0.5 })
  await decide(proposal.id, 'reject', 'li')
  expect(ended).toContain(proposal.id)
  expect((await stage.call('GET', `/api/v1/proposals/${proposal.id}`)).body.shadow).toBe(null)
})

test('one person goes back to an earlier version; the pack’s stands again as the pack’s', async () => {
  await aPackRule('gas.g')
  const put = (above: number, version: number) =>
    stage.call('PUT', '/api/v1/rules/gas.g', { type: 'threshold', limits: limits(above), version }, { as: 'wang' })
  await put(20, 1)
  await put(15, 2)
  const back = (version: number, to: number) =>
    stage.call('POST', '/api/v1/rules/gas.g/rollback', { version, to, reason: 'flood' }, { as: 'li' })
  expect((await back(2, 1)).body.error.code).toBe('stale-version')
  expect((await back(3, 9)).status).toBe(404)
  expect((await back(3, 2)).status).toBe(200)
  expect(await inForce('gas.g')).toMatchObject({ version: 4, origin: 'person', limits: limits(20) })
  const { body } = await stage.call('GET', '/api/v1/rules/gas.g/history')
  expect((body.versions as RuleVersion[])[0]).toMatchObject({ version: 4, restores: 2, reason: 'flood' })
  expect((await back(4, 1)).status).toBe(200)
  expect((await entries('rule.removed')).at(-1)).toMatchObject({ ruleId: 'gas.g', version: 5, reason: 'flood' })
})

test('where two persons are demanded, one call changes nothing, and one person goes back by one version only', async () => {
  const strict = await Stage.start({ rulesTwoPersons: true })
  await people(strict)
  const rule = { type: 'threshold', metric: 'combustibleLel', limits: limits(20) }
  const put = await strict.call('PUT', '/api/v1/rules/gas.x', rule)
  expect([put.status, put.body.error.code]).toEqual([403, 'two-persons'])
  expect((await strict.call('DELETE', '/api/v1/rules/gas.x')).body.error.code).toBe('two-persons')
  for (const [version, above] of [20, 18, 16].entries()) {
    const body = { version, rule: { ...rule, limits: limits(above) }, reason: 'as agreed' }
    const { proposal } = (await strict.call('POST', '/api/v1/rules/gas.x/proposals', body, { as: 'wang' })).body
    expect((await strict.call('POST', `/api/v1/proposals/${proposal.id}/approve`, {}, { as: 'li' })).status).toBe(200)
  }
  const back = (version: number, to: number) =>
    strict.call('POST', '/api/v1/rules/gas.x/rollback', { version, to }, { as: 'wang' })
  expect((await back(3, 1)).body.error.code).toBe('two-persons')
  expect((await back(3, 2)).body.rule).toMatchObject({ version: 4, limits: limits(18) })
  await strict.stop()
})

test('what was proposed is known after a restart', async () => {
  const { body: before } = await stage.call('GET', '/api/v1/proposals')
  const { RuleHistory } = await import('../../dashboards/rule-history.ts')
  const again = new RuleHistory(stage.journal)
  const known = await again.proposals()
  expect(known.map(({ id, state }) => [id, state])).toEqual((before.proposals as Proposal[]).map(({ id, state }) => [id, state]))
})
