import { Type } from 'typebox'
import type { Escalation } from '../../core/escalation.ts'
import { NotFound } from '../../core/errors.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { AlarmIdSchema } from './alarms.ts'

/** Who has been called about an alarm, by role, and who is next and when: what a wall counts down to. No names, no addresses. */
export function ladderPlaceCalls(app: Api, context: Context, escalation: Escalation | null): void {
  app.get(
    '/alarms/:id/ladder',
    {
      schema: {
        tags: ['alarms'],
        summary: 'Where the calling about an alarm stands: roles that were called, the next rung and when it is due',
        params: Type.Object({ id: AlarmIdSchema }),
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'read')
      const alarm = await context.alarmBook.alarm(request.params.id)
      if (!alarm || !sees(caller, alarm.enterpriseId)) throw new NotFound(`there is no alarm ${request.params.id}`)
      const off = { phase: 'off' as const, taken: [], next: null, feedbackDueAt: null }
      return { alarmId: alarm.id, at: context.clock.now(), ...(escalation ? await escalation.ladderPlace(alarm.id) : off) }
    },
  )
}
