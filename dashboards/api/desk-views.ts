import { Type } from 'typebox'
import { MOST_VIEWS, queueSorts } from '../../core/desk-view.ts'
import { Invalid } from '../../core/errors.ts'
import { levels } from '../../core/level.ts'
import type { Caller } from '../access.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { Forbidden } from '../refusals.ts'

const strict = { additionalProperties: false } as const
const WordSchema = Type.String({ maxLength: 100 })
const ViewsSchema = Type.Object(
  {
    views: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 30, pattern: '\\S', examples: ['我的辖区'] }),
          sort: Type.Enum([...queueSorts]),
          filter: Type.Object(
            {
              ...{ text: WordSchema, area: WordSchema, enterprise: WordSchema, kind: WordSchema },
              level: Type.Enum(['', ...levels]),
              mine: Type.Boolean(),
            },
            strict,
          ),
        },
        strict,
      ),
      { maxItems: MOST_VIEWS, description: 'all of them: what is not in the list is gone' },
    ),
  },
  strict,
)

/** Views of the queue that a person has saved: the same on every machine they work at. */
export function deskViewCalls(app: Api, context: Context): void {
  const { people } = context
  const tags = ['session']
  const self = (caller: Caller) => {
    const person = people.person(caller.id)
    if (caller.via === 'wall' || !person) throw new Forbidden('forbidden', 'this is for people with a login')
    return person
  }

  app.get('/me/views', { schema: { tags, summary: 'My saved views of the queue of the desk' } }, (request) => {
    return { views: self(callerOf(context, request, 'read')).views }
  })

  app.put(
    '/me/views',
    { schema: { tags, summary: 'Save my views; they never hide a red', body: ViewsSchema } },
    async (request) => {
      const { id } = self(callerOf(context, request, 'read'))
      const { views } = request.body
      const twice = views.find(({ name }, i) => views.findIndex((other) => other.name.trim() === name.trim()) !== i)
      if (twice) throw new Invalid('invalid', `two views are called ${twice.name}`, { field: 'views' })
      await people.keepViews(
        id,
        views.map((view) => ({ ...view, name: view.name.trim() })),
      )
      return { views: people.person(id)!.views }
    },
  )
}
