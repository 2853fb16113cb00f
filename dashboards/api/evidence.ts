import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { Type } from 'typebox'
import type { Alarm } from '../../core/alarm.ts'
import { NotFound } from '../../core/errors.ts'
import type { Evidence, EvidenceEntry, RecordedProof, RecordProof } from '../../core/evidence.ts'
import { photosIn, type PhotoNote } from '../../core/photo.ts'
import type { RecordEntry } from '../../core/record.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import type { Caller } from '../access.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { Photos } from '../photos.ts'
import { may } from '../rights.ts'
import { AlarmIdSchema } from './alarms.ts'

const AROUND_MS = 15 * 60_000
const LONGEST_MS = 24 * 3_600_000
const MOST_POINTS = 100_000
const ByIdSchema = Type.Object({ id: AlarmIdSchema })

/** What a person looked at, and what stands as proof of an alarm (promise 7). */
export function evidenceCalls(app: Api, context: Context, proof: RecordProof): void {
  const { alarmBook, clock, config, journal, recorder } = context
  const photos = new Photos(join(config.dataDir, 'photos'))
  const tags = ['alarms']
  const find = async (id: string, caller: Caller): Promise<Alarm> => {
    const alarm = await alarmBook.alarm(id)
    if (!alarm || !sees(caller, alarm.enterpriseId)) throw new NotFound(`there is no alarm ${id}`)
    return alarm
  }

  app.post(
    '/alarms/:id/viewed',
    {
      schema: {
        tags,
        summary: 'Says that a person has opened this alarm as it stands; recorded once per person and version',
        params: ByIdSchema,
      },
    },
    async (request, reply) => {
      const caller = callerOf(context, request, 'read')
      const { id, version } = await find(request.params.id, caller)
      const entry: RecordEntry = { kind: 'alarm.viewed', alarmId: id, version, by: caller.id }
      await recorder.append(entry, `viewed/${id}/${version}/${caller.id}`)
      return reply.code(204).send()
    },
  )

  app.get(
    '/alarms/:id/evidence',
    {
      schema: {
        tags,
        summary:
          'Everything known of an alarm as one signed file of two lines: rule version, readings, changes, views, actions, pushes and ' +
          'receipts with the hashes that chain them; the signature. Checked by `npm run verify-record -- --evidence FILE`',
        params: ByIdSchema,
      },
    },
    async (request, reply) => {
      const caller = callerOf(context, request, 'act')
      const alarm = await find(request.params.id, caller)
      const positions = new Set([...(await backgroundOf(alarm)), ...(await alarmBook.timeline(alarm.id)).map(({ pos }) => pos)])
      const recorded = await proof.recordedAt(positions)
      const found = new Set(recorded.map(({ entry }) => entry.pos))
      const evidence: Evidence = {
        format: 'watchfire-evidence/1',
        alarm,
        exportedBy: caller.id,
        exportedAt: clock.now(),
        head: journal.head(),
        record: recorded.map(shown),
        missing: [...positions].filter((pos) => !found.has(pos)).sort((a, b) => a - b),
        readings: await readingsAround(alarm),
        photos: await photosOf(recorded),
        // Who did what is named only to those who answer for it; everybody else has the ids.
        ...(may(caller.role, 'tune') && { people: namesIn(recorded) }),
      }
      const body = Buffer.from(JSON.stringify(evidence))
      const seal = JSON.stringify(proof.sign(body))
      const sha256 = createHash('sha256').update(body).digest('hex')
      await recorder.append({ kind: 'evidence.exported', alarmId: alarm.id, sha256, by: caller.id })
      return reply
        .type('application/x-ndjson; charset=utf-8')
        .header('content-disposition', `attachment; filename="evidence-${alarm.id.replaceAll(/[^A-Za-z0-9._-]/g, '_')}.jsonl"`)
        .header('x-content-type-options', 'nosniff')
        .header('x-evidence-sha256', sha256)
        .send(Buffer.concat([body, Buffer.from(`\n${seal}\n`)]))
    },
  )

  /** The rule version that raised it, and the rows of what is in alarm as they stood then. */
  async function backgroundOf(alarm: Alarm): Promise<number[]> {
    const raisedPos = Math.max(0, ...alarm.causes)
    const standing = new Map<string, number>()
    for (const entry of await journal.readRecord(1, ['rule.set', 'registry.changed'])) {
      const said = readRecordEntry(entry)
      if (said.kind === 'rule.set' && said.rule.id === alarm.ruleId && said.rule.version === alarm.ruleVersion)
        standing.set('rule', entry.pos)
      if (said.kind === 'registry.changed' && [alarm.deviceId, alarm.enterpriseId, alarm.zoneId].includes(said.row.id))
        if (raisedPos === 0 || entry.pos <= raisedPos) standing.set(`${said.entity}/${said.row.id}`, entry.pos)
    }
    return [...standing.values()]
  }

  async function readingsAround(alarm: Alarm): Promise<Evidence['readings']> {
    const from = alarm.measuredAt - AROUND_MS
    const to = Math.min((alarm.endedAt ?? clock.now()) + AROUND_MS, from + LONGEST_MS)
    const { json } = await context.history.readings({
      ...{ mode: alarm.mode, device: alarm.deviceId, metrics: [], from, to, quality: true },
      ...{ zone: context.config.zone, throughPos: 0, maxPoints: MOST_POINTS },
    })
    return { from, to, ...(JSON.parse(Buffer.from(json).toString()) as { series: unknown[]; next?: string }) }
  }

  /** Once each, where it is named first. */
  async function photosOf(recorded: RecordedProof[]): Promise<NonNullable<Evidence['photos']>> {
    const named = new Map<string, PhotoNote & { pos: number }>()
    for (const { entry } of recorded)
      for (const one of photosIn(Buffer.from(entry.payload).toString()))
        if (!named.has(one.sha256)) named.set(one.sha256, { ...one, pos: entry.pos })
    return Promise.all([...named.values()].map(async (one) => ({ ...one, ...(await photos.state(one.sha256)) })))
  }

  function namesIn(recorded: RecordedProof[]): Record<string, string> {
    const text = recorded.map(({ entry }) => Buffer.from(entry.payload).toString()).join('\n')
    const named = context.people.list().filter(({ id }) => text.includes(JSON.stringify(id)))
    return Object.fromEntries(named.map(({ id, username }) => [id, username]))
  }
}

function shown({ entry, previous, hash }: RecordedProof): EvidenceEntry {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  const { pos, receivedAt, kind, key, count } = entry
  const payload = Buffer.from(entry.payload).toString('utf8')
  return { pos, receivedAt, kind, key, count, payload, previous: hex(previous), hash: hex(hash) }
}
