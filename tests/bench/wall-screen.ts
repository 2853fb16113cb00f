import type { Browser, Page } from 'playwright-core'
import { hasChromium, KIOSK, launchChromium } from '../browser/chromium.ts'
import { buildPages } from '../browser/pages.ts'
import { ADMIN_PASSWORD } from '../flow/platform-process.ts'
import { gatewayBatches } from './payloads.ts'
import { makeDevices, type Watchfire } from './servers.ts'

const GATEWAYS = 20
const BEHIND = 10
/** Five quantities of ten devices. */
export const READINGS_A_MESSAGE = 50

/** A browser is needed, and a bench without it has measured nothing. */
export async function openChromium(): Promise<Browser> {
  if (!hasChromium())
    throw new Error('the wall is measured in Chromium, and there is none: apt-get install chromium, or set WATCHFIRE_CHROMIUM')
  await buildPages()
  return launchChromium(KIOSK)
}

/** A wall of the platform, logged in and live. */
export async function openWall(browser: Browser, { platform }: Watchfire): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } })
  const answer = await context.request.post(`${platform.http}/api/v1/session`, {
    data: { username: 'admin', password: ADMIN_PASSWORD },
    headers: { origin: platform.http },
  })
  if (!answer.ok()) throw new Error(`login: ${answer.status()}`)
  const page = await context.newPage()
  await page.goto(`${platform.http}/wall?map=svg`)
  await page.waitForSelector('[data-zone=heartbeat][data-state=live]', { timeout: 60_000 })
  return page
}

/** Gateways that send `perSecond` readings a second together, none near a limit. */
export async function gatewayLoad(server: Watchfire, perSecond: number, seconds: number) {
  const connections = []
  for (let g = 0; g < GATEWAYS; g++) {
    await makeDevices(server.platform, server.enterpriseId, 'gas-detector', BEHIND, `behind-${g}`)
    connections.push({
      username: await server.gatewayToken(g),
      topic: 'v1/gateway/telemetry',
      payloads: gatewayBatches(
        200,
        Array.from({ length: BEHIND }, (_, k) => `behind-${g}-${k}`),
      ),
    })
  }
  return {
    port: server.port,
    connections,
    inFlight: 0,
    perSecond: perSecond / READINGS_A_MESSAGE / GATEWAYS,
    warmUpSeconds: 1,
    seconds,
  }
}

/** How the page's clock stands against ours, by the question that was answered soonest, and how far that may be out. */
export async function clockOffset(page: Page): Promise<{ offsetMs: number; errorMs: number }> {
  let best = { offsetMs: 0, errorMs: Infinity }
  for (let n = 0; n < 30; n++) {
    const before = performance.timeOrigin + performance.now()
    const there = await page.evaluate(() => performance.timeOrigin + performance.now())
    const after = performance.timeOrigin + performance.now()
    const errorMs = (after - before) / 2
    if (errorMs < best.errorMs) best = { offsetMs: there - (before + after) / 2, errorMs }
  }
  return best
}
