import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Browser, ConsoleMessage, Page } from 'playwright-core'
import { build } from 'vite'

const root = join(import.meta.dirname, '../..')
const changedAt = (path: string): number => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Builds the pages unless dist/ is newer than every source they are made of. Done once before the files of a run (built.ts), so none of them builds beside another. */
export async function buildPages(): Promise<void> {
  if (process.env['WATCHFIRE_TEST_DIST'] !== undefined) return
  const sources = globSync('{core,dashboards}/**/*.{ts,vue,css,html,svg}', { cwd: root })
  const newest = Math.max(...sources.map(changedAt), changedAt('package-lock.json'))
  if (changedAt('dist/wall/index.html') > newest) return
  // Vitest says it is a test, and Vite would take Vue's development build: larger, slower, and not what is shipped.
  const environment = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  try {
    await build({ root: join(root, 'dashboards'), configFile: join(root, 'dashboards/vite.config.ts'), logLevel: 'warn' })
  } finally {
    process.env['NODE_ENV'] = environment
  }
}

/** Pages that were left and emptied: the next test takes one of them, which costs half of what a new one does. */
const resting = new WeakMap<Browser, Page[]>()

/** Nothing of what a page was used for is left in it: no cookie, no storage, no medium. */
async function rest(browser: Browser, page: Page, url: string): Promise<void> {
  await page.goto('about:blank')
  await page.emulateMedia({ media: null, reducedMotion: null, colorScheme: null })
  await page.context().clearCookies()
  const session = await page.context().newCDPSession(page)
  const storageTypes = 'cookies,indexeddb,local_storage,service_workers,cache_storage'
  await session.send('Storage.clearDataForOrigin', { origin: new URL(url).origin, storageTypes })
  await session.detach()
  resting.set(browser, [...(resting.get(browser) ?? []), page])
}

/**
 * A page on a 1080p screen; anything it complains about fails the test that closes it. `fresh`: the test is about a browser that has never
 * seen the page.
 */
export async function openPage(
  browser: Browser,
  url: string,
  size = { width: 1920, height: 1080 },
  { fresh = false } = {},
): Promise<Watched> {
  const known = fresh ? undefined : resting.get(browser)?.pop()
  const page = known ?? (await browser.newPage({ viewport: size }))
  const complaints: string[] = []
  const failed = (error: Error) => complaints.push(error.message)
  const said = (message: ConsoleMessage) => {
    // A refused connection or status is what some tests are about; everything else (content policy above all) is a fault.
    if (message.type() === 'error' && !/net::ERR_|status of \d{3}/.test(message.text())) complaints.push(message.text())
  }
  page.on('pageerror', failed)
  page.on('console', said)
  await page.setViewportSize(size)
  await page.goto(url)
  return {
    page,
    async [Symbol.asyncDispose]() {
      page.off('pageerror', failed)
      page.off('console', said)
      if (fresh || page.isClosed()) await page.close()
      else await rest(browser, page, url)
      expect(complaints).toEqual([])
    },
  }
}
export type Watched = { page: Page } & AsyncDisposable

/** Calls until `check` passes: what a page shows follows what it was told by some milliseconds. */
export async function eventually(check: () => void | Promise<void>, withinMs = 5_000): Promise<void> {
  const end = Date.now() + withinMs
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
}
