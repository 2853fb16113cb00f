import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyReply } from 'fastify'
import { askedOf, type Api, type Context } from './context.ts'

const pages = [
  'wall',
  'desk',
  'admin',
  'map',
  'reports',
  'rules',
  'windows',
  'hazards',
  'tip',
  'duty',
  'people',
  'pair',
  'enterprise',
  'start',
  'm',
  'login',
]
/** Where a page's folder is not called as the page is. */
const folders: Record<string, string> = { m: 'phone', people: 'people-page' }
/** A screen on a wall has nobody to log in: it shows a code instead. */
const open = ['login', 'wall', 'tip']
const YEAR_MS = 31_536_000_000
/** Open too: a browser asks for them without its cookies, and nothing stands in them. */
const phoneFiles = ['/m/sw.js', '/m/manifest.webmanifest']
const unbuilt = (page: string) =>
  `The page /${page} has not been built yet.\n\nRun:  npm run build\n(npm start and npm run demo do it before they start.)\n\nThe API works without it: /api/docs\n`

/** The built pages. Their assets have a hash in the name and may be kept for ever, the pages themselves never. */
export async function servePages(app: Api, { config, access }: Context): Promise<void> {
  await app.register(fastifyStatic, { root: config.distDir, serve: false, index: false })
  const hide = { schema: { hide: true } }

  app.get('/', hide, (request, reply) =>
    reply.redirect(access.identify(askedOf(request)) ? '/wall' : `/login?next=${encodeURIComponent('/wall')}`),
  )
  // Asked for by browsers of themselves, whatever the page names.
  const beacon = readFileSync(join(import.meta.dirname, 'web/beacon.svg'))
  app.get('/favicon.ico', hide, (_request, reply) =>
    reply.header('cache-control', 'public, max-age=86400').type('image/svg+xml').send(beacon),
  )
  app.get('/assets/*', hide, (request, reply) => {
    const file = (request.params as { '*': string })['*']
    return reply.sendFile(join('assets', file), { maxAge: YEAR_MS, immutable: true })
  })
  for (const path of phoneFiles) {
    app.get(path, hide, (_request, reply) =>
      reply
        .header('cache-control', 'no-cache')
        .header('service-worker-allowed', '/m')
        .sendFile(join('phone', basename(path)), { cacheControl: false }),
    )
  }
  // What `npm run cert` made: a phone fetches it before it trusts us with a login.
  app.get('/ca.crt', hide, (_request, reply) =>
    existsSync(join(config.dataDir, 'tls', 'ca.crt'))
      ? reply.type('application/x-x509-ca-cert').send(readFileSync(join(config.dataDir, 'tls', 'ca.crt')))
      : reply.callNotFound(),
  )
  for (const page of pages) {
    const folder = folders[page] ?? page
    const send = (reply: FastifyReply) => {
      if (!existsSync(join(config.distDir, folder, 'index.html'))) {
        return reply.code(503).type('text/plain; charset=utf-8').send(unbuilt(page))
      }
      return reply.header('cache-control', 'no-cache').sendFile(join(folder, 'index.html'), { cacheControl: false })
    }
    app.get(`/${page}`, hide, (request, reply) => {
      if (!open.includes(page) && !access.identify(askedOf(request))) {
        return reply.redirect(`/login?next=${encodeURIComponent(request.url)}`)
      }
      return send(reply)
    })
    if (page === 'enterprise') {
      app.get('/enterprise/:id', hide, (request, reply) =>
        access.identify(askedOf(request)) ? send(reply) : reply.redirect(`/login?next=${encodeURIComponent(request.url)}`),
      )
    } else app.get(`/${page}/`, hide, (_request, reply) => reply.redirect(`/${page}`))
  }
}
