import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../core/log.ts'
import { Voice } from '../../dashboards/voice.ts'
import { wavSeconds } from '../../dashboards/wav.ts'

let dir: string
let now = 1_000_000
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'watchfire-voice-'))
})

/** A real program, as a deployment would name one. */
function engine(body: string): string {
  const file = join(dir, 'engine')
  writeFileSync(file, `#!/bin/sh\necho "$@" >> ${dir}/calls\n${body}\n`)
  chmodSync(file, 0o755)
  return file
}
const calls = () => (existsSync(join(dir, 'calls')) ? readFileSync(join(dir, 'calls'), 'utf8').trim().split('\n') : [])
const wav = (seconds: number): Buffer => {
  const head = Buffer.from('RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\0\0\0\0\0\0\0\0\x01\0\x08\0data\0\0\0\0', 'latin1')
  head.writeUInt32LE(8_000, 24)
  head.writeUInt32LE(8_000, 28)
  head.writeUInt32LE(8_000 * seconds, 40)
  return Buffer.concat([head, Buffer.alloc(8_000 * seconds, 128)])
}
const speak = (command: string[], more: { timeoutMs?: number; cacheBytes?: number } = {}) =>
  new Voice({ command, dir: join(dir, 'kept'), clock: { now: () => now }, log: silentLog, ...more })

test('a text is said once by the program and kept; only its own environment reaches it', async () => {
  writeFileSync(join(dir, 'one.wav'), wav(1))
  process.env['WATCHFIRE_ADMIN_PASSWORD_TRIAL'] = 'secret'
  const voice = speak([engine(`env >> ${dir}/env; cp ${dir}/one.wav "$2"`), '-w', '{file}', '{lang}', '{text}'])
  const text = '红色报警。$(touch pwned); `id` "; rm -rf /'
  const [first, same] = await Promise.all([voice.say(text, 'zh'), voice.say(text, 'zh')])
  expect(first.equals(wav(1)) && same.equals(first)).toBe(true)
  expect((await voice.say(text, 'zh')).equals(first)).toBe(true)
  expect(calls()).toHaveLength(1)
  expect(calls()[0]!.endsWith(` zh ${text}`)).toBe(true)
  expect(readFileSync(join(dir, 'env'), 'utf8')).not.toContain('WATCHFIRE')
  await voice.say(text, 'en')
  expect(calls()).toHaveLength(2)
  expect(voice.state).toBe('ready')
  // A restart finds what was said before.
  await speak([join(dir, 'engine'), '-w', '{file}', '{lang}', '{text}']).say(text, 'zh')
  expect(calls()).toHaveLength(2)
})

test('a program without placeholders gets the text on stdin and answers on stdout', async () => {
  writeFileSync(join(dir, 'two.wav'), wav(2))
  const voice = speak([engine(`cat > ${dir}/said; cat ${dir}/two.wav`)])
  expect(wavSeconds(await voice.say('请立即确认。', 'zh'))).toBe(2)
  expect(readFileSync(join(dir, 'said'), 'utf8')).toBe('请立即确认。')
})

test('a program that hangs is ended with all it started, and one that has failed is left alone for a while', async () => {
  const voice = speak([engine(`(sleep 60; touch ${dir}/late) & sleep 60`), '{text}'], { timeoutMs: 300 })
  const began = performance.now()
  await expect(voice.say('a', 'zh')).rejects.toMatchObject({ code: 'voice-failed', message: /no answer within 300 ms/ })
  expect(performance.now() - began).toBeLessThan(3_000)
  expect(voice.state).toBe('failing')
  await expect(voice.say('b', 'zh')).rejects.toMatchObject({ code: 'voice-failed' })
  expect(calls()).toHaveLength(1)
  now += 60_000
  await expect(voice.say('b', 'zh')).rejects.toThrow()
  expect(calls()).toHaveLength(2)
})

test.each([
  ['ends with a fault', 'exit 3', /it ended with 3/],
  ['gives something else than a WAV', 'echo hello', /no WAV/],
  ['gives without end', 'cat /dev/zero', /more than speech/],
])('a program that %s: the wall is told, and it says so no more when it works again', async (_, body, why) => {
  const command = [engine(body), '{text}']
  const voice = speak(command)
  await expect(voice.say('a', 'zh')).rejects.toMatchObject({ code: 'voice-failed', message: why })
  expect(voice.state).toBe('failing')
  writeFileSync(join(dir, 'one.wav'), wav(1))
  engine(`cat ${dir}/one.wav`)
  now += 60_000
  await voice.say('a', 'zh')
  expect(voice.state).toBe('ready')
})

test('a program that is not there, and none at all', async () => {
  await expect(speak([join(dir, 'none'), '{text}']).say('a', 'zh')).rejects.toMatchObject({ code: 'voice-failed' })
  const off = new Voice({ command: null, dir, clock: { now: () => now }, log: silentLog })
  expect(off.state).toBe('off')
  await expect(off.say('a', 'zh')).rejects.toMatchObject({ code: 'voice-off' })
})

test('what takes longer than twelve seconds is refused; what is kept stays under its cap, the oldest gone first', async () => {
  writeFileSync(join(dir, 'long.wav'), wav(13))
  await expect(speak([engine(`cat ${dir}/long.wav`), '{text}']).say('a', 'zh')).rejects.toMatchObject({ code: 'too-long' })
  writeFileSync(join(dir, 'one.wav'), wav(1))
  const voice = speak([engine(`cat ${dir}/one.wav`), '{text}'], { cacheBytes: 20_000 })
  for (const text of ['a', 'b', 'c', 'd']) {
    await voice.say(text, 'zh')
    now += 1_000
  }
  expect(readdirSync(join(dir, 'kept')).filter((name) => name.endsWith('.wav'))).toHaveLength(2)
  const before = calls().length
  await voice.say('d', 'zh')
  expect(calls()).toHaveLength(before)
})
