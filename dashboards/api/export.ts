import { Readable } from 'node:stream'
import { Type } from 'typebox'
import { Invalid, NotFound } from '../../core/errors.ts'
import { exportEncodings, exportFormats, type ExportEncoding, type ExportFormat, type ExportQuery } from '../../core/history.ts'
import { ModeSchema } from '../../core/mode.ts'
import { IdSchema, type Device } from '../../core/registry.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { Exports, type Progress } from '../exports.ts'
import { TooMany } from '../refusals.ts'
import { chosenDevices } from './places-of.ts'

const HOUR = 3_600_000
/** Rows asked of history at once: half a megabyte of text, a few milliseconds of its thread. */
const PAGE_ROWS = 4_096
const BUSY_S = 30
const types: Record<ExportFormat, string> = { csv: 'text/csv', ndjson: 'application/x-ndjson' }

const QuerySchema = Type.Object({
  device: Type.Optional(IdSchema),
  enterpriseId: Type.Optional(IdSchema),
  zoneId: Type.Optional(IdSchema),
  metric: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: 200, description: 'repeatable' })),
  from: Type.Optional(Type.Integer({ description: 'from ≤ t, ms UTC; default one hour before `to`', examples: [1767225600000] })),
  to: Type.Optional(Type.Integer({ description: 't < to, ms UTC; default now' })),
  format: Type.Optional(Type.Enum([...exportFormats], { description: 'default csv' })),
  encoding: Type.Optional(
    Type.Enum([...exportEncodings], {
      description: 'of csv: utf-8 (default, with byte order mark) or gbk (signs it lacks become ?)',
    }),
  ),
  lang: Type.Optional(Type.Enum(['zh', 'en'], { description: 'of the first line of csv; default zh' })),
  after: Type.Optional(
    Type.String({
      maxLength: 300,
      description:
        'goes on after this row of an earlier export with the same parameters: `device,measuredAt,metric`, time in ms or as csv has it',
      examples: ['GAS-01,1767225600000,combustibleLel'],
    }),
  ),
  id: Type.Optional(
    Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$', description: 'a name of your choice to ask the progress by' }),
  ),
  mode: Type.Optional(ModeSchema),
})

/** Readings as a file of any size. What a slow reader has not taken is not asked of history yet. */
export function exportCalls(app: Api, context: Context): void {
  const { history, journal, registry, config, clock } = context
  const exports = new Exports(() => clock.now())

  app.get(
    '/export',
    {
      schema: {
        tags: ['readings'],
        summary:
          'Readings as a CSV or NDJSON file of any size, by device, metric, time. Cut off? Ask again with `after` = the last whole row ' +
          'and append: the answer then has no first line. The trailer `x-watchfire-rows` says how many rows a whole answer has, ' +
          '`x-watchfire-resolution` from when on every series has readings (before, ask /readings for sums)',
        querystring: QuerySchema,
      },
    },
    async (request, reply) => {
      const caller = callerOf(context, request, 'read')
      const throughPos = journal.head()
      const { metric: metrics = [], mode = config.mode, format = 'csv', lang = 'zh', ...asked } = request.query
      const encoding: ExportEncoding = format === 'csv' ? (asked.encoding ?? 'utf-8') : 'utf-8'
      const to = asked.to ?? clock.now() + 1
      const from = asked.from ?? to - HOUR
      if (from >= to)
        throw new Invalid('invalid', 'from must be before to, both in milliseconds UTC', { field: 'from', from, to })
      const devices = chosenDevices(context, caller, asked)
      const after = asked.after === undefined ? null : readAfter(asked.after)
      const first = after === null ? 0 : devices.findIndex(({ id }) => id === after.device)
      if (after !== null && first < 0)
        throw new Invalid('bad-after', `${after.device} is not in this export: give the last whole row of the file`, {
          field: 'after',
        })
      const begun = exports.begin(caller.id, asked.id ?? null, devices.length - first)
      if (!begun) throw new TooMany('you have several exports under way: wait for one to end, or put them together', BUSY_S)
      const progress: Progress = begun
      reply.raw.once('close', () => progress.end(false))

      const base = { mode, metrics, from, to, format, encoding, zone: config.zone, maxRows: PAGE_ROWS, throughPos }
      const pageOf = (device: Device, from: ExportQuery['after'] | null) =>
        history.exportPage({
          ...base,
          device: device.id,
          labels: { name: device.name, enterprise: registry.enterprises.get(device.enterpriseId)?.name ?? '' },
          ...(from ? { after: from } : device === devices[0] && { firstLine: lang }),
        })
      // The first page is asked before the answer begins, so that what is wrong is still said as an error.
      const opening =
        devices[first] &&
        (await pageOf(devices[first], after).catch((error: Error) => {
          progress.end(false)
          throw error
        }))

      let readingsFrom = from
      async function* pages(): AsyncGenerator<Uint8Array> {
        let whole = false
        try {
          for (const [i, device] of devices.slice(first).entries()) {
            let page = i === 0 ? opening! : await pageOf(device, null)
            for (;;) {
              readingsFrom = Math.max(readingsFrom, page.readingsFrom ?? from)
              progress.took(page.rows, i + (page.last ? partOf(page.last.at) : 1))
              if (page.bytes.length > 0) yield page.bytes
              if (!page.last) break
              page = await pageOf(device, page.last)
            }
          }
          whole = true
        } finally {
          progress.end(whole)
        }
      }
      const partOf = (at: number) => Math.min(1, Math.max(0, (at - from) / (to - from)))
      const day = new Date(from).toISOString().slice(0, 10)
      const name = `readings-${asked.device ?? asked.zoneId ?? asked.enterpriseId ?? 'all'}-${day}.${format}`
      return reply
        .type(`${types[format]}; charset=${encoding}`)
        .header('content-disposition', `attachment; filename="${name}"`)
        .header('x-content-type-options', 'nosniff')
        .trailer('x-watchfire-resolution', (_reply, _payload, done) =>
          done(null, readingsFrom > from ? `readings from=${readingsFrom}` : 'readings'),
        )
        .trailer('x-watchfire-rows', (_reply, _payload, done) => done(null, String(progress.rows)))
        .send(Readable.from(pages(), { objectMode: false, highWaterMark: 1 }))
    },
  )

  app.get(
    '/export/progress',
    {
      schema: {
        tags: ['readings'],
        summary: 'How far your export of this `id` is: rows so far, `part` from 0 to 1 (estimated by time and devices), state',
        querystring: Type.Object({ id: Type.String({ maxLength: 64 }) }),
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const progress = exports.find(caller.id, request.query.id)
      if (!progress) throw new NotFound(`you have no export ${request.query.id}`)
      return progress
    },
  )
}

function readAfter(text: string): { device: string; at: number; metric: string } {
  const [, device, time, metric] = /^'?([^,]+),([^,]+),(.+)$/s.exec(text) ?? []
  const at = /^-?\d+(\.\d+)?$/.test(time ?? '') ? Number(time) : Date.parse(time ?? '')
  if (device === undefined || metric === undefined || !Number.isFinite(at))
    throw new Invalid(
      'bad-after',
      'after is `device,measuredAt,metric` of the last whole row; for example GAS-01,1767225600000,combustibleLel',
      {
        field: 'after',
      },
    )
  return { device, at, metric }
}
