/// <reference lib="webworker" />

/**
 * Opens `/m` without a network. It keeps the page's own files, put in here by the build, and nothing else: answers of the API belong to the
 * person who asked and stay out of any cache.
 */
declare const __PHONE_FILES__: string[]
declare const __PHONE_VERSION__: string
const worker = globalThis as unknown as ServiceWorkerGlobalScope
const FILES = __PHONE_FILES__
const PAGE = '/m'
const CACHE = `watchfire-phone-${__PHONE_VERSION__}`
/** So long a network that does not answer may keep somebody from their alarms. */
const PATIENCE_MS = 2_500

async function keepFiles(): Promise<void> {
  const cache = await caches.open(CACHE)
  await cache.addAll(FILES)
  const page = await fetch(PAGE, { cache: 'reload', credentials: 'same-origin' })
  // Whoever is not logged in is led elsewhere; that is not the page.
  if (!page.ok || page.redirected) throw new Error('the page is not there')
  await cache.put(PAGE, page)
}

async function dropOthers(): Promise<void> {
  const names = await caches.keys()
  await Promise.all(
    names.filter((name) => name.startsWith('watchfire-phone-') && name !== CACHE).map((name) => caches.delete(name)),
  )
  await worker.clients.claim()
}

async function pageFor(request: Request): Promise<Response> {
  const kept = await (await caches.open(CACHE)).match(PAGE)
  if (!kept) return fetch(request)
  const late = new Promise<Response>((resolve) => setTimeout(() => resolve(kept.clone()), PATIENCE_MS))
  const asked = fetch(request).then((answer) => (answer.status >= 500 ? kept.clone() : answer))
  return Promise.race([asked.catch(() => kept.clone()), late])
}

async function fileFor(request: Request): Promise<Response> {
  return (await (await caches.open(CACHE)).match(request, { ignoreSearch: true })) ?? fetch(request)
}

worker.addEventListener('install', (event) => event.waitUntil(keepFiles().then(() => worker.skipWaiting())))
worker.addEventListener('activate', (event) => event.waitUntil(dropOthers()))
worker.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== location.origin) return
  // The scope is a prefix: /map and /metrics begin like it and are none of ours.
  if (request.mode === 'navigate') {
    if (url.pathname === PAGE) event.respondWith(pageFor(request))
  } else if (FILES.includes(url.pathname)) event.respondWith(fileFor(request))
})
