import { Type } from 'typebox'
import { callerOf, type Api, type Context } from '../context.ts'
import { Forbidden } from '../refusals.ts'

/** Twelve seconds of speech: about sixty Chinese characters, or a hundred and eighty letters. */
const TEXT_CHARACTERS = 180
const SpeechSchema = Type.Object({
  text: Type.String({ minLength: 1, maxLength: TEXT_CHARACTERS, pattern: '\\S', examples: ['红色报警。请立即确认。'] }),
  lang: Type.Enum(['zh', 'en'], { default: 'zh' }),
})

/** Control characters mean nothing aloud, and a text must not look like an option to the program it is given to. */
const speakable = (text: string): string =>
  text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .replace(/^[-–—@/\\]+/, '')

/** What a wall says aloud, spoken on this machine. */
export function voiceCalls(api: Api, context: Context): void {
  const { voice } = context
  const tags = ['wall']

  api.get('/voice', { schema: { tags, summary: 'Whether announcements can be spoken' } }, (request) => {
    callerOf(context, request, 'read')
    return { state: voice.state }
  })

  api.get(
    '/voice/speech',
    { schema: { tags, summary: 'A text as WAV; for walls only', querystring: SpeechSchema } },
    async (request, reply) => {
      const { via } = callerOf(context, request, 'read')
      // Rendering costs a process: it is not for everybody who may read.
      if (via !== 'wall' && via !== 'loopback') throw new Forbidden('forbidden', 'only a paired wall is spoken to')
      const { text, lang } = request.query
      const speech = await voice.say(speakable(text) || ' ', lang)
      return reply.type('audio/wav').send(speech)
    },
  )
}
