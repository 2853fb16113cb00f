import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { expect, test } from 'vitest'

/** Which folders a folder may import, besides itself. The arrows of the data flow, and no others. */
const mayImport: Record<string, string[]> = {
  core: [],
  journal: ['core'],
  gateway: ['core', 'journal'],
  ingest: ['core', 'journal'],
  alerts: ['core', 'journal'],
  dashboards: ['core', 'journal'],
  'dashboards/web': ['core'],
  'dashboards/wall': ['core', 'dashboards/web'],
  'dashboards/desk': ['core', 'dashboards/web'],
  'dashboards/admin': ['core', 'dashboards/web'],
  'dashboards/login': ['core', 'dashboards/web'],
  'dashboards/map': ['core', 'dashboards/web'],
  'dashboards/reports': ['core', 'dashboards/web'],
  'dashboards/rules': ['core', 'dashboards/web'],
  'dashboards/windows': ['core', 'dashboards/web'],
  'dashboards/people-page': ['core', 'dashboards/web'],
  'dashboards/duty': ['core', 'dashboards/web'],
  'dashboards/tip': ['core', 'dashboards/web'],
  'dashboards/hazards': ['core', 'dashboards/web'],
  'dashboards/pair': ['core', 'dashboards/web'],
  'dashboards/enterprise': ['core', 'dashboards/web'],
  'dashboards/start': ['core', 'dashboards/web'],
  // The desk for one hand: the same alarms, actions and timeline.
  'dashboards/phone': ['core', 'dashboards/web', 'dashboards/desk'],
  simulators: ['core'],
  settings: ['core'],
  operate: ['core', 'journal', 'settings'],
}

/** Adapter folder → the contract its adapters share. */
const adapters: Record<string, string> = {
  'gateway/protocols': 'protocol.ts',
  'ingest/stores': 'store.ts',
  'alerts/rules': 'rule.ts',
  'alerts/channels': 'channel.ts',
  'simulators/devices': 'device.ts',
}

/** Same input, same answer: replay and the tests depend on it. */
const pure = [
  'core',
  'gateway/protocols',
  'gateway/check.ts',
  'alerts/rules',
  'alerts/lifecycle.ts',
  'alerts/engine',
  'alerts/escalation/call.ts',
  'alerts/escalation/dues.ts',
  'alerts/escalation/escalation.ts',
  'alerts/escalation/ladder-book.ts',
  'alerts/escalation/ladder-shipped.ts',
  'alerts/escalation/limits.ts',
  'alerts/escalation/roll-calls.ts',
  'alerts/escalation/texts.ts',
  'alerts/escalation/whom.ts',
  'alerts/risk',
  'alerts/rates',
  'alerts/report',
  'alerts/measures/device-states.ts',
  'alerts/measures/projection.ts',
  'dashboards/web/live-state.ts',
]
const impure = /\b(Date\.now|Math\.random|setTimeout|setInterval|fetch)\s*\(|\bprocess\.|from ['"]node:/

const inside = (path: string, place: string) => path === place || path.startsWith(`${place}/`) || path === `${place}.ts`
const files = globSync('{core,journal,gateway,ingest,alerts,dashboards,simulators,operate}/**/*.{ts,vue}').map((f) =>
  f.replaceAll('\\', '/'),
)
const imports = files.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/\b(?:from|import|URL)\s*\(?\s*['"](\.[^'"]+\.(?:ts|vue|css)[^'"]*)['"]/g)].map(
    ([, path]) => ({
      file,
      imported: join(dirname(file), path!),
    }),
  ),
)

test('folders import only along the data flow', () => {
  expect(imports.length).toBeGreaterThan(100)
  const folderOf = (path: string) => Object.keys(mayImport).findLast((folder) => inside(path, folder))
  const wrong = imports.filter(({ file, imported }) => {
    const [from, to] = [folderOf(file)!, folderOf(imported)]
    return to === undefined || (to !== from && !mayImport[from]!.includes(to))
  })
  expect(wrong).toEqual([])
})

for (const [folder, contract] of Object.entries(adapters)) {
  const nameOf = (path: string) =>
    path
      .slice(folder.length + 1)
      .split('/')[0]!
      .replace('.ts', '')
  const own = files.filter((file) => inside(file, folder) && ![`${folder}/index.ts`, `${folder}/${contract}`].includes(file))

  test(`${folder}: an adapter knows its contract and core, not its siblings or its host`, () => {
    expect(own.length).toBeGreaterThan(0)
    const wrong = imports.filter(
      ({ file, imported }) =>
        own.includes(file) &&
        !inside(imported, 'core') &&
        imported !== `${folder}/${contract}` &&
        !(inside(imported, folder) && nameOf(imported) === nameOf(file)),
    )
    expect(wrong).toEqual([])
  })

  test(`${folder}: the rest of the platform sees only the list and the contract`, () => {
    const wrong = imports.filter(({ file, imported }) => !inside(file, folder) && own.includes(imported))
    expect(wrong).toEqual([])
  })

  test(`${folder}: every adapter is listed in index.ts`, () => {
    const listed = imports.filter(({ file }) => file === `${folder}/index.ts`).map(({ imported }) => nameOf(imported))
    expect([...new Set(own.map(nameOf)).difference(new Set(listed))]).toEqual([])
  })
}

test('pure code asks no clock, no dice and no device', () => {
  const places = files.filter((file) => pure.some((place) => inside(file, place)))
  expect(places.length).toBeGreaterThan(20)
  expect(places.filter((file) => impure.test(readFileSync(file, 'utf8')))).toEqual([])
})

test('the lock file names no registry and no dependency brings an install script of ours', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { resolved?: string; hasInstallScript?: boolean }>
  }
  const entries = Object.entries(lock.packages)
  expect(entries.length).toBeGreaterThan(100)
  expect(entries.filter(([, entry]) => entry.resolved !== undefined).map(([name]) => name)).toEqual([])
  expect(entries.filter(([, entry]) => entry.hasInstallScript).map(([name]) => name)).toEqual([])
})
