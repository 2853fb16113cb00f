import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'

const root = join(import.meta.dirname, '../..')
const changedAt = (path: string): number => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Builds the pages unless dist/ is newer than every source they are made of. Done once before the files of a run (built.ts), so none of them builds beside another. */
export async function buildPages(): Promise<void> {
  if (process.env['WATCHFIRE_TEST_DIST'] !== undefined) return
  const sources = globSync('{core,dashboards}/**/*.{ts,vue,css,html,svg}', { cwd: root })
  const newest = Math.max(...sources.map(changedAt), changedAt('package-lock.json'))
  if (changedAt('dist/wall/index.html') > newest) return
  await build({ root: join(root, 'dashboards'), configFile: join(root, 'dashboards/vite.config.ts'), logLevel: 'warn' })
}

/** A page on a 1080p screen; anything it complains about fails the test that closes it. */
export async function openPage(browser: Browser, url: string, size = { width: 1920, height: 1080 }): Promise<Watched> {
  const page = await browser.newPage({ viewport: size })
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // A refused connection or status is what some tests are about; everything else (content policy above all) is a fault.
    if (message.type() === 'error' && !/net::ERR_|status of \d{3}/.test(message.text())) complaints.push(message.text())
  })
  await page.goto(url)
  return {
    page,
    async [Symbol.asyncDispose]() {
      await page.close()
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
