import { Type } from 'typebox'
import { Invalid, NotFound } from '../../core/errors.ts'
import { ModeSchema, type Mode } from '../../core/mode.ts'
import { IdSchema } from '../../core/registry.ts'
import type { Caller } from '../access.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { Forbidden } from '../refusals.ts'
import { momentOf } from '../replay/moment-text.ts'
import type { Replays } from '../replay/question.ts'

/** Stepping about a moment is one look at it. */
const ONE_LOOK_MS = 10 * 60_000
const LOOKERS_KEPT = 1_000

const QuerySchema = Type.Object({
  at: Type.String({
    minLength: 1,
    maxLength: 40,
    description: "`2026-03-21 14:48:05` in the deployment's zone, ISO 8601 with an offset, or ms UTC",
    examples: ['2026-03-21 14:48:05'],
  }),
  mode: Type.Optional(ModeSchema),
  enterpriseId: Type.Optional(IdSchema),
})
const direction = Type.Enum(['next', 'previous'], { description: 'the first change after `at`, or the last one before it' })

type Asked = { at: string; mode?: Mode; enterpriseId?: string }

/** What walls showed at a past moment: as it was known then, of what the person may see. */
export function wallAtCalls(app: Api, context: Context, replays: Replays): void {
  const { clock, config, recorder } = context
  const looks = new Map<string, { at: number; since: number }>()

  app.get(
    '/wall',
    {
      schema: {
        tags: ['wall'],
        summary:
          'The picture of the live feed as it stood at a past moment: what had been received by then. `readings`: `gone` when values of ' +
          'that time are no longer kept; `downSince`: the platform was not running then. That a person looked is recorded',
        querystring: QuerySchema,
      },
    },
    async (request, reply) => {
      const caller = callerOf(context, request, 'read')
      const asked = questionOf(caller, request.query)
      const { jurisdiction, zone } = config
      const moment = await replays.wallAt({ ...asked, jurisdiction, zone })
      await note(caller, asked)
      return reply.type('application/json; charset=utf-8').send(Buffer.from(moment.buffer, moment.byteOffset, moment.byteLength))
    },
  )

  app.get(
    '/wall/change',
    {
      schema: {
        tags: ['wall'],
        summary: 'The nearest moment at which an alarm of that picture was raised or changed; null when there is none',
        querystring: Type.Object({ ...QuerySchema.properties, direction }),
      },
    },
    async (request) => {
      const { direction, ...query } = request.query
      const asked = questionOf(callerOf(context, request, 'read'), query)
      return { at: await replays.changeNear({ ...asked, direction }) }
    },
  )

  function questionOf(caller: Caller, { at: text, mode = config.mode, enterpriseId }: Asked) {
    if (caller.via === 'wall')
      throw new Forbidden('forbidden', 'a wall on duty shows the present; log in as a person on another screen to look back')
    const at = momentOf(text, config.zone)
    if (at > clock.now())
      throw new Invalid('in-the-future', 'at lies in the future: a wall can be shown as it was, not as it will be', {
        field: 'at',
      })
    if (enterpriseId !== undefined && !caller.sight.covers(enterpriseId))
      throw new NotFound(`there is no enterprise ${enterpriseId}`)
    const { enterpriseId: own, regions, sectors } = caller.sight
    return { at, mode, enterpriseId: own ?? enterpriseId ?? null, sight: { enterpriseId: own, regions, sectors } }
  }

  async function note({ id }: Caller, { at, mode, enterpriseId }: { at: number; mode: Mode; enterpriseId: string | null }) {
    const key = JSON.stringify([id, mode, enterpriseId])
    const look = looks.get(key)
    const now = clock.now()
    if (look && Math.abs(at - look.at) < ONE_LOOK_MS && now - look.since < ONE_LOOK_MS) return
    await recorder.append({ kind: 'wall.viewed', at, mode, enterpriseId, by: id })
    looks.delete(key)
    looks.set(key, { at, since: now })
    for (const old of [...looks.keys()].slice(0, -LOOKERS_KEPT)) looks.delete(old)
  }
}
