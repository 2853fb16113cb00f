import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
  await stage.call('POST', '/api/v1/enterprises', { id: 'e-1', name: '滨江化工', region: '330106' })
  await stage.device('gas-1')
  await stage.device('gas-2')
  await stage.device('sim-1', { mode: 'simulated' })
})
afterAll(() => stage.stop())

test('a heartbeat comes every second from the server, with the rate and the number of the last change', async () => {
  const screen = await stage.live()
  await stage.reading('gas-1', 'combustibleLel', 1)
  await screen.until(() => screen.heartbeats.length >= 3)
  const [first, second, third] = screen.heartbeats
  for (const gap of [second!.serverTs - first!.serverTs, third!.serverTs - second!.serverTs]) {
    expect(gap).toBeGreaterThan(700)
    expect(gap).toBeLessThan(1_500)
  }
  expect(Math.max(...screen.heartbeats.map(({ ingestRate }) => ingestRate))).toBeGreaterThanOrEqual(1)
  expect(third!.lastIngestTs).toBeGreaterThan(1_700_000_000_000)
  expect(third!.seq).toBe(screen.changes.at(-1)?.seq ?? screen.picture.seq)
})

test('alarms come one by one without a hole, readings only coalesced', async () => {
  const screen = await stage.live()
  for (let i = 0; i < 50; i++) {
    await stage.reading('gas-1', 'combustibleLel', i)
    await stage.raise('storm', { value: i, level: i % 2 ? 'yellow' : 'red' }, 'level')
  }
  await screen.until(() => screen.changes.filter(({ kind }) => kind === 'alarm').length === 50)
  const numbers = screen.changes.map(({ seq }) => seq)
  expect(numbers).toEqual(numbers.map((_, i) => screen.picture.seq + 1 + i))
  await screen.until(() => screen.readings.flatMap(({ readings }) => readings).some(([, , value]) => value === 49))
  expect(screen.readings.length).toBeLessThan(20)
  await stage.raise('storm', { state: 'normal' }, 'ended')
})

test('a screen shows its mode and nothing of another', async () => {
  const [live, simulated] = [await stage.live(), await stage.live({ subscribe: { mode: 'simulated' } })]
  expect(live.picture.devices.map(({ id }) => id)).not.toContain('sim-1')
  expect(simulated.picture.devices.map(({ id }) => id)).toEqual(['sim-1'])
  await stage.raise('sim-alarm', { mode: 'simulated', deviceId: 'sim-1' })
  await stage.reading('sim-1', 'combustibleLel', 9, 'simulated')
  await simulated.until(() => simulated.readings.length > 0 && simulated.changes.some(({ kind }) => kind === 'alarm'))
  expect(JSON.stringify([live.changes, live.readings])).not.toContain('sim-')
})

test('a subscription narrows readings, never alarms', async () => {
  const screen = await stage.live({ subscribe: { devices: ['gas-2'], metrics: ['combustibleLel'] } })
  await stage.raise('of-gas-1')
  await stage.reading('gas-1', 'combustibleLel', 3)
  await stage.reading('gas-2', 'batteryPct', 80)
  await stage.reading('gas-2', 'combustibleLel', 4)
  await screen.until(() => screen.readings.length > 0)
  expect(screen.readings.flatMap(({ readings }) => readings.map(([device, metric]) => `${device} ${metric}`))).toEqual([
    'gas-2 combustibleLel',
  ])
  expect(screen.changes.some((change) => change.kind === 'alarm' && change.alarm.id === 'of-gas-1')).toBe(true)
})

test('a subscription that makes no sense is refused in words', async () => {
  const screen = await stage.live()
  expect(await screen.socket.emitWithAck('subscribe', { devices: 'gas-1' })).toMatchObject({
    error: { code: 'invalid', message: expect.stringContaining('devices') },
  })
  expect(await screen.socket.emitWithAck('subscribe', { mode: 'real' })).toMatchObject({ error: { code: 'invalid' } })
})

test('a new enterprise is drawn on screens that are open, by a fresh picture', async () => {
  const screen = await stage.live()
  await stage.call('POST', '/api/v1/enterprises', { id: 'e-9', name: '新企业', region: '330106' })
  await screen.until(() => screen.snapshots.length > 1)
  expect(screen.picture.enterprises).toContainEqual({ id: 'e-9', name: '新企业', region: '330106' })
})

test('whoever only subscribes gets a picture all the same', async () => {
  const screen = await stage.live()
  screen.snapshots.length = 0
  await screen.socket.emitWithAck('subscribe', { mode: 'simulated' })
  await screen.until(() => screen.snapshots.length > 0)
  expect(screen.picture.mode).toBe('simulated')
})

