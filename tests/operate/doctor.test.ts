import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../../core/log.ts'
import { recordDraft } from '../../journal/codec.ts'
import { openJournal } from '../../journal/embedded.ts'
import { sealFrame } from '../../journal/group.ts'
import { lockDataDir } from '../../journal/lock.ts'
import { SegmentFile } from '../../journal/segment-file.ts'
import { FILE_HEADER, listSegments } from '../../journal/segments.ts'
import { daysLeft } from '../../operate/doctor/disk.ts'
import { examine } from '../../operate/doctor/doctor.ts'
import { exitCode, inWords, type Finding } from '../../operate/doctor/finding.ts'
import { examineNode, examineTls } from '../../operate/doctor/machine.ts'
import { texts } from '../../operate/doctor/texts.ts'
import { readSettings, type Settings } from '../../settings.ts'
import { unpackDataDir } from '../fixtures/data-dir.ts'

const DAY = 86_400_000
const now = Date.now()
const folders = mkdtempSync(join(tmpdir(), 'watchfire-doctor-'))
/** A data folder with everything in it: four databases, segments, an archive of the record, a published head. */
let whole: string

beforeAll(async () => {
  whole = unpackDataDir('data-dir-v1').dataDir
  const cursors = ['live', 'history', 'alerts', 'push']
  const journal = await openJournal({ dir: whole, cursors, log: silentLog, segmentBytes: 20_000, maxBytes: 60_000 })
  for (let i = 0; i < 80; i++) {
    const payload = Buffer.alloc(1_000, i)
    await journal.append([
      recordDraft({ kind: 'receiving.stopped', reason: `${i}` }),
      { stream: 'readings', kind: 'block', payload, count: 3 },
    ])
  }
  for (const name of cursors) journal.release(name, journal.head())
  await journal.trim()
  await journal.stop()
})
afterAll(() => [folders, whole].forEach((dir) => rmSync(dir, { recursive: true, force: true })))

let copies = 0
function damaged(how: (dir: string) => void): string {
  const dir = join(folders, `${++copies}`)
  cpSync(whole, dir, { recursive: true, preserveTimestamps: true })
  chmodSync(dir, 0o700)
  how(dir)
  return dir
}
const settingsFor = (dataDir: string, more: Record<string, string> = {}): Settings =>
  readSettings({ WATCHFIRE_DATA_DIR: dataDir, WATCHFIRE_HTTP_PORT: '0', WATCHFIRE_MQTT_PORT: '0', ...more }, '').settings

/** What the doctor says, and that every sentence of it is complete. */
async function told(dir: string, at = now, more: Record<string, string> = {}): Promise<Finding[]> {
  const findings = await examine(settingsFor(dir, more), at, 'zh')
  for (const finding of findings) expect(Object.values(inWords(finding, 'zh')).join()).not.toMatch(/[{}]/)
  for (const finding of findings) expect(Object.values(inWords(finding, 'en')).join()).not.toMatch(/[{}]/)
  return findings
}
const worries = async (dir: string, at = now, more = {}) =>
  (await told(dir, at, more)).filter(({ level }) => level !== 'note').map(({ code }) => code)

const flip = (file: string, at: number, bit = 1) => {
  const bytes = readFileSync(file)
  bytes[at < 0 ? bytes.length + at : at]! ^= bit
  writeFileSync(file, bytes)
}
const cutBy = (file: string, bytes: number) => truncateSync(file, readFileSync(file).length - bytes)
const segment = (dir: string, kind: 'segment' | 'record', i: number) =>
  join(dir, 'journal', listSegments(join(dir, 'journal'), kind).at(i)!.file)
const head = (dir: string) =>
  join(
    dir,
    'heads',
    readdirSync(join(dir, 'heads')).find((name) => name.endsWith('.json'))!,
  )

test('a whole data folder has nothing wrong with it, and looking at it leaves no trace', async () => {
  const dir = damaged(() => undefined)
  const files = () =>
    (readdirSync(dir, { recursive: true }) as string[]).toSorted().map((name) => [name, existsSync(join(dir, name))])
  const before = files()
  const findings = await told(dir)
  expect(findings.filter(({ level }) => level !== 'note')).toEqual([])
  expect(exitCode(findings)).toBe(0)
  expect(files()).toEqual(before)
})

test('any byte of the journal that is not what was written is found, whichever file it is in', { timeout: 60_000 }, async () => {
  const kinds = ['segment', 'record'] as const
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...kinds), fc.nat(), fc.nat(), fc.nat(7), async (kind, which, where, bit) => {
      const dir = damaged(() => undefined)
      const count = listSegments(join(dir, 'journal'), kind).length
      const file = segment(dir, kind, which % count)
      // Two bytes of the header are not used.
      const at = 8 + (where % (readFileSync(file).length - 8))
      flip(file, at, 1 << bit)
      const codes = await worries(dir)
      expect(
        codes.some((code) => /^(journal-damaged|journal-header|chain-broken)$/.test(code)),
        `${file} at ${at}: ${codes.join()}`,
      ).toBe(true)
      rmSync(dir, { recursive: true })
    }),
    { numRuns: 40 },
  )
})

