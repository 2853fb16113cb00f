import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alarmStates, isOpen, type Alarm } from '../../../core/alarm.ts'
import { levels } from '../../../core/level.ts'
import type { Change, LiveDevice, LiveReading, Snapshot } from '../../../core/live.ts'
import { countLevels, fromSnapshot, withChanges, withReadings, type LiveState } from '../../../dashboards/web/live-state.ts'
import { makeAlarm, makeDevice } from '../../browser/district.ts'

/** A server reduced to what it must keep: the reference the pages' state is compared with. */
class Server {
  seq = 7
  alarms = new Map<string, Alarm>()
  devices = new Map<string, LiveDevice>()
  readings = new Map<string, LiveReading>()

  snapshot(): Snapshot {
    return {
      epoch: 'e',
      seq: this.seq,
      serverTs: 0,
      mode: 'live',
      jurisdiction: '',
      zone: 'UTC',
      alarms: [...this.alarms.values()],
      counters: countLevels(this.alarms.values()),
      devices: [...this.devices.values()],
      enterprises: [],
      zones: [],
      readings: [...this.readings.values()],
      platform: { receiving: 'ok', detail: null, notices: [] },
    }
  }

  alarm(alarm: Alarm): Change {
    if (isOpen(alarm)) this.alarms.set(alarm.id, alarm)
    else this.alarms.delete(alarm.id)
    return { seq: ++this.seq, kind: 'alarm', alarm, counters: countLevels(this.alarms.values()) }
  }

  device(id: string, device: LiveDevice | null): Change {
    if (device) this.devices.set(id, device)
    else {
      this.devices.delete(id)
      for (const key of [...this.readings.keys()]) if (key.startsWith(`${id}\n`)) this.readings.delete(key)
    }
    return { seq: ++this.seq, kind: 'device', id, device }
  }
}

const ids = fc.constantFrom('a', 'b', 'c', 'd')
const step = fc.oneof(
  fc.record({ do: fc.constant('frame' as const) }),
  fc.record({
    do: fc.constant('alarm' as const),
    id: ids,
    level: fc.constantFrom(...levels),
    state: fc.constantFrom(...alarmStates),
  }),
  fc.record({ do: fc.constant('device' as const), id: ids, there: fc.boolean() }),
  fc.record({ do: fc.constant('reading' as const), id: ids, metric: fc.constantFrom('x', 'y'), value: fc.integer() }),
)

/** What must be equal: all but the alarms that ended while one page was watching. */
const known = ({ ended: _, ...state }: LiveState) => state

test('a page that followed every change knows exactly what a page that just came gets as a snapshot', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const server = new Server()
      let state = fromSnapshot(server.snapshot())
      let frame: Change[] = []
      const draw = () => {
        state = withChanges(state, frame)
        frame = []
        expect(state.counters).toEqual(countLevels(state.alarms.values()))
      }
      const take = (change: Change) => frame.push(change)
      for (const one of steps) {
        if (one.do === 'alarm') {
          take(server.alarm(makeAlarm(1, { id: one.id, level: one.level, state: one.state })))
        } else if (one.do === 'device') {
          const device = one.there ? makeDevice({ id: one.id, name: one.id, kind: 'hydrant' }) : null
          take(server.device(one.id, device))
        } else if (one.do === 'frame') draw()
        else if (server.devices.has(one.id)) {
          draw()
          const reading: LiveReading = [one.id, one.metric, one.value, 1, 1, 0]
          server.readings.set(`${one.id}\n${one.metric}`, reading)
          state = withReadings(state, [reading])
        }
      }
      draw()
      expect(known(state)).toEqual(known(fromSnapshot(server.snapshot())))
    }),
  )
})

test('a change leaves the state before it as it was, and what it does not touch keeps its identity', () => {
  const server = new Server()
  server.alarm(makeAlarm(1, { id: 'a' }))
  server.device('d', makeDevice({ id: 'd', name: 'd', kind: 'hydrant' }))
  const before = fromSnapshot(server.snapshot())
  const copy = structuredClone(before)
  const after = withReadings(withChanges(before, [server.alarm(makeAlarm(2, { id: 'b' }))]), [['d', 'x', 1, 1, 1, 0]])
  expect(before).toEqual(copy)
  expect(after.devices).toBe(before.devices)
  expect(after.alarms).not.toBe(before.alarms)
})