test('when nothing can be acknowledged, every screen says so', async () => {
  const screen = await stage.live()
  stage.partStates = [{ name: 'journal', state: 'down', detail: 'the disk is full', figures: {} }]
  await screen.until(() => screen.changes.some((change) => change.kind === 'platform' && change.platform.receiving === 'stopped'))
  expect((await stage.ask('GET', '/readyz')).status).toBe(503)
  stage.partStates = [{ name: 'journal', state: 'ok', figures: {} }]
  await screen.until(() => screen.changes.some((change) => change.kind === 'platform' && change.platform.receiving === 'ok'))
})

test('an enterprise is told that its data are not taken, and nothing else of what is wrong with the platform', async () => {
  const person = { username: 'anna', password: 'correct horse battery staple', role: 'enterprise', enterpriseId: 'e-1' }
  await stage.call('POST', '/api/v1/users', person)
  const token = await stage.token('anna')
  const screen = await stage.live({ token })
  stage.partStates = [{ name: 'push', state: 'degraded', detail: 'nobody-330106', figures: {} }]
  const regulator = await stage.live()
  await regulator.until(() => JSON.stringify([regulator.picture, regulator.changes]).includes('nobody-330106'))
  stage.partStates = [{ name: 'journal', state: 'down', detail: 'the disk is full', figures: {} }]
  await screen.until(() => screen.changes.some((change) => change.kind === 'platform' && change.platform.receiving === 'stopped'))
  expect(JSON.stringify([screen.picture, screen.changes])).not.toMatch(/nobody-330106|disk/)
  stage.partStates = [{ name: 'journal', state: 'ok', figures: {} }]
})

test('a client that stops reading slows nobody, is not queued for, and gets a fresh picture when it reads again', async () => {
  const slow = await rawClient(stage.url, await stage.token('admin'))
  const good = await stage.live()
  slow.pause()
  const text = 'x'.repeat(20_000)
  const delays: number[] = []
  for (let i = 0; i < 400; i++) {
    const began = performance.now()
    await stage.raise('big', { version: i, message: { zh: text, en: text } }, 'level')
    await good.until(() =>
      good.changes.some((change) => change.kind === 'alarm' && change.alarm.id === 'big' && change.alarm.version === i),
    )
    good.changes.length = 0
    delays.push(performance.now() - began)
  }
  // 16 MB were said; the one who does not listen was queued no more than its bound.
  expect(delays.sort((a, b) => a - b)[200]).toBeLessThan(50)
  await good.until(() => good.heartbeats.length > 2)
  slow.resume()
  await good.until(() => slow.pictures() > 1, 10_000)
  const received = slow.bytes()
  expect(received).toBeLessThan(12_000_000)
  expect(slow.lastPicture()).toContain('"version":399')
  slow.close()
})

/** A client without a library, so that it can stop reading its socket. */
async function rawClient(url: string, token: string) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
  let pictures: string[] = []
  let bytes = 0
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', (data: Buffer) => {
      const text = data.toString()
      bytes += text.length
      if (text.startsWith('0')) socket.send(`40/live,${JSON.stringify({ token })}`)
      else if (text === '2') socket.send('3')
      else if (text.startsWith('40/live')) socket.send('42/live,0["subscribe",{}]')
      else if (text.startsWith('43/live,0')) socket.send('42/live,1["snapshot",{}]')
      else if (text.startsWith('42/live,["snapshot"')) pictures = [...pictures, text]
      else if (text.startsWith('43/live,1')) resolve()
    })
  })
  return {
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    pictures: () => pictures.length,
    lastPicture: () => pictures.at(-1)!,
    bytes: () => bytes,
    close: () => socket.terminate(),
  }
}

test('a fence that was drawn is announced to the screens of its mode, which then ask for it', async () => {
  const [screen, other] = [await stage.live(), await stage.live({ subscribe: { mode: 'simulated' } })]
  const shape = { type: 'circle', center: [120.16, 30.21], radiusM: 300 }
  await stage.call('POST', '/api/v1/fences', { id: 'f-school', name: '实验小学', kind: 'no-go', shape })
  await screen.until(() => screen.changes.some(({ kind }) => kind === 'fences'))
  const said = screen.changes.find((change) => change.kind === 'fences')!
  expect(said).toMatchObject({ kind: 'fences', version: screen.picture.fences! + 1 })
  expect((await stage.live()).picture.fences).toBe(screen.picture.fences! + 1)
  expect(other.changes.some(({ kind }) => kind === 'fences')).toBe(false)
})

test('where nobody is called from here, the ladder of an alarm says so', async () => {
  const { id } = await stage.raise('unladdered')
  const { body } = await stage.call('GET', `/api/v1/alarms/${id}/ladder`)
  expect(body).toMatchObject({ alarmId: id, phase: 'off', next: null, taken: [] })
})
