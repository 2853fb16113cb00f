import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { TRY_TOKEN } from '../../simulators/district.ts'
import { send } from '../../simulators/send.ts'
import { startBroker, type Broker } from './broker.ts'

async function run(args: string[], broker?: Broker): Promise<{ code: number; text: string }> {
  const lines: string[] = []
  const code = await send([...args, ...(broker ? ['--url', broker.url] : [])], (line) => lines.push(line))
  return { code, text: lines.join('\n') }
}

test('send publishes one reading as the demo’s try-out device and prints the acknowledgement', async () => {
  const broker = await startBroker()
  const { code, text } = await run(['{"combustibleLel":60,"foo":1}'], broker)
  expect(text).toMatch(/^note: "foo" is not in the catalogue.*\nacknowledged after [\d.]+ ms: \{"combustibleLel":60,"foo":1\}$/)
  expect(code).toBe(0)
  expect(broker.received).toMatchObject([
    { user: TRY_TOKEN, topic: 'v1/devices/me/telemetry', json: { combustibleLel: 60, foo: 1 } },
  ])
  expect((await run(['{"combustibleLel":1}', '--device', 'GAS-9', '--token', 'wf_x'], broker)).code).toBe(0)
  expect(broker.received[1]).toMatchObject({ user: 'GAS-9' })
  // The platform acknowledges what it cannot use; whoever tries must not look for it on the wall.
  for (const value of ['"abc"', '""', 'null', '{}', '1e999'])
    expect((await run([`{"combustibleLel":${value}}`], broker)).text, value).toMatch(
      /^note: "combustibleLel" is not a number.*quarantine/,
    )
  expect((await run(['{"combustibleLel":"12.5"}'], broker)).text).toMatch(/^acknowledged/)
  await broker.stop()
})

test('send names the position of a fault in the JSON before it connects to anything', async () => {
  const fault = await run(['{"combustibleLel":60,}'])
  expect(fault).toMatchObject({ code: 2 })
  expect(fault.text).toBe(
    'not JSON at position 21: expected a key in double quotes, found "}"\n  {"combustibleLel":60,}\n                       ^',
  )
  expect((await run(['{combustibleLel:60}'])).text).toContain('The shell has eaten the double quotes')
  expect((await run(['60'])).text).toContain('a reading is an object')
  expect((await run([])).text).toContain('one reading is needed')
  expect((await run(['{}', '--tokn', 'x'])).text).toContain("Unknown option '--tokn'")
})

test('send tells a refused login, a closed port and a missing acknowledgement apart', async () => {
  const refusing = await startBroker({ login: () => false })
  const refused = await run(['{"combustibleLel":60}'], refusing)
  expect(refused).toMatchObject({ code: 1 })
  expect(refused.text).toMatch(/^login-refused: .*not authorised: the token is wrong/)
  await refusing.stop()
  const closed = await run(['{"combustibleLel":60}'], refusing)
  expect(closed).toMatchObject({ code: 1 })
  expect(closed.text).toMatch(/^not-connected: .*nothing listens there/)

  const mute = await startBroker({ acknowledge: () => false })
  const unanswered = await run(['{"combustibleLel":60}', '--timeout', '0.3'], mute)
  expect(unanswered).toMatchObject({ code: 1 })
  expect(unanswered.text).toMatch(/^not-acknowledged: no acknowledgement within 0.3 s: whether it is stored is not known/)
  await mute.stop()

  const deaf = createServer(() => undefined).listen(0, '127.0.0.1')
  await new Promise((resolve) => deaf.once('listening', resolve))
  const silent = await run([
    '{"combustibleLel":60}',
    '--timeout',
    '0.3',
    '--url',
    `mqtt://127.0.0.1:${(deaf.address() as AddressInfo).port}`,
  ])
  expect(silent).toMatchObject({ code: 1 })
  expect(silent.text).toMatch(/^not-connected: .*no answer within 0.3 s/)
  deaf.close()
})
