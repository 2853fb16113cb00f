import { Type } from 'typebox'
import { isOpen } from '../../core/alarm.ts'
import { Conflict, NotFound } from '../../core/errors.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { AlarmIdSchema } from './alarms.ts'

/** 投屏: somebody at the desk has the walls show what they are looking at. */
export function wallShowCalls(app: Api, context: Context): void {
  const { alarmBook, recorder } = context
  app.post(
    '/alarms/:id/show',
    {
      schema: {
        tags: ['wall'],
        summary:
          'Every wall that may see this alarm puts it on its card and goes there on its map for half a minute, or until a new red',
        params: Type.Object({ id: AlarmIdSchema }),
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      const alarm = await alarmBook.alarm(request.params.id)
      if (!alarm || !sees(caller, alarm.enterpriseId)) throw new NotFound(`there is no alarm ${request.params.id}`)
      if (!isOpen(alarm)) throw new Conflict('wrong-state', 'it is over: walls show what is open', { alarm, why: 'over' })
      await recorder.append({ kind: 'alarm.shown', alarmId: alarm.id, by: caller.id })
      return { walls: context.showOnWalls(alarm) }
    },
  )
}
