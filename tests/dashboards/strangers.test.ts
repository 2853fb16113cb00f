import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Invalid } from '../../core/errors.ts'
import { silentLog } from '../../core/log.ts'
import { openHttp } from '../../dashboards/http.ts'
import { Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  const telemetry = (token: string) => Promise.reject(new Invalid('bad-credential', `nobody has ${token.length} characters`))
  stage = await Stage.start({}, { telemetry })
})
afterAll(() => stage.stop())

/** The first line of the answer to a request whose body is announced and never sent. */
function announced(path: string, bytes: number, headers = ''): Promise<string> {
  const { hostname, port } = new URL(stage.url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    const silence = setTimeout(() => {
      socket.destroy()
      resolve('no answer')
    }, 2_000)
    socket.on('error', reject)
    socket.once('data', (answer) => {
      clearTimeout(silence)
      socket.destroy()
      resolve(answer.toString().split('\r\n')[0]!)
    })
    const type = 'Content-Type: application/json\r\n'
    socket.write(`POST ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n${type}${headers}Content-Length: ${bytes}\r\n\r\n{`)
  })
}

test('a stranger is answered before a byte of what they would send is held', async () => {
  expect(await announced('/api/v1/users', 900_000)).toBe('HTTP/1.1 401 Unauthorized')
  expect(await announced('/api/v1/nothing-here', 900_000)).toBe('HTTP/1.1 401 Unauthorized')
  expect(await announced('/api/v1/wf_nobodys/telemetry', 200_000)).toBe('HTTP/1.1 401 Unauthorized')
  expect(await announced('/api/v1/telemetry', 200_000)).toBe('HTTP/1.1 401 Unauthorized')
  expect(await announced('/api/v1/telemetry', 200_000, 'Authorization: Bearer wf_nobodys\r\n')).toBe('HTTP/1.1 401 Unauthorized')
  expect(await announced('/api/v1/session', 5_000)).toBe('HTTP/1.1 413 Payload Too Large')
})

test('half a request does not stay open for ever', async () => {
  const app = await openHttp({ tls: null, version: '0' }, silentLog)
  expect((app.server as { requestTimeout: number }).requestTimeout).toBe(30_000)
  await app.close()
})
