import { callerOf, type Api, type Context } from '../context.ts'
import type { Demo } from '../options.ts'

export function demoCalls(app: Api, context: Context, demo: Demo): void {
  app.get('/demo', { schema: { tags: ['demo'], summary: 'How far the story is' } }, (request) => {
    callerOf(context, request, 'read')
    return { story: demo.story() }
  })
  app.post('/demo/restart', { schema: { tags: ['demo'], summary: 'Tell the story again' } }, async (request) => {
    callerOf(context, request, 'act')
    await demo.restart()
    return { story: demo.story() }
  })
}
