import type { Level } from '../../core/level.ts'

/** Sound patterns of ux E2: [start, length] in ms at one pitch; `everyMs` null sounds once (and once more where `againMs` says). */
type Pattern = { pitchHz: number; pulses: [at: number, length: number][]; everyMs: number | null; againMs: number | null }

const train = (count: number, on: number, off: number, from = 0): [number, number][] =>
  Array.from({ length: count }, (_, i) => [from + i * (on + off), on])

/** 3 + 2 pulses, twice. */
const redGroup = (from: number): [number, number][] => [...train(3, 150, 100, from), ...train(2, 150, 100, from + 3 * 250 + 200)]

export const patterns: Record<Level, Pattern> = {
  red: { pitchHz: 660, pulses: [...redGroup(0), ...redGroup(1_650)], everyMs: 8_000, againMs: null },
  orange: { pitchHz: 520, pulses: train(3, 200, 200), everyMs: 20_000, againMs: null },
  yellow: { pitchHz: 440, pulses: train(2, 200, 300), everyMs: null, againMs: 300_000 },
  blue: { pitchHz: 350, pulses: train(1, 150, 0), everyMs: null, againMs: null },
}

const RESTART_MS = 3_000
const MUTE_MS = 120_000
/** 12 dB less while somebody speaks. */
const DUCKED = 10 ** (-12 / 20)
const DUCK_S = 0.05

/** The page's one sound loop: that of the highest unacknowledged level. */
export class Siren {
  #context: AudioContext | null = null
  #wave: PeriodicWave | null = null
  /** everything but speech goes through here */
  #tones: GainNode | null = null
  #level: Level | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #restartedAt = Number.NEGATIVE_INFINITY
  #mutedUntil = 0

  /** Whether a sound would be heard: a browser that has not been touched keeps the context suspended. */
  get ready(): boolean {
    return this.#open()?.state === 'running'
  }

  get mutedForMs(): number {
    return Math.max(0, this.#mutedUntil - performance.now())
  }

  /** To be called from a click or key: only then may a browser let sound through. */
  unlock(): void {
    void this.#open()
      ?.resume()
      .catch(() => {})
  }

  mute(): void {
    this.#mutedUntil = this.mutedForMs > 0 ? 0 : performance.now() + MUTE_MS
  }

  /** `fresh`: an alarm of this level has just come, so the loop starts over (at most every 3 s); a new red ends a mute. */
  sound(level: Level | null, fresh: boolean): void {
    if (fresh && level === 'red') this.#mutedUntil = 0
    const changed = level !== this.#level
    this.#level = level
    if (!changed && !(fresh && performance.now() - this.#restartedAt >= RESTART_MS)) return
    clearTimeout(this.#timer)
    if (level === null) return
    this.#restartedAt = performance.now()
    this.#loop(patterns[level])
  }

  /** Falling two-tone: the picture has stopped. */
  interrupted(): void {
    this.#pulse(500, 0, 250)
    this.#pulse(300, 300, 350)
  }

  /** Speech in this page's own sound, null when a browser cannot read it. */
  async decode(speech: ArrayBuffer): Promise<AudioBuffer | null> {
    try {
      return (await this.#open()?.decodeAudioData(speech)) ?? null
    } catch {
      return null
    }
  }

  /** Says it over the loop, which steps back meanwhile. Resolves when it has been said, at once when nothing would be heard. */
  async speak(speech: AudioBuffer, text: string): Promise<void> {
    const context = this.#open()
    if (!context || !this.#tones || context.state !== 'running' || this.mutedForMs > 0) return
    const { gain } = this.#tones
    const source = context.createBufferSource()
    source.buffer = speech
    source.connect(context.destination)
    gain.setTargetAtTime(DUCKED, context.currentTime, DUCK_S)
    performance.clearMarks('voice-started')
    performance.mark('voice-started', { detail: { text, ducked: DUCKED } })
    const ended = new Promise<void>((resolve) => source.addEventListener('ended', () => resolve(), { once: true }))
    source.start()
    // A context that is suspended in the middle never says that it ended.
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, speech.duration * 1000 + 1_000))])
    gain.setTargetAtTime(1, context.currentTime, DUCK_S)
  }

  stop(): void {
    clearTimeout(this.#timer)
    void this.#context?.close().catch(() => {})
  }

  #loop(pattern: Pattern): void {
    if (this.#context?.state === 'running' && this.mutedForMs === 0) {
      // One mark is kept: when the loop that is heard last began.
      performance.clearMarks('sound-started')
      performance.mark('sound-started', { detail: { pitchHz: pattern.pitchHz } })
    }
    for (const [at, length] of pattern.pulses) this.#pulse(pattern.pitchHz, at, length)
    const again = pattern.everyMs ?? pattern.againMs
    if (again === null) return
    this.#timer = setTimeout(() => this.#loop(pattern.everyMs === null ? { ...pattern, againMs: null } : pattern), again)
  }

  #pulse(pitchHz: number, atMs: number, lengthMs: number): void {
    const context = this.#open()
    if (!context || context.state !== 'running' || this.mutedForMs > 0) return
    const start = context.currentTime + atMs / 1000
    const end = start + lengthMs / 1000
    const oscillator = context.createOscillator()
    const gain = context.createGain()
    oscillator.setPeriodicWave(this.#wave!)
    oscillator.frequency.value = pitchHz
    gain.gain.setValueAtTime(0, start)
    gain.gain.linearRampToValueAtTime(0.5, start + 0.015)
    gain.gain.setValueAtTime(0.5, end - 0.02)
    gain.gain.linearRampToValueAtTime(0, end)
    oscillator.connect(gain).connect(this.#tones ?? context.destination)
    oscillator.start(start)
    oscillator.stop(end)
  }

  #open(): AudioContext | null {
    if (this.#context === null && typeof AudioContext === 'function') {
      this.#context = new AudioContext()
      this.#tones = this.#context.createGain()
      this.#tones.connect(this.#context.destination)
      // Five harmonics within 15 dB: a pure tone is hard to place and easily masked.
      const harmonics = new Float32Array([0, 1, 0.8, 0.6, 0.45, 0.3])
      this.#wave = this.#context.createPeriodicWave(new Float32Array(harmonics.length), harmonics)
    }
    return this.#context
  }
}
