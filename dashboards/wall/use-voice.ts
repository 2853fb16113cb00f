import { onScopeDispose, ref, type Ref } from 'vue'
import { api } from '../web/api.ts'
import { locale, t } from '../web/i18n/i18n.ts'
import { screenHeaders } from '../web/screen.ts'
import type { Sound } from './use-sound.ts'

/** `off`: no engine is set, or it does not speak to this screen; `failing`: it is set and does not answer. */
export type VoiceState = 'off' | 'ready' | 'failing'
export type Voice = {
  state: Ref<VoiceState>
  /** whether something waits to be said */
  busy(): boolean
  /** `short` is said when the whole takes longer than anybody may speak */
  say(text: string, short?: string): void
}

/** The pattern comes first, then words (ux A3). */
const AFTER_MS = 1_600
const ANSWER_MS = 10_000
const LOOK_MS = 30_000
/** What waits for longer is old news: the screen has it. */
const OLD_MS = 45_000
const WAITING_AT_MOST = 6

/** Speech made by the server's engine. Whatever fails here, the tones and the text go on without it. */
export function useVoice(sound: Sound): Voice {
  const state = ref<VoiceState>('off')
  const waiting: { text: string; short: string; at: number }[] = []
  let speaking = false
  let stopped = false
  /** said when the server is away, so fetched while it is there; by language */
  const kept = new Map<string, AudioBuffer>()

  const look = async () => {
    try {
      state.value = (await api<{ state: VoiceState }>('GET', '/voice')).state
      if (state.value === 'off' || kept.has(locale.value)) return
      const language = locale.value
      const speech = await fetched(t('wall.say.interrupted'))
      if (speech) kept.set(language, speech)
    } catch {
      // a server that is away is told of by the picture
    }
  }
  /** Null when the engine gives none; raises `TooLong`. */
  const fetched = async (text: string): Promise<AudioBuffer | null> => {
    const lang = locale.value === 'en' ? 'en' : 'zh'
    const query = new URLSearchParams({ text, lang })
    const response = await fetch(`/api/v1/voice/speech?${query}`, {
      headers: screenHeaders(),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    if (response.status === 422 || response.status === 400) throw new TooLong()
    if (response.status === 403) {
      state.value = 'off'
      return null
    }
    if (!response.ok) {
      state.value = 'failing'
      return null
    }
    const speech = await sound.siren.decode(await response.arrayBuffer())
    state.value = speech ? 'ready' : 'failing'
    return speech
  }
  const next = async () => {
    if (speaking || stopped) return
    speaking = true
    try {
      for (let one = waiting.shift(); one; one = waiting.shift()) {
        const { text, short, at } = one
        if (performance.now() - at > OLD_MS) continue
        const speech = await fetched(text).catch((error: unknown) => {
          if (error instanceof TooLong) return short === text ? null : fetched(short).catch(() => null)
          state.value = 'failing'
          return null
        })
        const wait = at + AFTER_MS - performance.now()
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
        if (speech && !stopped) await sound.siren.speak(speech, text)
      }
    } finally {
      speaking = false
    }
  }
  sound.onStanding(() => {
    const speech = kept.get(locale.value)
    if (speech) void sound.siren.speak(speech, t('wall.say.interrupted'))
  })
  const timer = setInterval(() => void look(), LOOK_MS)
  void look()
  onScopeDispose(() => {
    stopped = true
    clearInterval(timer)
  })
  return {
    state,
    busy: () => speaking || waiting.length > 0,
    say(text, short = text) {
      if (state.value === 'off' || sound.state.value !== 'ready' || waiting.length >= WAITING_AT_MOST) return
      waiting.push({ text, short, at: performance.now() })
      void next()
    },
  }
}

class TooLong extends Error {}
