import { Type } from 'typebox'
import { parentOf, regionLevel, type Department } from '../../core/department.ts'
import { IdSchema } from '../../core/registry.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { may } from '../rights.ts'

const CodeSchema = Type.String({ pattern: '^[0-9]{6,12}$', examples: ['330106'] })
const NameSchema = (example: string) => Type.String({ minLength: 1, maxLength: 120, examples: [example] })
const RegionsSchema = Type.Object(
  {
    regions: Type.Array(
      Type.Object({ code: CodeSchema, zh: NameSchema('西湖区'), en: NameSchema('Xihu') }, { additionalProperties: false }),
      { minItems: 1, maxItems: 1_000 },
    ),
  },
  { additionalProperties: false },
)
const fields = {
  sector: Type.Union([Type.String({ minLength: 1, maxLength: 60 }), Type.Null()], {
    examples: ['chemical'],
    description: "the line of business it answers for; null: the place's own department",
  }),
  region: CodeSchema,
  zh: NameSchema('区应急管理局'),
  en: NameSchema('Emergency management bureau'),
  personIds: Type.Array(IdSchema, { maxItems: 200 }),
}
const { personIds, ...named } = fields
const NewSchema = Type.Object({ ...named, personIds: Type.Optional(personIds) }, { additionalProperties: false })
const ChangeSchema = Type.Object(
  {
    version: Type.Integer({ minimum: 1 }),
    zh: Type.Optional(fields.zh),
    en: Type.Optional(fields.en),
    personIds: Type.Optional(personIds),
    retired: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)

/** The region tree and the departments: which local unit answers for a function in a place. */
export function officeCalls(app: Api, context: Context): void {
  const { offices } = context
  const tags = ['regions']

  const regions = async () => {
    await offices.known()
    return offices.regions().map((region) => ({ ...region, level: regionLevel(region.code), parent: parentOf(region.code) }))
  }
  // Who is in a department is for those who work with one another.
  const shown = ({ personIds, ...department }: Department, isPlatforms: boolean) => ({
    ...department,
    ...(isPlatforms && { personIds }),
  })

  app.get(
    '/regions',
    { schema: { tags, summary: 'The region tree: province, city, county, town, community; a code without a name is its own' } },
    async (request) => {
      callerOf(context, request, 'read')
      return { regions: await regions() }
    },
  )

  app.put('/regions', { schema: { tags, summary: 'Name divisions; others stay', body: RegionsSchema } }, async (request) => {
    const caller = callerOf(context, request, 'install')
    await offices.name(request.body.regions, caller.id)
    return { regions: await regions() }
  })

  app.get(
    '/departments',
    { schema: { tags, summary: 'Who answers for a sector or a place, and the enterprises for which nobody does' } },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      await offices.known()
      const departments = [...offices.book.departments.values()].filter(({ retiredAt }) => retiredAt === null)
      const gaps = offices.gaps().filter(({ enterpriseId }) => caller.sight.covers(enterpriseId))
      return { departments: departments.map((one) => shown(one, caller.enterpriseId === null)), gaps }
    },
  )

  app.post('/departments', { schema: { tags, summary: 'Add a department', body: NewSchema } }, async (request, reply) => {
    const caller = callerOf(context, request, 'install')
    const department = await offices.add({ personIds: [], ...request.body }, caller.id)
    return reply.code(201).send(shown(department, may(caller.role, 'install')))
  })

  app.patch(
    '/departments/:id',
    {
      schema: {
        tags,
        summary: 'Rename a department, say who is in it, or retire it',
        params: Type.Object({ id: IdSchema }),
        body: ChangeSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'install')
      const { version, ...wish } = request.body
      return shown(await offices.change(request.params.id, version, wish, caller.id), true)
    },
  )
}
