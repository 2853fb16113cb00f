import { Worker } from 'node:worker_threads'
import { expect, test, vi } from 'vitest'
import { Stage } from './stage.ts'

test('when the thread with the accounts dies, the part is down, says why, and whoever runs it is told', async () => {
  const threads: Worker[] = []
  const once = vi.spyOn(Worker.prototype, 'once').mockImplementation(function (this: Worker, ...args) {
    threads.push(this)
    return this.on(...(args as [string, () => void]))
  })
  const told: Error[] = []
  const stage = await Stage.start({}, { failed: (error) => told.push(error) })
  once.mockRestore()
  expect(stage.dashboards.status().state).toBe('ok')
  await threads[0]!.terminate()
  expect(told.map(({ message }) => message)).toEqual(['thread people ended by itself with code 1'])
  const { status, body } = await stage.ask('GET', '/readyz')
  expect(status).toBe(503)
  expect((body as { parts: object }).parts).toMatchObject({
    dashboards: { state: 'down', detail: expect.stringContaining('nobody can log in') as string },
  })
  await stage.stop()
})

test('a stop is not a failure', async () => {
  const told: Error[] = []
  const stage = await Stage.start({}, { failed: (error) => told.push(error) })
  await stage.stop()
  expect(told).toEqual([])
})
