import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

const path = process.env['WATCHFIRE_CHROMIUM'] ?? '/usr/bin/chromium'

/** Whether pages can be driven here. Missing is a failure under CI and said loudly elsewhere: a suite that did not run has not passed. */
export function hasChromium(): boolean {
  if (existsSync(path)) return true
  const text = `no browser at ${path}: the browser tests did not run (apt-get install chromium, or set WATCHFIRE_CHROMIUM)`
  if (process.env['CI']) throw new Error(text)
  process.stderr.write(`\n*** ${text} ***\n`)
  return false
}

/** How a wall's browser is started: it may sound without having been touched. */
export const KIOSK = ['--autoplay-policy=no-user-gesture-required']

export const launchChromium = (extra: string[] = []): Promise<Browser> =>
  chromium.launch({
    executablePath: path,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Pages speak the browser's language; the tests look for Chinese words.
      '--lang=zh-CN',
      '--accept-lang=zh-CN,zh',
      ...extra,
    ],
  })
