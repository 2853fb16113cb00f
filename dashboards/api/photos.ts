import { join } from 'node:path'
import { Type } from 'typebox'
import { Invalid, NotFound } from '../../core/errors.ts'
import { PHOTO_BYTES, PHOTO_TYPES } from '../../core/photo.ts'
import type { Caller } from '../access.ts'
import { callerOf, sees, type Api, type Context } from '../context.ts'
import { Photos } from '../photos.ts'
import { AlarmIdSchema } from './alarms.ts'

const AboutSchema = Type.Object({ alarm: AlarmIdSchema })
const BySha256Schema = Type.Object({ sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) })

/** Photos people took of what an alarm is about; the evidence of an action names them. */
export function photoCalls(app: Api, context: Context): void {
  const { alarmBook, config } = context
  const photos = new Photos(join(config.dataDir, 'photos'))
  const tags = ['alarms']
  const maySee = async (alarmId: string, caller: Caller): Promise<boolean> => {
    const alarm = await alarmBook.alarm(alarmId)
    return alarm !== undefined && alarm !== null && sees(caller, alarm.enterpriseId)
  }

  void app.register((inner, _options, done) => {
    const api = inner as unknown as Api
    // Only these calls take anything but JSON. What it is, the bytes say, not this header.
    api.addContentTypeParser([...PHOTO_TYPES], { parseAs: 'buffer', bodyLimit: PHOTO_BYTES }, (_request, bytes, parsed) =>
      parsed(null, bytes),
    )

    api.post(
      '/photos',
      {
        schema: {
          tags,
          summary: `Keep a photo (JPEG, PNG or WebP, at most ${PHOTO_BYTES} bytes) for an alarm; gives the hash of its content`,
          querystring: AboutSchema,
        },
      },
      async (request, reply) => {
        const caller = callerOf(context, request, 'act')
        const { alarm } = request.query
        if (!(await maySee(alarm, caller))) throw new NotFound(`there is no alarm ${alarm}`)
        const bytes = request.body as unknown
        if (!Buffer.isBuffer(bytes)) throw new Invalid('not-a-photo', `send the bytes of one picture: ${PHOTO_TYPES.join(', ')}`)
        const { sha256, isNew } = await photos.add(bytes, alarm)
        return reply.code(isNew ? 201 : 200).send({ sha256 })
      },
    )

    api.get(
      '/photos/:sha256',
      { schema: { tags, summary: 'A photo, for those who may see an alarm it is about', params: BySha256Schema } },
      async (request, reply) => {
        const caller = callerOf(context, request, 'read')
        const { type, bytes } = await photos.find(request.params.sha256, (alarmId) => maySee(alarmId, caller))
        return reply.type(type).header('x-content-type-options', 'nosniff').send(bytes)
      },
    )
    done()
  })
}
