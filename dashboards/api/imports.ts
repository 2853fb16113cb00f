import { Type } from 'typebox'
import { Invalid, Unavailable } from '../../core/errors.ts'
import { IMPORT_BYTES, importRows, type ImportAnswer, type ImportKind } from '../../core/imports.ts'
import { ModeSchema, type Mode } from '../../core/mode.ts'
import type { Caller } from '../access.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { applyDevices, applyPeople, type Done } from '../imports/apply.ts'
import { deviceColumns } from '../imports/device-columns.ts'
import { badRows, resultRows, templateOf, type Language } from '../imports/files.ts'
import { personColumns } from '../imports/person-columns.ts'
import { countStates, shownRow, type RowPlan } from '../imports/plan.ts'
import { planDevices } from '../imports/plan-devices.ts'
import { planPeople } from '../imports/plan-people.ts'
import { readSheet, type Column, type Sheet } from '../imports/sheet.ts'
import type { Right } from '../rights.ts'

const lang = Type.Optional(Type.Enum(['zh', 'en'], { description: 'of the files in the answer; default zh' }))
const QuerySchema = Type.Object({
  dryRun: Type.Optional(Type.Boolean({ description: 'only say what would happen; default true' })),
  lang,
})
const DevicesQuerySchema = Type.Object({
  ...QuerySchema.properties,
  mode: Type.Optional({ ...ModeSchema, description: 'of devices that are new; default test' }),
})

type Query = { dryRun?: boolean; lang?: Language; mode?: Mode }
/** One kind of sheet: what stands in it, who may bring it in, what its rows come to, and how that is done. */
type Kind<Wish> = {
  kind: ImportKind
  right: Right
  columns: readonly Column[]
  /** of each of these one is needed */
  needed: readonly (readonly string[])[]
  plan: (sheet: Sheet, query: Query) => Promise<RowPlan<Wish>[]>
  apply: (caller: Caller, plans: RowPlan<Wish>[]) => Promise<Done<Wish>>
}

/** Sheets as officials have them: devices with their places, and people. The good rows go in, the bad ones come back with reasons. */
export function importCalls(app: Api, context: Context): void {
  const { registry, people, offices } = context
  void app.register((inner, _options, done) => {
    const api = inner as unknown as Api
    // What it is, its bytes say: browsers know a CSV by different names, or by none.
    const types = ['text/csv', 'text/plain', 'application/vnd.ms-excel', 'application/octet-stream']
    api.addContentTypeParser(types, { parseAs: 'buffer', bodyLimit: IMPORT_BYTES }, (_request, bytes, parsed) =>
      parsed(null, bytes),
    )
    callsFor(api, context, {
      ...{ kind: 'devices', right: 'install', columns: deviceColumns, needed: [['enterprise', 'creditCode']] },
      plan: async ({ rows }, { mode = 'test' }) => {
        await offices.known()
        const regions = new Map(
          [...offices.book.regions.values()].flatMap(({ code, zh, en }) => [zh, en].map((name) => [name, code])),
        )
        return planDevices(rows, registry, regions, mode)
      },
      apply: (caller, plans) => applyDevices(context, caller, plans),
    })
    callsFor(api, context, {
      ...{ kind: 'people', right: 'govern', columns: personColumns },
      needed: [
        ['name', 'username'],
        ['phone', 'mail', 'username'],
      ],
      plan: async ({ rows }) => {
        await offices.known()
        return planPeople(rows, { people: people.list(), registry, departments: [...offices.book.departments.values()] })
      },
      apply: (caller, plans) => applyPeople(context, caller, plans),
    })
    done()
  })
}

function callsFor<Wish>(api: Api, context: Context, { kind, right, columns, needed, plan, apply }: Kind<Wish>): void {
  const { recorder, log } = context
  const tags = ['imports']
  /** Two at once would both find a thing missing and both add it. */
  let busy = false

  api.get(
    `/imports/${kind}/template`,
    { schema: { tags, summary: `An empty sheet of ${kind}: heads and one example`, querystring: Type.Object({ lang }) } },
    (request, reply) => {
      callerOf(context, request, 'read')
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="watchfire-${kind}.csv"`)
        .header('x-content-type-options', 'nosniff')
        .send(templateOf(columns, request.query.lang ?? 'zh'))
    },
  )

  api.post(
    `/imports/${kind}`,
    {
      // Before the body: nobody else's four megabytes are taken in.
      onRequest: (request, _reply, done) => {
        try {
          callerOf(context, request, right)
          done()
        } catch (error) {
          done(error as Error)
        }
      },
      schema: {
        tags,
        summary: `A CSV of ${kind} (UTF-8 or GBK, at most ${importRows[kind]} rows and ${IMPORT_BYTES} bytes): what each row comes to; with dryRun=false it is done`,
        querystring: kind === 'devices' ? DevicesQuerySchema : QuerySchema,
      },
    },
    async (request): Promise<ImportAnswer> => {
      const caller = callerOf(context, request, right)
      const query = request.query as Query
      const { dryRun = true, lang = 'zh' } = query
      const bytes = request.body as unknown
      if (!Buffer.isBuffer(bytes))
        throw new Invalid('import-not-text', 'send the bytes of one CSV file, with content-type: text/csv')
      const sheet = await readSheet(bytes, columns, { rows: importRows[kind], needed })
      if (!dryRun && busy) throw new Unavailable('busy', 'another import is under way: look again when it has ended')
      busy ||= !dryRun
      try {
        const plans = await plan(sheet, query)
        const done: Done<Wish> = dryRun ? new Map() : await apply(caller, plans)
        const counts = countStates(plans)
        if (!dryRun) {
          // Each row has its own entry: what went in must not be lost over the sum of it, and neither must the tokens.
          await recorder
            .write([{ kind: 'import.done', what: kind, ...counts, by: caller.id }])
            .catch((error: Error) => log.warn('an import is not summed up in the record', { reason: error.message }))
        }
        return {
          ...{ kind, dryRun, encoding: sheet.encoding, unused: sheet.unused, counts },
          columns: sheet.columns.map(({ label }) => label),
          rows: plans.map(shownRow),
          badCsv: badRows(sheet, plans, lang),
          resultCsv: dryRun ? null : resultRows(kind, plans, done, lang),
        }
      } finally {
        if (!dryRun) busy = false
      }
    },
  )
}
