import type { Escalation } from '../../core/escalation.ts'
import type { OnDuty } from '../../core/roster.ts'
import { callerOf, type Api, type Context } from '../context.ts'

/** What platforms ask of a shift is to be answered within so long (ux.md B5). */
const ANSWER_MS = 120_000
type Answered = { personId: string; askedAt: number; answered: boolean; open: boolean }

/** The roll of the shifts that are on now (点名): who was asked, and who answered. */
export function rollCallCalls(app: Api, context: Context, escalation: Escalation): void {
  const { clock, people, roster } = context
  const tags = ['duty']

  /** Of several ways to one person one answer is enough. */
  const askedOf = async ({ shiftId }: OnDuty, personId: string): Promise<Answered[]> => {
    const asked = (await escalation.myPushes(personId)).filter(
      ({ rollCall }) => rollCall !== undefined && rollCall.asks && rollCall.shiftId === shiftId,
    )
    const [first] = asked
    if (!first?.rollCall) return []
    const { open } = first.rollCall
    return [{ personId, askedAt: first.at, answered: asked.some(({ answered }) => answered), open }]
  }

  app.get(
    '/duty/roll-call',
    { schema: { tags, summary: 'The roll calls of the shifts I am in, or lead: who was asked, who answered, and until when' } },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      await roster.known()
      const now = clock.now()
      const onDuty = roster.book.regions().flatMap((region) => roster.book.onDuty(region, now) ?? [])
      const shifts = [...new Map(onDuty.map((one) => [one.shiftId, one])).values()]
      const calls = []
      for (const shift of shifts) {
        const { duty1, duty2, shiftLeader, dutyLeader } = shift.people
        const leads = caller.id === shiftLeader || caller.id === dutyLeader
        const isMine = [duty1, duty2, shiftLeader].includes(caller.id)
        if (!leads && !isMine) continue
        const wanted = [...new Set([duty1, duty2, shiftLeader])]
        const asked = (await Promise.all(wanted.map((id) => askedOf(shift, id)))).flat()
        if (asked.length === 0) continue
        const answerBy = Math.min(...asked.map(({ askedAt }) => askedAt)) + ANSWER_MS
        const mine = asked.find(({ personId }) => personId === caller.id)
        const name = (id: string) => people.person(id)?.contact.name ?? people.person(id)?.username ?? id
        calls.push({
          shiftId: shift.shiftId,
          region: shift.region,
          answerBy,
          open: asked.some(({ open }) => open),
          /** null: not asked · else whether I have answered */
          mine: mine?.answered ?? null,
          ...(leads && { people: asked.map(({ personId, answered }) => ({ personId, name: name(personId), answered })) }),
        })
      }
      return { now, calls }
    },
  )
}