const cases: [what: string, how: (dir: string) => void, codes: string[]][] = [
  ['a segment cut short', (dir) => truncateSync(segment(dir, 'segment', 0), 9_000), ['journal-damaged', 'chain-broken']],
  ['the newest segment cut short', (dir) => cutBy(segment(dir, 'segment', -1), 20), ['journal-damaged']],
  ['a segment in the middle removed', (dir) => rmSync(segment(dir, 'segment', 1)), ['journal-damaged', 'chain-broken']],
  ['the newest segment removed', (dir) => rmSync(segment(dir, 'segment', -1)), ['journal-damaged']],
  ['the archive cut short', (dir) => truncateSync(segment(dir, 'record', 0), 9_001), ['journal-damaged', 'chain-broken']],
  ['the archive removed', (dir) => rmSync(segment(dir, 'record', 0)), ['chain-broken', 'head-lost']],
  [
    'the journal removed',
    (dir) => listSegments(join(dir, 'journal'), 'segment').forEach(({ file }) => rmSync(join(dir, 'journal', file))),
    ['journal-missing'],
  ],
  ['the cursors flipped', (dir) => flip(join(dir, 'journal', 'cursors.json'), 0), ['cursors-unreadable']],
  ['the format flipped', (dir) => flip(join(dir, 'format.json'), 0), ['format-unreadable']],
  ['the format newer', (dir) => writeFileSync(join(dir, 'format.json'), '{"format":99,"demo":false}'), ['format-newer']],
  ['the format gone', (dir) => rmSync(join(dir, 'format.json')), ['format-missing']],
  [
    'a published head flipped',
    (dir) => flip(head(dir), readFileSync(head(dir), 'utf8').indexOf('"hash": "') + 10),
    ['head-unsigned'],
  ],
  ['a published head cut short', (dir) => truncateSync(head(dir), 50), ['head-unsigned']],
  ['the signing key flipped', (dir) => flip(join(dir, 'heads', 'private-key.pem'), 40, 64), ['head-key']],
  ['a restore not finished', (dir) => writeFileSync(join(dir, 'UNFINISHED'), ''), ['restore-unfinished']],
  ['others may enter', (dir) => chmodSync(dir, 0o755), ['folder-open']],
  ['others may read the key', (dir) => chmodSync(join(dir, 'heads', 'private-key.pem'), 0o644), ['secret-open']],
  ['a file nobody may write', (dir) => chmodSync(join(dir, 'people.db'), 0o400), ['folder-unreadable']],
  ...['history.db', 'state.db', 'people.db', 'quarantine.db'].flatMap((file): typeof cases => [
    [`${file} flipped`, (dir) => flip(join(dir, file), 4_096, 0xff), ['database-damaged']],
    [`${file} no database at all`, (dir) => flip(join(dir, file), 3), ['database-damaged']],
    [
      `${file} cut short`,
      (dir) => truncateSync(join(dir, file), readFileSync(join(dir, file)).length - 4_096),
      ['database-damaged'],
    ],
    [`${file} removed`, (dir) => rmSync(join(dir, file)), ['database-missing']],
  ]),
]
for (const [what, how, codes] of cases) {
  test(`the doctor names it: ${what}`, async () => {
    expect(await worries(damaged(how))).toEqual(expect.arrayContaining(codes))
  })
}

test('an entry of the record changed by somebody who knew the checksums breaks the chain, and a published head no longer stands', async () => {
  const dir = damaged((dir) => {
    const name = listSegments(join(dir, 'journal'), 'record')[0]!
    const file = new SegmentFile(join(dir, 'journal'), name)
    const { bytes, at, length, offset } = file.next(FILE_HEADER)!
    file.close()
    const frame = Buffer.from(bytes.subarray(at, at + length))
    frame[frame.lastIndexOf('live')]! ^= 1
    sealFrame(frame, name.salt)
    const path = join(dir, 'journal', name.file)
    const content = readFileSync(path)
    content.set(frame, offset)
    writeFileSync(path, content)
  })
  // A machine that was slow enough has published more than one.
  expect([...new Set(await worries(dir))]).toEqual(['chain-broken', 'head-lost'])
})

test('databases of one backup and a journal of another are told apart', async () => {
  const dir = damaged((dir) => {
    rmSync(join(dir, 'journal'), { recursive: true })
    mkdirSync(join(dir, 'journal'))
  })
  const journal = await openJournal({ dir, cursors: ['reader'], log: silentLog })
  await journal.append([recordDraft({ kind: 'receiving.stopped', reason: 'another journal' })])
  await journal.stop()
  expect((await told(dir)).filter(({ code }) => code === 'database-ahead').map(({ facts }) => facts['file'])).toEqual([
    'history.db',
    'quarantine.db',
    'state.db',
  ])
})

test('what is left over after a kill is a note, not a worry', async () => {
  const dir = damaged((dir) => {
    writeFileSync(join(dir, 'lock'), '999999 1 gone\n')
    const newest = segment(dir, 'segment', -1)
    writeFileSync(newest, Buffer.concat([readFileSync(newest), Buffer.alloc(100, 1)]))
    mkdirSync(join(dir, 'before-format-2'))
    writeFileSync(join(dir, 'admin-password'), 'x', { mode: 0o600 })
  })
  const findings = await told(dir)
  expect(exitCode(findings)).toBe(0)
  expect(findings.map(({ code }) => code)).toEqual(
    expect.arrayContaining(['lock-stale', 'journal-unfinished', 'upgrade-copy', 'admin-password-left']),
  )
})

test('a folder in use is looked at without a word about its ports or what is being written', async () => {
  const dir = damaged(() => undefined)
  const lock = await lockDataDir(dir)
  expect((await told(dir, now, { WATCHFIRE_HTTP_PORT: '1' })).map(({ code }) => code)).toContain('running')
  expect(await worries(dir, now, { WATCHFIRE_HTTP_PORT: '1' })).toEqual([])
  await lock.release()
})

test('clock, ports, packs, readers that are behind and a folder that is not there', async () => {
  const dir = damaged(() => undefined)
  expect(await worries(dir, now - DAY)).toEqual(['clock-behind'])
  expect((await told(join(folders, 'nothing'))).map(({ code }) => code)).toEqual(['data-missing'])
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  expect(await worries(dir, now, { WATCHFIRE_MQTT_PORT: String(port) })).toEqual(['port-taken'])
  server.close()
  expect(await worries(dir, now, { WATCHFIRE_PACKS_DIR: '/nowhere' })).toEqual(['packs-missing'])
  expect(examineNode('22.1.0').map(({ code }) => code)).toEqual(['node-old'])
  const journal = await openJournal({
    dir,
    cursors: ['slow'],
    log: silentLog,
    segmentBytes: 2_000,
    wallClock: { now: () => now + 2 * DAY },
  })
  for (let i = 0; i < 8; i++) await journal.append([recordDraft({ kind: 'receiving.stopped', reason: 'x'.repeat(900) })])
  await journal.stop()
  const [slow] = (await told(dir, now + 3 * DAY)).filter(({ code }) => code === 'cursor-behind')
  expect(slow?.facts).toMatchObject({ name: 'slow', hours: 48 })
})

test('a certificate is looked at before it lets everybody down', () => {
  const make = (name: string) => {
    const [cert, key] = [join(folders, `${name}.pem`), join(folders, `${name}.key`)]
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '90', '-subj', '/CN=x', '-keyout', key, '-out', cert],
      { stdio: 'ignore' },
    )
    return { cert, key }
  }
  const [one, other] = [make('one'), make('other')]
  const codes = (tlsCert: string, tlsKey: string, days = 0) =>
    examineTls({ ...settingsFor(folders), tlsCert, tlsKey }, Date.now() + days * DAY).map(({ code }) => code)
  expect(codes(one.cert, one.key)).toEqual([])
  expect(codes(one.cert, other.key)).toEqual(['tls-mismatch'])
  expect(codes(one.cert, one.key, 70)).toEqual(['tls-expires-soon'])
  expect(codes(one.cert, one.key, 91)).toEqual(['tls-expired'])
  expect(codes(one.cert, one.key, -1)).toEqual(['tls-expired'])
  expect(codes(one.key, one.key)).toEqual(['tls-unreadable'])
})

test('the forecast lets grow what grows and stops where retention does', () => {
  expect(daysLeft(100, [{ bytes: 0, perDay: 10, level: Infinity }])).toBe(9)
  expect(daysLeft(100, [{ bytes: 0, perDay: 10, level: 50 }])).toBeNull()
  expect(
    daysLeft(100, [
      { bytes: 40, perDay: 10, level: 50 },
      { bytes: 0, perDay: 9, level: 500 },
    ]),
  ).toBe(9)
})

test('every sentence of the doctor says the same in both languages', () => {
  for (const [code, { zh, en }] of Object.entries(texts)) {
    const named = (sentences: string[]) => new Set([...sentences.join(' ').matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
    expect(named(zh), code).toEqual(named(en))
  }
})
